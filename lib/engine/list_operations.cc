#include "engine/list_operations.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "data/complex_assignment.h"
#include "data/complex_cell.h"
#include "data/fragment.h"
#include "data/mutation.h"
#include "engine/engine.h"
#include "schema/keys.h"

namespace stoa {
absl::Status AppendListOperation(const WriteBatch::ListOperation& operation,
                                 std::span<const ListElement> elements, size_t* element_bytes,
                                 std::string* mutations) {
  const TableSchema& schema = *operation.table;
  const Column& column = *schema.FindColumn(operation.column);
  ComplexCellBuilder cell;
  if (operation.index.has_value()) {
    if (*operation.index >= elements.size()) {
      return ColumnError(schema, column,
                         InvalidArgument("there is no element at index ", *operation.index, ", the list has ",
                                         elements.size()));
    }
    const std::string& path = elements[*operation.index].path;
    if (operation.values.empty()) {
      cell.Remove(path);
    } else {
      cell.Put(path, operation.values.front());
    }
  } else {
    for (const ListElement& element : elements) {
      const auto& values = operation.values;
      if (std::find(values.begin(), values.end(), element.value) != values.end()) cell.Remove(element.path);
    }
  }
  if (cell.empty()) return absl::OkStatus();
  if (absl::Status status = CountElements(cell, element_bytes); !status.ok()) {
    return ColumnError(schema, column, status);
  }
  std::string content;
  cell.Finish(&content);
  const int32_t ttl =
      operation.attributes.ttl_seconds.value_or(schema.options().default_time_to_live_seconds);
  std::string fragment;
  AppendFragmentHead(&fragment, 0, operation.attributes.timestamp_micros, ttl, /*cells=*/1);
  AppendComplexCell(&fragment, operation.column, content);
  mutations->push_back(static_cast<char>(mutation_op::kPartition));
  AppendVarint(mutations, schema.id());
  AppendVarint(mutations, schema.version());
  AppendLengthPrefixed(mutations, operation.partition_key);
  mutations->push_back(static_cast<char>(mutation_op::kRow));
  AppendLengthPrefixed(mutations, operation.clustering);
  AppendLengthPrefixed(mutations, fragment);
  return absl::OkStatus();
}

absl::Status Database::Engine::ResolveListOperations(const DecisionPoint& point, const WriteBatch& batch,
                                                     std::string* mutations) {
  *mutations = batch.mutations();
  size_t element_bytes = batch.element_bytes();
  for (const WriteBatch::ListOperation& operation : batch.list_operations()) {
    STOA_ASSIGN_OR_RETURN(const std::vector<ListElement> elements, ReadListAt(point, operation));
    STOA_RETURN_IF_ERROR(AppendListOperation(operation, elements, &element_bytes, mutations));
  }
  return absl::OkStatus();
}

absl::Status Database::Engine::CommitListOperations(const WriteBatch& batch) {
  std::vector<WatchedPartition> partitions;
  for (const WriteBatch::ListOperation& operation : batch.list_operations()) {
    partitions.push_back({operation.table->id(), operation.partition_key});
  }
  std::string mutations;
  return CommitDecided(partitions,
                       [&](const DecisionPoint& point) -> absl::StatusOr<std::optional<EncodedBatch>> {
                         STOA_RETURN_IF_ERROR(ResolveListOperations(point, batch, &mutations));
                         if (mutations.empty()) return std::nullopt;
                         return EncodedBatch{mutations, batch.largest_value_bytes()};
                       });
}

}  // namespace stoa
