// Ranges of bits in arrays of 64-bit words: the presence of cells.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace stoa {

inline size_t BitWords(size_t bits) { return (bits + 63) / 64; }

inline uint64_t LowBits(size_t count) { return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1; }

/// Bits [at, at + count) as the low bits of a word; `count` is 1 to 64. Reads no word beyond the last bit's.
inline uint64_t ReadBits(const uint64_t* words, size_t at, size_t count) {
  const size_t shift = at & 63;
  uint64_t bits = words[at >> 6] >> shift;
  if (shift + count > 64) bits |= words[(at >> 6) + 1] << (64 - shift);
  return bits & LowBits(count);
}

/// Calls `visit(at, bits)` for bits [begin, end) in pieces of up to 64.
template <typename Visit>
inline void ForEachBitWord(const uint64_t* words, size_t begin, size_t end, Visit visit) {
  while (begin < end) {
    const size_t count = end - begin < 64 ? end - begin : 64;
    visit(begin, ReadBits(words, begin, count));
    begin += count;
  }
}

/// Calls `visit(i)` for every bit i set in [begin, end).
template <typename Visit>
inline void ForEachBit(const uint64_t* words, size_t begin, size_t end, Visit visit) {
  ForEachBitWord(words, begin, end, [&](size_t at, uint64_t bits) {
    for (; bits != 0; bits &= bits - 1) visit(at + static_cast<size_t>(std::countr_zero(bits)));
  });
}

inline bool AnyBit(const uint64_t* words, size_t begin, size_t end) {
  for (; begin < end; begin += 64) {
    if (ReadBits(words, begin, end - begin < 64 ? end - begin : 64) != 0) return true;
  }
  return false;
}

/// Sets `bits` (low `count` of them) at [at, at + count), where zeros stand.
inline void OrBits(uint64_t* words, size_t at, size_t count, uint64_t bits) {
  const size_t shift = at & 63;
  words[at >> 6] |= bits << shift;
  if (shift + count > 64) words[(at >> 6) + 1] |= bits >> (64 - shift);
}

inline void SetBits(uint64_t* words, size_t begin, size_t end) {
  while (begin < end) {
    const size_t room = 64 - (begin & 63);
    const size_t count = end - begin < room ? end - begin : room;
    words[begin >> 6] |= LowBits(count) << (begin & 63);
    begin += count;
  }
}

}  // namespace stoa
