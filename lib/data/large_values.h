// Moving large values of a batch out of it, and finding the references that replaced them.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/schema.h>

#include "data/blob_reference.h"

namespace stoa {

/// Puts a value of a cell of `table` somewhere else and returns the reference to it (blob_reference.h).
using MoveValue = std::function<absl::StatusOr<std::string>(TableId table, std::string_view value)>;

/// Appends `mutations`, which must be those of a WriteBatch, to `out`, with references in the place of values
/// of more than `inline_bytes_max` bytes. Copies everything but those values, once. The errors are those of
/// `move`; then `out` is incomplete. Values inside complex cells stay where they are.
absl::Status MoveLargeValues(std::string_view mutations, size_t inline_bytes_max, const MoveValue& move,
                             std::string* out);

/// Calls `take` for each reference in a row fragment; ends with its first error.
absl::Status ForEachBlob(std::string_view fragment, const std::function<absl::Status(const BlobId&)>& take);

}  // namespace stoa
