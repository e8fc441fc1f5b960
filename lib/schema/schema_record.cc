// The catalog record of a table:
//
//     record  := format (1 byte: 1)  table id (varint)  version (varint)  name  options (table_options.h)
//                next column id (varint)
//                columns (partition key)  columns (clustering)  columns (static)  columns (regular)
//     columns := count (varint)  column ...
//     column  := id (varint)  type (types/type_codec.h)  order (1 byte: 0 ascending, 1 descending)  name
//     name    := length (varint)  bytes
//
// Varints are those of base/coding.h, in their shortest form. Whoever stores the record knows its length and
// guards it with a checksum; nothing may follow the last column.
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "schema/schema_editor.h"
#include "schema/schema_validation.h"
#include "schema/table_options.h"
#include "types/type_codec.h"

namespace stoa {
namespace {

constexpr uint8_t kFormat = 1;

void AppendColumns(const std::vector<Column>& columns, std::string* out) {
  AppendVarint(out, columns.size());
  for (const Column& column : columns) {
    AppendVarint(out, column.id);
    AppendType(column.type, out);
    out->push_back(static_cast<char>(column.order));
    AppendLengthPrefixed(out, column.name);
  }
}

bool DecodeColumns(Decoder* decoder, ColumnKind kind, std::vector<Column>* columns) {
  uint64_t count = 0;
  if (!decoder->Varint(&count) || count > kColumnsMax) return false;
  for (uint64_t i = 0; i < count; ++i) {
    Column column;
    column.kind = kind;
    uint8_t order = 0;
    std::string_view name;
    if (!decoder->Varint(&column.id) || !DecodeType(decoder, &column.type) || !decoder->Little(&order) ||
        !decoder->LengthPrefixed(&name)) {
      return false;
    }
    if (order > static_cast<uint8_t>(ClusteringOrder::kDescending)) return false;
    column.order = static_cast<ClusteringOrder>(order);
    column.name = std::string(name);
    columns->push_back(std::move(column));
  }
  return true;
}

}  // namespace

void SchemaEditor::Encode(const TableSchema& schema, std::string* out) {
  out->push_back(static_cast<char>(kFormat));
  AppendVarint(out, schema.id_);
  AppendVarint(out, schema.version_);
  AppendLengthPrefixed(out, schema.name_);
  EncodeOptions(schema.options_, out);
  AppendVarint(out, schema.next_column_id_);
  AppendColumns(schema.partition_key_, out);
  AppendColumns(schema.clustering_, out);
  AppendColumns(schema.static_, out);
  AppendColumns(schema.regular_, out);
}

bool SchemaEditor::DecodeFields(Decoder* decoder, TableSchema* schema) {
  std::string_view name;
  if (!decoder->Varint(&schema->id_) || !decoder->Varint(&schema->version_) ||
      !decoder->LengthPrefixed(&name) || !DecodeOptions(decoder, &schema->options_) ||
      !decoder->Varint(&schema->next_column_id_)) {
    return false;
  }
  schema->name_ = std::string(name);
  return DecodeColumns(decoder, ColumnKind::kPartitionKey, &schema->partition_key_) &&
         DecodeColumns(decoder, ColumnKind::kClustering, &schema->clustering_) &&
         DecodeColumns(decoder, ColumnKind::kStatic, &schema->static_) &&
         DecodeColumns(decoder, ColumnKind::kRegular, &schema->regular_) && decoder->Done();
}

absl::StatusOr<TableSchema> SchemaEditor::Decode(std::string_view bytes) {
  Decoder decoder(bytes);
  uint8_t format = 0;
  if (!decoder.Little(&format)) return InvalidArgument("schema record is empty");
  if (format != kFormat) {
    return InvalidArgument("schema record has format ", static_cast<int>(format), ", expected ",
                           static_cast<int>(kFormat));
  }
  TableSchema schema;
  if (!DecodeFields(&decoder, &schema)) return InvalidArgument("schema record is malformed");
  STOA_RETURN_IF_ERROR(ValidateSchema(schema));
  return schema;
}

}  // namespace stoa
