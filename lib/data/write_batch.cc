#include <stoa/write_batch.h>

#include <algorithm>
#include <limits>
#include <utility>

#include <stoa/composite.h>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "data/complex_assignment.h"
#include "data/fragment.h"
#include "data/mutation.h"
#include "data/static_row.h"
#include "schema/cell_columns.h"
#include "schema/keys.h"
#include "schema/schema_validation.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

constexpr size_t kMutationsBytesMax = size_t{1} << 30;

absl::Status CheckAttributes(const TableSchema& schema, const WriteAttributes& attributes) {
  if (attributes.timestamp_micros == kNoTimestamp) {
    return InvalidArgument("table ", schema.name(), ": the write timestamp ", kNoTimestamp, " is reserved");
  }
  const int32_t ttl = attributes.ttl_seconds.value_or(0);
  if (ttl < 0 || ttl > kTimeToLiveSecondsMax) {
    return InvalidArgument("table ", schema.name(), ": time to live ", ttl, " is not in 0 to ",
                           kTimeToLiveSecondsMax, " seconds");
  }
  if (schema.is_counter_table() && (attributes.timestamp_micros || attributes.ttl_seconds)) {
    return InvalidArgument("table ", schema.name(), ": a write to a table with counters takes no ",
                           attributes.timestamp_micros ? "timestamp" : "time to live");
  }
  return absl::OkStatus();
}

/// `*column` moves forward through `columns`, which ascend by id as the cells do.
absl::Status FindColumn(const TableSchema& schema, const std::vector<Column>& columns, ColumnId id,
                        std::vector<Column>::const_iterator* column) {
  if (*column == columns.end() || (*column)->id != id) {
    *column = std::lower_bound(*column, columns.end(), id,
                               [](const Column& c, ColumnId wanted) { return c.id < wanted; });
  }
  if (*column != columns.end() && (*column)->id == id) return absl::OkStatus();
  const Column* other = schema.FindColumn(id);
  if (other == nullptr) return InvalidArgument("table ", schema.name(), ": there is no column with id ", id);
  return InvalidArgument("table ", schema.name(), ": column ", other->name,
                         " is part of the key and cannot be assigned to");
}

bool IsSetOnce(std::span<const Assignment> assignments) {
  return assignments.size() == 1 && assignments.front().kind == AssignmentKind::kSet;
}

absl::Status NotSetOnce(const TableSchema& schema, const Column& column,
                        std::span<const Assignment> assignments) {
  if (assignments.size() > 1) {
    return InvalidArgument("table ", schema.name(), ": column ", column.name, " is assigned twice");
  }
  return InvalidArgument("table ", schema.name(), ": column ", column.name, " of type ",
                         column.type.ToString(), " is one value: it can only be set");
}

}  // namespace

absl::Status WriteBatch::EncodeCell(const TableSchema& schema, const Column& column, ColumnId delta,
                                    const Value& value) {
  if (value.is_null()) {
    AppendTombstoneCell(&cells_buffer_, delta);
  } else if (column.type.is_word()) {
    if (!IsEmptyValue(column.type, value)) {
      return ColumnError(schema, column, internal::Misfit(column.type, value));
    }
    AppendBytesCell(&cells_buffer_, delta, {});
  } else {
    std::string_view bytes;
    const absl::Status status = ToBytes(column.type, value, &value_buffer_, &bytes);
    if (!status.ok()) return ColumnError(schema, column, status);
    if (bytes.size() > kCellBytesMax) {
      return InvalidArgument("table ", schema.name(), ": column ", column.name, ": value of ", bytes.size(),
                             " bytes; a cell holds at most ", kCellBytesMax);
    }
    AppendBytesCell(&cells_buffer_, delta, bytes);
    buffered_largest_value_bytes_ = std::max(buffered_largest_value_bytes_, bytes.size());
  }
  return absl::OkStatus();
}

