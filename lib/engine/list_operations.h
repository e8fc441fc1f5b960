// Operations on lists that have to be read first: on the element at an index, and on elements of some value.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <absl/status/status.h>

#include <stoa/write_batch.h>

namespace stoa {

/// An element of a list that was read: what it is found by, and its serialized value.
struct ListElement {
  std::string path;
  std::string value;
};

/// Appends to a batch (data/mutation.h) what the operation does to a list of these elements; nothing if it
/// does nothing. `*element_bytes` is WriteBatch::element_bytes() of the batch. InvalidArgument, naming the
/// index and how many elements there are, when there is none at the index; or when the elements of the batch
/// take too much.
absl::Status AppendListOperation(const WriteBatch::ListOperation& operation,
                                 std::span<const ListElement> elements, size_t* element_bytes,
                                 std::string* mutations);

}  // namespace stoa
