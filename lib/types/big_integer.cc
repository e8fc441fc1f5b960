#include "types/big_integer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"

namespace stoa {
namespace {

// Magnitudes are held as 32-bit limbs, least significant first, and converted nine digits at a time.
using Limbs = std::vector<uint32_t>;
constexpr size_t kChunkDigits = 9;
constexpr uint32_t kChunk = 1'000'000'000;

bool IsNegative(std::string_view varint) { return (varint[0] & 0x80) != 0; }

void Negate(std::string* bytes) {
  unsigned carry = 1;
  for (size_t i = bytes->size(); i-- > 0;) {
    carry += static_cast<unsigned char>(~(*bytes)[i]);
    (*bytes)[i] = static_cast<char>(carry);
    carry >>= 8;
  }
}

Limbs ToLimbs(std::string_view magnitude) {
  Limbs limbs((magnitude.size() + 3) / 4);
  for (size_t i = 0; i < magnitude.size(); ++i) {
    const uint32_t byte = static_cast<unsigned char>(magnitude[magnitude.size() - 1 - i]);
    limbs[i / 4] |= byte << (i % 4 * 8);
  }
  return limbs;
}

/// Big-endian, with a leading zero byte so that the sign bit is clear.
std::string FromLimbs(const Limbs& limbs) {
  std::string bytes(1, '\0');
  for (size_t i = limbs.size() * 4; i-- > 0;) bytes.push_back(static_cast<char>(limbs[i / 4] >> (i % 4 * 8)));
  return bytes;
}

/// Divides by kChunk and returns the remainder.
uint32_t DivideByChunk(Limbs* limbs) {
  uint64_t remainder = 0;
  for (size_t i = limbs->size(); i-- > 0;) {
    const uint64_t dividend = remainder << 32 | (*limbs)[i];
    (*limbs)[i] = static_cast<uint32_t>(dividend / kChunk);
    remainder = dividend % kChunk;
  }
  while (!limbs->empty() && limbs->back() == 0) limbs->pop_back();
  return static_cast<uint32_t>(remainder);
}

void MultiplyAndAdd(uint32_t factor, uint32_t summand, Limbs* limbs) {
  uint64_t carry = summand;
  for (uint32_t& limb : *limbs) {
    carry += static_cast<uint64_t>(limb) * factor;
    limb = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  if (carry != 0) limbs->push_back(static_cast<uint32_t>(carry));
}

}  // namespace

std::string_view MinimalVarint(std::string_view varint) {
  STOA_DCHECK(!varint.empty());
  while (varint.size() > 1 && (varint[0] == '\0' || varint[0] == '\xff') &&
         IsNegative(varint) == IsNegative(varint.substr(1))) {
    varint.remove_prefix(1);
  }
  return varint;
}

std::string VarintToText(std::string_view varint) {
  STOA_DCHECK(!varint.empty());
  std::string magnitude(varint);
  const bool negative = IsNegative(varint);
  if (negative) Negate(&magnitude);  // the most negative number stays itself, which is right as unsigned
  Limbs limbs = ToLimbs(magnitude);
  std::string reversed;
  while (!limbs.empty()) {
    uint32_t chunk = DivideByChunk(&limbs);
    for (size_t i = 0; i < kChunkDigits; ++i, chunk /= 10) {
      reversed.push_back(static_cast<char>('0' + chunk % 10));
    }
  }
  while (reversed.size() > 1 && reversed.back() == '0') reversed.pop_back();
  if (negative) reversed.push_back('-');
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

std::string VarintFromText(std::string_view text) {
  const bool negative = text[0] == '-';
  if (negative) text.remove_prefix(1);
  STOA_DCHECK(!text.empty());
  Limbs limbs;
  while (!text.empty()) {
    uint32_t chunk = 0;
    uint32_t power = 1;
    for (char digit : text.substr(0, kChunkDigits)) {
      chunk = chunk * 10 + static_cast<uint32_t>(digit - '0');
      power *= 10;
    }
    MultiplyAndAdd(power, chunk, &limbs);
    text.remove_prefix(std::min(kChunkDigits, text.size()));
  }
  std::string bytes = FromLimbs(limbs);
  if (negative) Negate(&bytes);
  return std::string(MinimalVarint(bytes));
}

}  // namespace stoa