absl::Status WriteBatch::EncodeCells(const TableSchema& schema, const std::vector<Column>& columns,
                                     std::span<const Assignment> cells, RowWrite write, size_t* count) {
  cells_buffer_.clear();
  // Words, which most cells are, are put here, and appended when there are many or something else comes.
  char words[16 * kWordCellBytesMax];
  char* words_end = words;
  const auto append_words = [&] {
    cells_buffer_.append(words, static_cast<size_t>(words_end - words));
    words_end = words;
  };
  ColumnId previous = 0;
  auto column = columns.begin();
  while (!cells.empty()) {
    const Assignment& first = cells.front();
    STOA_RETURN_IF_ERROR(FindColumn(schema, columns, first.column, &column));
    size_t assignments = 1;
    while (assignments < cells.size() && cells[assignments].column == first.column) ++assignments;
    const std::span<const Assignment> of_column = cells.first(assignments);
    cells = cells.subspan(assignments);
    const ColumnId delta = first.column - previous;
    uint64_t word = 0;
    if (IsSetOnce(of_column) && internal::TryToWord(column->type.kind(), first.value, &word)) {
      words_end = StoreWordCell(words_end, delta, word, static_cast<uint8_t>(column->type.word_bytes()));
      if (words_end > std::end(words) - kWordCellBytesMax) append_words();
    } else {
      append_words();
      bool unset = first.value.is_unset();
      if (column->type.is_complex()) {
        STOA_RETURN_IF_ERROR(EncodeComplex(schema, *column, of_column, write));
        unset = scratch_.content.empty();
        if (!unset) AppendComplexCell(&cells_buffer_, delta, scratch_.content);
      } else if (!IsSetOnce(of_column)) {
        return NotSetOnce(schema, *column, of_column);
      } else if (!unset) {
        STOA_RETURN_IF_ERROR(EncodeCell(schema, *column, delta, first.value));
      }
      if (unset) continue;
    }
    previous = first.column;
    ++*count;
    ++column;  // mostly the next one is assigned to next
  }
  append_words();
  return absl::OkStatus();
}

absl::Status WriteBatch::EncodeComplex(const TableSchema& schema, const Column& column,
                                       std::span<const Assignment> assignments, RowWrite write) {
  if (scratch_.complex == nullptr) scratch_.complex = std::make_unique<ComplexAssignments>();
  if (write == RowWrite::kDeleteCells) {
    scratch_.complex->EncodeDeletion(&scratch_.content);
    return absl::OkStatus();
  }
  std::vector<Assignment> others;
  if (column.type.kind() == TypeKind::kList) {
    absl::StatusOr<std::vector<Assignment>> taken = TakeListOperations(column, assignments);
    if (!taken.ok()) return ColumnError(schema, column, taken.status());
    others = *std::move(taken);
    assignments = others;
  }
  const absl::Status status = scratch_.complex->Encode(column.type, assignments, &list_additions_,
                                                       &buffered_element_bytes_, &scratch_.content);
  return status.ok() ? status : ColumnError(schema, column, status);
}

absl::StatusOr<std::vector<Assignment>> WriteBatch::TakeListOperations(
    const Column& column, std::span<const Assignment> assignments) {
  std::vector<Assignment> others;
  const DataType& element = column.type.parameters()[0];
  for (const Assignment& assignment : assignments) {
    const bool puts = assignment.kind == AssignmentKind::kPut;
    if (!puts && assignment.kind != AssignmentKind::kRemove) {
      others.push_back(assignment);
      continue;
    }
    ListOperation operation;
    operation.column = column.id;
    if (puts) {
      if (assignment.key.kind() != Value::Kind::kInteger || assignment.key.integer() < 0) {
        return InvalidArgument("elements of a list have indices from 0, given ", assignment.key.ToString());
      }
      operation.index = static_cast<uint64_t>(assignment.key.integer());
    }
    if (assignment.value.is_unset()) continue;
    if (puts && !assignment.value.is_null()) {
      STOA_RETURN_IF_ERROR(AppendSerialized(element, assignment.value, &operation.values.emplace_back()));
      STOA_RETURN_IF_ERROR(CheckElement(operation.values[0]));
    } else if (!puts) {
      std::string list;
      if (!assignment.value.is_null())
        STOA_RETURN_IF_ERROR(AppendSerialized(column.type, assignment.value, &list));
      CompositeReader reader(column.type, Value::Composite(list));
      for (Value value; !list.empty() && reader.Next(&value);) {
        STOA_RETURN_IF_ERROR(AppendSerialized(element, value, &operation.values.emplace_back()));
      }
      if (operation.values.empty()) continue;
    }
    buffered_list_operations_.push_back(std::move(operation));
  }
  return others;
}

