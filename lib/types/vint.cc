#include "types/vint.h"

#include <algorithm>
#include <bit>

namespace stoa {
namespace {

/// Bytes after the first.
int ExtraBytes(uint64_t value) {
  const int bits = std::max(1, static_cast<int>(std::bit_width(value)));
  return std::min(8, (bits - 1) / 7);
}

bool Read(Decoder* decoder, uint64_t* value, int* extra) {
  uint8_t byte = 0;
  if (!decoder->Big(&byte)) return false;
  *extra = std::countl_one(byte);
  *value = *extra == 8 ? 0 : byte & (0xffu >> *extra);
  for (int i = 0; i < *extra; ++i) {
    if (!decoder->Big(&byte)) return false;
    *value = *value << 8 | byte;
  }
  return true;
}

}  // namespace

void AppendUnsignedVint(uint64_t value, std::string* out) {
  const int extra = ExtraBytes(value);
  const unsigned ones = 0xff00u >> extra & 0xffu;
  out->push_back(static_cast<char>(ones | (extra == 8 ? 0 : value >> (8 * extra))));
  for (int i = extra; i-- > 0;) out->push_back(static_cast<char>(value >> (8 * i)));
}

bool ReadUnsignedVint(Decoder* decoder, uint64_t* value) {
  int extra = 0;
  return Read(decoder, value, &extra) && extra == ExtraBytes(*value);
}

void AppendVint(int64_t value, std::string* out) { AppendUnsignedVint(ZigZag(value), out); }

bool ReadVint(Decoder* decoder, int64_t* value) {
  uint64_t zigzag = 0;
  int extra = 0;
  if (!Read(decoder, &zigzag, &extra)) return false;
  *value = UnZigZag(zigzag);
  return true;
}

}  // namespace stoa
