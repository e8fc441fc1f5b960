// String building over std::string_view. Abseil may have been built with its own absl::string_view
// (Debian 12 does that); this header is the one place where the two kinds meet.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <absl/status/status.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

namespace stoa {

inline absl::string_view ToAbsl(std::string_view text) { return absl::string_view(text.data(), text.size()); }
inline std::string_view FromAbsl(absl::string_view text) {
  return std::string_view(text.data(), text.size());
}

namespace internal {
template <typename T>
decltype(auto) CatArgument(const T& value) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return ToAbsl(value);
  } else {
    return (value);
  }
}
}  // namespace internal

/// Concatenates strings and numbers; the same as absl::StrCat but for std::string_view arguments.
template <typename... Args>
std::string StrCat(const Args&... args) {
  return absl::StrCat(internal::CatArgument(args)...);
}

/// `bytes` as lower-case hexadecimal, cut to the first `bytes_max` bytes followed by "..".
std::string HexDump(std::string_view bytes, size_t bytes_max = 32);

/// Errors whose message is the concatenation of the arguments. Which code to use:
/// InvalidArgument: the caller can fix the call; DataLoss: bytes on disk are damaged; Unavailable: try
/// again or reopen; ResourceExhausted: a limit, memory or the disk is full; FailedPrecondition: the
/// database is in a state that forbids the call (closed, read-only after an error); OutOfRange: a row has
/// outgrown an SSTable, nothing else.
template <typename... Args>
absl::Status InvalidArgument(const Args&... args) {
  return absl::InvalidArgumentError(StrCat(args...));
}
template <typename... Args>
absl::Status FailedPrecondition(const Args&... args) {
  return absl::FailedPreconditionError(StrCat(args...));
}
template <typename... Args>
absl::Status NotFound(const Args&... args) {
  return absl::NotFoundError(StrCat(args...));
}
template <typename... Args>
absl::Status ResourceExhausted(const Args&... args) {
  return absl::ResourceExhaustedError(StrCat(args...));
}

/// DataLoss that names the file, the offset of the damaged structure in it, and what is wrong.
template <typename... Args>
absl::Status Corruption(std::string_view file, uint64_t offset, const Args&... what) {
  return absl::DataLossError(StrCat("corruption in ", file, " at offset ", offset, ": ", StrCat(what...)));
}

}  // namespace stoa