WriteBatch::SortedAssignments WriteBatch::Sort(const TableSchema& schema, Assignments cells) {
  const auto by_column = [](const Assignment& a, const Assignment& b) { return a.column < b.column; };
  SortedAssignments sorted;
  sorted.to_row = std::span<const Assignment>(cells.begin(), cells.size());
  const bool has_statics = !schema.static_columns().empty();
  if (!has_statics && std::is_sorted(cells.begin(), cells.end(), by_column)) return sorted;
  // Assignments to one column keep their order. (std::stable_sort would allocate.)
  order_.clear();
  for (const Assignment& cell : cells) order_.push_back(&cell);
  std::sort(order_.begin(), order_.end(), [](const Assignment* a, const Assignment* b) {
    return a->column != b->column ? a->column < b->column : a < b;
  });
  sorted_cells_.clear();
  const auto take = [&](bool of_statics) {
    for (const Assignment* cell : order_) {
      const bool is_static = has_statics && FindById(schema.static_columns(), cell->column) != nullptr;
      if (is_static == of_statics) sorted_cells_.push_back(*cell);
    }
    return sorted_cells_.size();
  };
  const size_t statics = has_statics ? take(true) : 0;
  take(false);
  const std::span<const Assignment> all(sorted_cells_);
  sorted.to_statics = all.first(statics);
  sorted.to_row = all.subspan(statics);
  return sorted;
}

absl::Status WriteBatch::AppendRow(const TableSchema& schema, const std::vector<Column>& columns,
                                   std::string_view clustering, std::span<const Assignment> cells,
                                   const WriteAttributes& attributes, RowWrite write) {
  const size_t list_operations = buffered_list_operations_.size();
  size_t count = 0;
  STOA_RETURN_IF_ERROR(EncodeCells(schema, columns, cells, write, &count));
  for (size_t i = list_operations; i < buffered_list_operations_.size(); ++i) {
    buffered_list_operations_[i].clustering = clustering;
    buffered_list_operations_[i].attributes = attributes;
  }
  uint8_t flags = 0;
  if (write == RowWrite::kUpsert) flags |= fragment_flags::kMarker;
  if (write == RowWrite::kDeleteRow) flags |= fragment_flags::kDeletion;
  if (flags == 0 && count == 0) return absl::OkStatus();
  int32_t ttl = 0;
  if (write != RowWrite::kDeleteRow) {
    ttl = attributes.ttl_seconds.value_or(schema.options().default_time_to_live_seconds);
  }
  char head[kFragmentHeadBytesMax];
  const char* const head_end = StoreFragmentHead(head, flags, attributes.timestamp_micros, ttl, count);
  const auto head_bytes = static_cast<size_t>(head_end - head);
  Begin(mutation_op::kRow);
  AppendLengthPrefixed(&mutations_, clustering);
  AppendVarint(&mutations_, head_bytes + cells_buffer_.size());
  mutations_.append(head, head_bytes);
  mutations_.append(cells_buffer_);
  return absl::OkStatus();
}

void WriteBatch::Begin(uint8_t op) {
  last_operation_ = mutations_.size();
  mutations_.push_back(static_cast<char>(op));
  ++added_operations_;
}

void WriteBatch::EndDeletion(const std::optional<int64_t>& timestamp) {
  if (!timestamp) return;
  char& op = mutations_[last_operation_];
  op = static_cast<char>(static_cast<uint8_t>(op) | mutation_op::kOwnTimestamp);
  AppendVarint(&mutations_, ZigZag(*timestamp));
}

