#include "io/file_system.h"

#include "base/strings.h"

namespace stoa {

absl::Status ValidateFileName(std::string_view name) {
  constexpr size_t kNameBytesMax = 255;
  const bool bad = name.empty() || name.size() > kNameBytesMax || name == "." || name == ".." ||
                   name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos;
  if (!bad) return absl::OkStatus();
  return InvalidArgument("file name must be one path component of 1 to ", kNameBytesMax, " bytes, not \"",
                         name.substr(0, kNameBytesMax), "\"");
}

}  // namespace stoa
