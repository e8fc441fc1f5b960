// Control flow for absl::Status: return early on error.
#pragma once

#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#define STOA_CONCAT_INNER(a, b) a##b
#define STOA_CONCAT(a, b) STOA_CONCAT_INNER(a, b)

/// Evaluates `expr` (an absl::Status) and returns it from the enclosing function unless it is OK.
#define STOA_RETURN_IF_ERROR(expr)       \
  do {                                   \
    absl::Status stoa_status_ = (expr);  \
    if (!stoa_status_.ok()) [[unlikely]] \
      return stoa_status_;               \
  } while (false)

/// Evaluates `expr` (an absl::StatusOr<T>); on success assigns the value to `lhs`, which may be a
/// declaration, otherwise returns the status from the enclosing function.
#define STOA_ASSIGN_OR_RETURN(lhs, expr) \
  STOA_ASSIGN_OR_RETURN_IMPL(STOA_CONCAT(stoa_or_, __LINE__), lhs, expr)
#define STOA_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                               \
  if (!tmp.ok()) [[unlikely]]                      \
    return std::move(tmp).status();                \
  lhs = std::move(tmp).value()
