#include "types/utf8.h"

#include <cstddef>
#include <cstdint>

#include "base/coding.h"

namespace stoa {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080ULL;

/// The number of leading bytes that are ASCII, or a little less: stops at the first word with another byte.
size_t AsciiPrefix(std::string_view text) {
  size_t size = 0;
  while (text.size() - size >= 8 && (LoadLittle<uint64_t>(text.data() + size) & kHighBits) == 0) size += 8;
  return size;
}

/// The length of the multi-byte sequence at the front of `text`, 0 when it is malformed.
size_t SequenceBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  uint32_t code = lead & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  const uint32_t least = size == 4 ? 0x10000 : size == 3 ? 0x800 : 0x80;
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < least || code > 0x10ffff || surrogate ? 0 : size;
}

}  // namespace

bool IsAscii(std::string_view text) {
  for (size_t i = AsciiPrefix(text); i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) >= 0x80) return false;
  }
  return true;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    text.remove_prefix(AsciiPrefix(text));
    while (!text.empty() && static_cast<unsigned char>(text[0]) < 0x80) text.remove_prefix(1);
    if (text.empty()) return true;
    const size_t size = SequenceBytes(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace stoa