absl::Status WriteBatch::Start(const TableSchema& schema, Values partition_key,
                               const WriteAttributes& attributes) {
  STOA_RETURN_IF_ERROR(CheckAttributes(schema, attributes));
  key_buffer_.clear();
  STOA_RETURN_IF_ERROR(AppendPartitionKey(schema, partition_key, &key_buffer_));
  added_operations_ = 0;
  buffered_largest_value_bytes_ = 0;
  buffered_element_bytes_ = element_bytes_;
  buffered_list_operations_.clear();
  start_ = operations_start_ = mutations_.size();
  const std::string_view last_key(mutations_.data() + partition_key_at_, partition_key_bytes_);
  if (start_ != 0 && table_ == schema.id() && schema_version_ == schema.version() &&
      last_key == key_buffer_) {
    return absl::OkStatus();
  }
  char head[1 + 3 * kVarint64BytesMax];
  head[0] = static_cast<char>(mutation_op::kPartition);
  char* end = StoreVarint(head + 1, schema.id());
  end = StoreVarint(end, schema.version());
  end = StoreVarint(end, key_buffer_.size());
  mutations_.append(head, static_cast<size_t>(end - head));
  mutations_.append(key_buffer_);
  operations_start_ = mutations_.size();
  return absl::OkStatus();
}

absl::Status WriteBatch::Finish(const TableSchema& schema, absl::Status status) {
  if (status.ok() && (added_operations_ != 0 || !buffered_list_operations_.empty())) [[likely]] {
    status = AddOperations(schema);
  }
  if (!status.ok() || added_operations_ == 0) mutations_.resize(start_);
  return status;
}

absl::Status WriteBatch::AddOperations(const TableSchema& schema) {
  if (!tables_.empty() && has_counters_ != schema.is_counter_table()) {
    return InvalidArgument("write batch: table ", schema.name(), has_counters_ ? " has no" : " has",
                           " counters, the tables before it ", has_counters_ ? "have" : "have none");
  }
  if (mutations_.size() > kMutationsBytesMax) {
    return InvalidArgument("write batch: would exceed ", kMutationsBytesMax, " bytes");
  }
  if (std::find(tables_.begin(), tables_.end(), schema.id()) == tables_.end()) tables_.push_back(schema.id());
  for (ListOperation& operation : buffered_list_operations_) {
    operation.partition_key = key_buffer_;
    largest_value_bytes_ = std::max(largest_value_bytes_,
                                    operation.values.empty() ? size_t{0} : operation.values.front().size());
    list_operations_.push_back(std::move(operation));
    ++operation_count_;
  }
  buffered_list_operations_.clear();
  has_counters_ = schema.is_counter_table();
  if (added_operations_ == 0) return absl::OkStatus();
  if (operations_start_ != start_) {
    table_ = schema.id();
    schema_version_ = schema.version();
    partition_key_at_ = operations_start_ - key_buffer_.size();
    partition_key_bytes_ = key_buffer_.size();
  }
  element_bytes_ = buffered_element_bytes_;
  operation_count_ += added_operations_;
  largest_value_bytes_ = std::max(largest_value_bytes_, buffered_largest_value_bytes_);
  return absl::OkStatus();
}

absl::Status WriteBatch::AddRow(const Table& table, Values partition_key, Values clustering,
                                Assignments cells, const WriteAttributes& attributes, RowWrite write) {
  const TableSchema& schema = *table;
  STOA_RETURN_IF_ERROR(Start(schema, partition_key, attributes));
  absl::Status status = EncodeRow(schema, clustering, cells, attributes, write);
  for (ListOperation& operation : buffered_list_operations_) operation.table = table;
  return Finish(schema, std::move(status));
}

absl::Status WriteBatch::EncodeRow(const TableSchema& schema, Values clustering, Assignments cells,
                                   const WriteAttributes& attributes, RowWrite write) {
  const SortedAssignments sorted = Sort(schema, cells);
  const bool names_row = sorted.to_statics.empty() || !clustering.empty();
  if (!names_row && !sorted.to_row.empty()) {
    return InvalidArgument("table ", schema.name(),
                           ": a write to columns that are not static needs the clustering key");
  }
  if (!sorted.to_statics.empty()) {
    if (names_row && sorted.to_row.empty() && write != RowWrite::kUpsert) {
      return InvalidArgument("table ", schema.name(),
                             ": a write to static columns alone takes no clustering key");
    }
    const RowWrite write_statics = write == RowWrite::kUpsert ? RowWrite::kUpdate : write;
    STOA_RETURN_IF_ERROR(AppendRow(schema, schema.static_columns(), StaticRowKey(), sorted.to_statics,
                                   attributes, write_statics));
  }
  if (!names_row) return absl::OkStatus();
  clustering_buffer_.clear();
  STOA_RETURN_IF_ERROR(AppendClusteringKey(schema, clustering, &clustering_buffer_));
  return AppendRow(schema, schema.regular(), clustering_buffer_, sorted.to_row, attributes, write);
}

