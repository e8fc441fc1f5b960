#include "base/coding.h"

namespace stoa {

bool Decoder::VarintSlow(uint64_t* value) {
  uint64_t result = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (p_ == end_) return Fail();
    const auto byte = static_cast<unsigned char>(*p_++);
    if (shift == 63 && byte > 1) return Fail();
    result |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (byte == 0 && shift != 0) return Fail();
      *value = result;
      return true;
    }
  }
  return Fail();
}

}  // namespace stoa
