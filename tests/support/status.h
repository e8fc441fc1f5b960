// Requirements on absl::Status and absl::StatusOr that print the status when they fail.
#pragma once

#include <string>
#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "support/catch.h"

namespace stoa {

inline absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

/// Requires that `expr`, an absl::Status or absl::StatusOr, is OK.
#define REQUIRE_OK(expr)                                      \
  do {                                                        \
    const absl::Status stoa_status_ = ::stoa::StatusOf(expr); \
    INFO(stoa_status_.ToString());                            \
    REQUIRE(stoa_status_.ok());                               \
  } while (false)

/// The value of a result that is required to be OK.
template <typename T>
T ValueOf(absl::StatusOr<T> result) {
  REQUIRE_OK(result);
  return std::move(result).value();
}

}  // namespace stoa