absl::Status WriteBatch::Upsert(const Table& table, Values partition_key, Values clustering,
                                Assignments cells, const WriteAttributes& attributes) {
  if (table->is_counter_table()) {
    return InvalidArgument("table ", table->name(), ": counters are updated, a row of them is not inserted");
  }
  return AddRow(table, partition_key, clustering, cells, attributes, RowWrite::kUpsert);
}

absl::Status WriteBatch::Update(const Table& table, Values partition_key, Values clustering,
                                Assignments cells, const WriteAttributes& attributes) {
  if (cells.size() == 0) return InvalidArgument("table ", table->name(), ": an update needs a column to set");
  return AddRow(table, partition_key, clustering, cells, attributes, RowWrite::kUpdate);
}

absl::Status WriteBatch::DeleteCells(const Table& table, Values partition_key, Values clustering,
                                     std::span<const ColumnId> columns, const WriteAttributes& attributes) {
  if (columns.empty()) return InvalidArgument("table ", table->name(), ": no columns to delete are named");
  std::vector<Assignment> cells;
  cells.reserve(columns.size());
  for (ColumnId column : columns) cells.push_back({column, nullptr});
  return AddRow(table, partition_key, clustering, cells, attributes, RowWrite::kDeleteCells);
}

absl::Status WriteBatch::DeleteRow(const Table& table, Values partition_key, Values clustering,
                                   const WriteAttributes& attributes) {
  return AddRow(table, partition_key, clustering, {}, attributes, RowWrite::kDeleteRow);
}

absl::Status WriteBatch::DeleteRange(const Table& table, Values partition_key, const ClusteringRange& range,
                                     const WriteAttributes& attributes) {
  STOA_RETURN_IF_ERROR(Start(*table, partition_key, attributes));
  return Finish(*table, EncodeRange(*table, range, attributes));
}

absl::Status WriteBatch::EncodeRange(const TableSchema& schema, const ClusteringRange& range,
                                     const WriteAttributes& attributes) {
  std::string start;
  std::string end;
  STOA_RETURN_IF_ERROR(AppendClusteringBound(
      schema, range.from, range.from_inclusive || range.from.empty() ? BoundSide::kBefore : BoundSide::kAfter,
      &start));
  STOA_RETURN_IF_ERROR(AppendClusteringBound(
      schema, range.to, range.to_inclusive || range.to.empty() ? BoundSide::kAfter : BoundSide::kBefore,
      &end));
  Begin(mutation_op::kDeleteRange);
  AppendLengthPrefixed(&mutations_, start);
  AppendLengthPrefixed(&mutations_, end);
  EndDeletion(attributes.timestamp_micros);
  return absl::OkStatus();
}

absl::Status WriteBatch::DeletePartition(const Table& table, Values partition_key,
                                         const WriteAttributes& attributes) {
  STOA_RETURN_IF_ERROR(Start(*table, partition_key, attributes));
  Begin(mutation_op::kDeletePartition);
  EndDeletion(attributes.timestamp_micros);
  return Finish(*table, absl::OkStatus());
}

void WriteBatch::Clear() {
  mutations_.clear();
  operation_count_ = 0;
  largest_value_bytes_ = 0;
  element_bytes_ = 0;
  list_additions_ = 0;
  list_operations_.clear();
  tables_.clear();
}

WriteBatch::WriteBatch() = default;
WriteBatch::Scratch::Scratch() = default;
WriteBatch::Scratch::~Scratch() = default;
WriteBatch::Scratch::Scratch(const Scratch&) {}
WriteBatch::Scratch::Scratch(Scratch&&) noexcept = default;
WriteBatch::Scratch& WriteBatch::Scratch::operator=(const Scratch&) { return *this; }
WriteBatch::Scratch& WriteBatch::Scratch::operator=(Scratch&&) noexcept = default;

}  // namespace stoa
