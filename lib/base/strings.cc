#include "base/strings.h"

namespace stoa {

std::string HexDump(std::string_view bytes, size_t bytes_max) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char byte : bytes.substr(0, bytes_max)) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  if (bytes.size() > bytes_max) out += "..";
  return out;
}

}  // namespace stoa
