#include "base/hash.h"

#include <bit>
#include <limits>

#include <xxhash.h>

#include "base/coding.h"

namespace stoa {
namespace {

constexpr uint64_t kC1 = 0x87c37b91114253d5ULL;
constexpr uint64_t kC2 = 0x4cf5ad432745937fULL;

uint64_t FinalMix(uint64_t k) {
  k ^= k >> 33;
  k *= 0xff51afd7ed558ccdULL;
  k ^= k >> 33;
  k *= 0xc4ceb9fe1a85ec53ULL;
  k ^= k >> 33;
  return k;
}

/// The `count` bytes, 1 to 8, that end at `end`. Cassandra adds each as a signed Java byte, so a byte >= 0x80
/// sets all bits above its place; mostly there is none, and where `eight_are_there`, before `end`, they are
/// read at once.
uint64_t TailWord(const char* end, size_t count, bool eight_are_there) {
  if (eight_are_there) {
    const uint64_t word = LoadLittle<uint64_t>(end - 8) >> (64 - 8 * count);
    if ((word & 0x8080808080808080ULL) == 0) return word;
  }
  uint64_t word = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto byte = static_cast<int64_t>(static_cast<int8_t>(*(end - count + i)));
    word ^= static_cast<uint64_t>(byte) << (i * 8);
  }
  return word;
}

}  // namespace

int64_t PartitionToken(std::string_view key) {
  const size_t length = key.size();
  const size_t blocks = length / 16;
  uint64_t h1 = 0;
  uint64_t h2 = 0;
  for (size_t i = 0; i < blocks; ++i) {
    uint64_t k1 = LoadLittle<uint64_t>(key.data() + i * 16);
    uint64_t k2 = LoadLittle<uint64_t>(key.data() + i * 16 + 8);
    h1 ^= std::rotl(k1 * kC1, 31) * kC2;
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= std::rotl(k2 * kC2, 33) * kC1;
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  const char* tail = key.data() + blocks * 16;
  const size_t tail_size = length & 15;
  if (tail_size > 8) h2 ^= std::rotl(TailWord(tail + tail_size, tail_size - 8, true) * kC2, 33) * kC1;
  if (tail_size > 0) {
    const size_t count = tail_size < 8 ? tail_size : 8;
    h1 ^= std::rotl(TailWord(tail + count, count, length >= 16 || count == 8) * kC1, 31) * kC2;
  }

  h1 ^= length;
  h2 ^= length;
  h1 += h2;
  h2 += h1;
  h1 = FinalMix(h1);
  h2 = FinalMix(h2);
  h1 += h2;
  const auto token = static_cast<int64_t>(h1);
  return token == std::numeric_limits<int64_t>::min() ? std::numeric_limits<int64_t>::max() : token;
}

uint64_t Hash64(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

HashValue128 Hash128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return HashValue128{hash.low64, hash.high64};
}

uint64_t SectionChecksumOfHash(uint64_t payload_hash, uint64_t file_id, uint64_t offset) {
  char input[24];
  StoreLittle(input, payload_hash);
  StoreLittle(input + 8, file_id);
  StoreLittle(input + 16, offset);
  return Hash64(std::string_view(input, sizeof(input)));
}

uint64_t SectionChecksum(std::string_view payload, uint64_t file_id, uint64_t offset) {
  return SectionChecksumOfHash(Hash64(payload), file_id, offset);
}

}  // namespace stoa
