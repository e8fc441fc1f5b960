#include "base/hash.h"

#include <bit>
#include <cstring>
#include <limits>
#include <set>
#include <string>

#include "base/coding.h"
#include "io/random.h"
#include "support/catch.h"

namespace stoa {
namespace {

using int128 = __int128;

/// MurmurHash3 x64/128 as Cassandra computes it, written down a second time and the slow way: bytes are
/// signed, words are put together by addition, rotation is multiplication and division.
class SlowToken {
 public:
  static int64_t Of(const std::string& key) {
    SlowToken state;
    size_t at = 0;
    for (; at + 16 <= key.size(); at += 16)
      state.Block(Word(key, at, at + 8, false), Word(key, at + 8, at + 16, false));
    const size_t middle = std::min(at + 8, key.size());
    // The rest: no block, only the two words stirred in; signed bytes carry into those above them by xor.
    state.h2_ ^= Stir(Word(key, middle, key.size(), true), kC2, 33, kC1);
    state.h1_ ^= Stir(Word(key, at, middle, true), kC1, 31, kC2);
    return state.Finish(key.size());
  }

 private:
  static constexpr uint64_t kC1 = 9782798678568883157ULL;
  static constexpr uint64_t kC2 = 5545529020109919103ULL;

  static uint64_t Word(const std::string& key, size_t begin, size_t end, bool sign_extend) {
    uint64_t word = 0;
    for (size_t i = begin; i < end; ++i) {
      const int128 byte = sign_extend ? static_cast<signed char>(key[i]) : static_cast<unsigned char>(key[i]);
      word ^= static_cast<uint64_t>(byte * (int128{1} << (8 * (i - begin))));
    }
    return word;
  }
  static uint64_t Rotate(uint64_t word, int bits) {
    const auto wide = static_cast<unsigned __int128>(word) << bits;
    return static_cast<uint64_t>(wide) + static_cast<uint64_t>(wide >> 64);
  }
  static uint64_t Stir(uint64_t word, uint64_t first, int bits, uint64_t second) {
    return Rotate(word * first, bits) * second;
  }
  void Block(uint64_t k1, uint64_t k2) {
    h1_ = (Rotate(h1_ ^ Stir(k1, kC1, 31, kC2), 27) + h2_) * 5 + 1390208809;
    h2_ = (Rotate(h2_ ^ Stir(k2, kC2, 33, kC1), 31) + h1_) * 5 + 944331445;
  }
  static uint64_t Avalanche(uint64_t word) {
    for (uint64_t factor : {18397679294719823053ULL, 14181476777654086739ULL})
      word = (word ^ word / (1ULL << 33)) * factor;
    return word ^ word / (1ULL << 33);
  }
  int64_t Finish(uint64_t size) {
    h1_ ^= size;
    h2_ ^= size;
    h1_ += h2_;
    h2_ += h1_;
    const auto token = static_cast<int64_t>(Avalanche(h1_) + Avalanche(h2_));
    return token == std::numeric_limits<int64_t>::min() ? std::numeric_limits<int64_t>::max() : token;
  }

