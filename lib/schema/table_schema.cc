#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stoa/schema.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "schema/cell_columns.h"
#include "schema/schema_validation.h"
#include "types/identifier.h"

namespace stoa {
namespace {

std::string Names(const std::vector<Column>& columns) {
  std::string out;
  for (const Column& column : columns) out += StrCat(out.empty() ? "" : ", ", Identifier(column.name));
  return out;
}

std::string ClusteringOrderBy(const std::vector<Column>& columns) {
  std::string out;
  for (const Column& column : columns) {
    out += StrCat(out.empty() ? "" : ", ", Identifier(column.name),
                  column.order == ClusteringOrder::kDescending ? " DESC" : " ASC");
  }
  return StrCat("CLUSTERING ORDER BY (", out, ")\n    AND ");
}

}  // namespace

const Column* TableSchema::FindColumn(std::string_view name) const {
  for (const auto* columns : {&partition_key_, &clustering_, &static_, &regular_}) {
    for (const Column& column : *columns) {
      if (column.name == name) return &column;
    }
  }
  return nullptr;
}

const Column* TableSchema::FindColumn(ColumnId id) const {
  for (const auto* columns : {&regular_, &static_, &clustering_, &partition_key_}) {
    if (const Column* column = FindById(*columns, id)) return column;
  }
  return nullptr;
}

std::string TableSchema::ToString() const {
  std::string out = StrCat("CREATE TABLE ", QualifiedIdentifier(name_), " (\n");
  for (const auto* columns : {&partition_key_, &clustering_, &static_, &regular_}) {
    for (const Column& column : *columns) {
      out += StrCat("    ", Identifier(column.name), " ", column.type.ToString(),
                    column.kind == ColumnKind::kStatic ? " static" : "", ",\n");
    }
  }
  const std::string partition = Names(partition_key_);
  out += StrCat("    PRIMARY KEY (", partition_key_.size() > 1 ? StrCat("(", partition, ")") : partition,
                clustering_.empty() ? "" : ", ", Names(clustering_), ")\n) WITH ");
  if (!clustering_.empty()) out += ClusteringOrderBy(clustering_);
  return StrCat(
      out, "default_time_to_live = ", options_.default_time_to_live_seconds,
      "\n    AND gc_grace_seconds = ", options_.gc_grace_seconds,
      options_.delete_persistence_seconds == 0
          ? ""
          : StrCat("\n    AND delete_persistence_seconds = ", options_.delete_persistence_seconds),
      "\n    AND compaction = ", options_.compaction.ToString(), "\n    AND compression = ",
      options_.compression_level == 0
          ? std::string("{'enabled': 'false'};")
          : StrCat("{'class': 'ZstdCompressor', 'compression_level': ", options_.compression_level, "};"));
}

TableSchema::Builder::Builder(std::string_view name) : name_(name) {}

TableSchema::Builder& TableSchema::Builder::PartitionKey(std::string_view name, DataType type) {
  columns_.push_back({0, std::string(name), std::move(type), ColumnKind::kPartitionKey});
  return *this;
}

TableSchema::Builder& TableSchema::Builder::Clustering(std::string_view name, DataType type,
                                                       ClusteringOrder order) {
  columns_.push_back({0, std::string(name), std::move(type), ColumnKind::kClustering, order});
  return *this;
}

TableSchema::Builder& TableSchema::Builder::Static(std::string_view name, DataType type) {
  columns_.push_back({0, std::string(name), std::move(type), ColumnKind::kStatic});
  return *this;
}

TableSchema::Builder& TableSchema::Builder::Regular(std::string_view name, DataType type) {
  columns_.push_back({0, std::string(name), std::move(type), ColumnKind::kRegular});
  return *this;
}

TableSchema::Builder& TableSchema::Builder::Options(const TableOptions& options) {
  options_ = options;
  return *this;
}

absl::StatusOr<TableSchema> TableSchema::Builder::Build() const {
  TableSchema schema;
  schema.name_ = name_;
  schema.options_ = options_;
  for (const Column& column : columns_) {
    auto& part = column.kind == ColumnKind::kPartitionKey ? schema.partition_key_
                 : column.kind == ColumnKind::kClustering ? schema.clustering_
                 : column.kind == ColumnKind::kStatic     ? schema.static_
                                                          : schema.regular_;
    part.push_back(column);
  }
  for (auto* part : {&schema.partition_key_, &schema.clustering_, &schema.static_, &schema.regular_}) {
    for (Column& column : *part) column.id = schema.next_column_id_++;
  }
  STOA_RETURN_IF_ERROR(ValidateSchema(schema));
  return schema;
}

}  // namespace stoa
