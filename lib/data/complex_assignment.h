// Assignments to columns of several cells, and to counters, as complex cells.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <absl/status/status.h>

#include <stoa/write_batch.h>

#include "data/complex_cell.h"

namespace stoa {

/// What the elements of collections in one batch take at most: one of the greatest size, and small ones
/// beside it. So what a batch writes to a row fits into an SSTable by itself (sstable/block.h).
inline constexpr size_t kBatchElementBytesMax = kCellBytesMax + (4u << 20);

/// InvalidArgument when the value of an element has more than kCellBytesMax bytes.
absl::Status CheckElement(std::string_view value);

/// Adds to `*element_bytes` what the elements of `cell` take at most. InvalidArgument when that comes to more
/// than kBatchElementBytesMax.
absl::Status CountElements(const ComplexCellBuilder& cell, size_t* element_bytes);

/// Reused for cell after cell without allocating once it has grown. Not thread-safe.
class ComplexAssignments {
 public:
  /// Sets `*content` to the complex cell that `assignments`, all to this column, make together; to nothing if
  /// they say nothing. `*list_operations` is how many the batch has had, `*element_bytes` what its elements
  /// take. InvalidArgument, in terms of the column ("given text, expected int"), for what does not fit the
  /// type: see stoa/write_batch.h.
  absl::Status Encode(const DataType& type, std::span<const Assignment> assignments,
                      uint32_t* list_operations, size_t* element_bytes, std::string* content);
  /// The cell that deletes the column.
  void EncodeDeletion(std::string* content);

 private:
  absl::Status Apply(const DataType& type, const Assignment& assignment);
  absl::Status Count(const Assignment& assignment);
  absl::Status PutAll(const DataType& type, AssignmentKind kind, std::string_view bytes);
  absl::Status PutFields(const DataType& type, std::string_view bytes);
  absl::Status RemoveAll(const DataType& type, const Value& keys);
  absl::Status PutOne(const DataType& type, const Assignment& assignment);

  ComplexCellBuilder builder_;
  uint32_t* list_operations_ = nullptr;  // of the batch
  std::string scratch_;
  std::string path_;
  std::string value_;
};

}  // namespace stoa
