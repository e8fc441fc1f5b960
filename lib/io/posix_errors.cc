#include "io/posix_errors.h"

#include <cerrno>
#include <system_error>

#include "base/strings.h"

namespace stoa {
namespace {

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
      return absl::StatusCode::kResourceExhausted;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case EINTR:
      return absl::StatusCode::kAborted;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

}  // namespace

absl::Status ErrnoStatus(std::string_view call, std::string_view path) {
  const int error = errno;
  return absl::Status(CodeOf(error), StrCat(call, " ", path, ": ", std::generic_category().message(error),
                                            " (errno ", error, ")"));
}

}  // namespace stoa
