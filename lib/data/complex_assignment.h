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

/// InvalidArgument when the value of an element has more than kCellBytesMax bytes.
absl::Status CheckElement(std::string_view value);

/// Reused for cell after cell without allocating once it has grown. Not thread-safe.
class ComplexAssignments {
 public:
  /// Sets `*content` to the complex cell that `assignments`, all to this column, make together; to nothing if
  /// they say nothing. `*list_operations` is how many the batch has had. InvalidArgument, in terms of the
  /// column ("given text, expected int"), for what does not fit the type: see stoa/write_batch.h.
  absl::Status Encode(const DataType& type, std::span<const Assignment> assignments,
                      uint32_t* list_operations, std::string* content);
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