  uint64_t h1_ = 0;
  uint64_t h2_ = 0;
};

/// The number that `factor`, which is odd, must be multiplied with to give 1.
uint64_t InverseOf(uint64_t factor) {
  uint64_t inverse = 1;
  for (int i = 0; i < 6; ++i) inverse *= 2 - factor * inverse;
  return inverse;
}

uint64_t UndoFinalMix(uint64_t word) {
  word ^= word >> 33;
  word *= InverseOf(0xc4ceb9fe1a85ec53ULL);
  word ^= word >> 33;
  word *= InverseOf(0xff51afd7ed558ccdULL);
  return word ^ (word >> 33);
}

/// A 16-byte key whose hash before the last replacement is INT64_MIN: the hash function run backwards.
std::string KeyOfSmallestHash(uint64_t any) {
  constexpr uint64_t kC1 = 0x87c37b91114253d5ULL;
  constexpr uint64_t kC2 = 0x4cf5ad432745937fULL;
  uint64_t h1 = UndoFinalMix(any);
  uint64_t h2 = UndoFinalMix((uint64_t{1} << 63) - any);
  h2 -= h1;
  h1 -= h2;
  h1 ^= 16;
  h2 ^= 16;
  const uint64_t stirred2 = std::rotr((h2 - 0x38495ab5) * InverseOf(5) - h1, 31);
  const uint64_t stirred1 = std::rotr((h1 - 0x52dce729) * InverseOf(5), 27);
  std::string key;
  AppendLittle(&key, std::rotr(stirred1 * InverseOf(kC2), 31) * InverseOf(kC1));
  AppendLittle(&key, std::rotr(stirred2 * InverseOf(kC1), 33) * InverseOf(kC2));
  return key;
}

}  // namespace

TEST_CASE("hash: tokens are those that Cassandra's drivers are tested with", "[base]") {
  // Goal: compatibility. Method: published pairs of key and token.
  CHECK(PartitionToken("123") == -7468325962851647638);
  CHECK(PartitionToken(std::string(8, '\xfe')) == -8927430733708461935);
  CHECK(PartitionToken(std::string(8, '\x10')) == 1446172840243228796);
  CHECK(PartitionToken("9223372036854775807") == 7162290910810015547);
  std::string mixed;
  for (int i = 0; i < 10; ++i) mixed += std::string("\x00\xff\x10\xfa\x99", 5);
  CHECK(PartitionToken(mixed) == 5837342703291459765);
}

TEST_CASE("hash: tokens agree with a second implementation", "[base]") {
  // Goal: compatibility for every length and every sign of tail bytes. Method: random keys of 0 to 70 bytes.
  Random random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string key(random.Uniform(71), '\0');
    for (char& byte : key) byte = static_cast<char>(random.Next());
    if (PartitionToken(key) != SlowToken::Of(key)) FAIL("length " << key.size() << " in round " << round);
  }
}

TEST_CASE("hash: no token is the smallest integer", "[base]") {
  // Goal: Cassandra reserves INT64_MIN for the start of the ring. Method: keys made to hash to it.
  Random random(2);
  for (int round = 0; round < 100; ++round) {
    CHECK(PartitionToken(KeyOfSmallestHash(random.Next())) == std::numeric_limits<int64_t>::max());
  }
}

TEST_CASE("hash: ordered tokens order as tokens and come back", "[base]") {
  // Goal: unsigned comparison equals the signed one. Method: the ends and the middle.
  const int64_t tokens[] = {std::numeric_limits<int64_t>::min(), -2, -1, 0, 1,
                            std::numeric_limits<int64_t>::max()};
  for (int64_t a : tokens) {
    CHECK(TokenFromOrdered(OrderedToken(a)) == a);
    for (int64_t b : tokens) CHECK((a < b) == (OrderedToken(a) < OrderedToken(b)));
  }
}

TEST_CASE("hash: a section's checksum depends on every bit of payload, file and offset", "[base]") {
  // Goal: damaged, stale, swapped and misplaced sections are found. Method: every single-bit change of every
  // input gives a checksum not seen before.
  const std::string payload = "some section of a file";
  std::set<uint64_t> seen = {SectionChecksum(payload, 1, 4096)};
  for (size_t bit = 0; bit < payload.size() * 8; ++bit) {
    std::string changed = payload;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    CHECK(seen.insert(SectionChecksum(changed, 1, 4096)).second);
  }
  for (int bit = 0; bit < 64; ++bit) {
    CHECK(seen.insert(SectionChecksum(payload, 1 ^ (uint64_t{1} << bit), 4096)).second);
    CHECK(seen.insert(SectionChecksum(payload, 1, 4096 ^ (uint64_t{1} << bit))).second);
  }
  CHECK(seen.insert(SectionChecksum("", 1, 4096)).second);
  CHECK(SectionChecksumOfHash(Hash64(payload), 1, 4096) == SectionChecksum(payload, 1, 4096));
}

TEST_CASE("hash: Hash64 is XXH3, seeded", "[base]") {
  // Goal: the hash is part of file formats and must not change. Method: XXH3's published value for empty
  // input.
  CHECK(Hash64("") == 0x2d06800538d394c2ULL);
  CHECK(Hash64("a", 1) != Hash64("a", 2));
}

}  // namespace stoa
