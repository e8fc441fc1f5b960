// What errno says, as a status.
#pragma once

#include <string_view>

#include <absl/status/status.h>

namespace stoa {

/// The status for errno after `call` failed on `path`; the codes are those of file_system.h.
absl::Status ErrnoStatus(std::string_view call, std::string_view path);

}  // namespace stoa
