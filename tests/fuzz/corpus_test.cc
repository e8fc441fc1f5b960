// Every fuzz target on its seeds, on random bytes and on seeds that were changed at random. Goal: that a
// decoder which crashes, reads outside of its input or breaks a property is found in every build; the
// sanitizers help.
#include <algorithm>
#include <cstring>
#include <memory>

#include "base/coding.h"
#include "fuzz/fuzz_target.h"
#include "io/random.h"
#include "support/catch.h"

#define STOA_FUZZ_TARGET(name, runs)                               \
  extern "C" int FuzzOne_##name(const uint8_t* data, size_t size); \
  std::vector<std::string> FuzzSeeds_##name();
#include "fuzz_targets.inc"
#undef STOA_FUZZ_TARGET

namespace stoa {
namespace {

/// One input in so many is random from its first byte; the others are changed seeds.
constexpr int kRandomInputIn = 11;

using Target = int (*)(const uint8_t*, size_t);

/// On a copy of exactly that size, so that the address sanitizer sees the end.
void RunOn(Target target, const std::string& input) {
  const std::unique_ptr<uint8_t[]> copy(new uint8_t[input.size()]);
  if (!input.empty()) std::memcpy(copy.get(), input.data(), input.size());
  target(copy.get(), input.size());
}

std::string RandomBytes(Random& random, size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes.push_back(static_cast<char>(random.Next()));
  return bytes;
}

/// Numbers that sizes and counts go wrong at.
std::string Boundary(Random& random) {
  constexpr uint64_t kNumbers[] = {0,      1,          0x7f,       0x80,       0xff, 0x7fff,
                                   0xffff, 0x7fffffff, 0x80000000, 0xffffffff, ~0ull};
  const uint64_t number = kNumbers[random.Uniform(std::size(kNumbers))];
  std::string bytes;
  if (random.OneIn(2)) {
    AppendVarint(&bytes, number);
  } else {
    AppendLittle(&bytes, number);
    bytes.resize(size_t{1} << random.Uniform(4));
  }
  return bytes;
}

std::string Change(std::string input, const std::string& other, Random& random) {
  const size_t at = random.Uniform(input.size() + 1);
  const size_t size = random.Uniform(std::min<size_t>(input.size() - at, 16) + 1);
  switch (random.Uniform(7)) {
    case 0:
      if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random.Uniform(8)));
      return input;
    case 1:
      return input.replace(at, size, RandomBytes(random, size));
    case 2:
      return input.replace(at, size, Boundary(random));
    case 3:
      return input.erase(at, size);
    case 4:
      return input.insert(at, input.substr(random.Uniform(input.size() + 1), random.Uniform(16)));
    case 5:
      return input.substr(0, at);
    default:
      return input.substr(0, at) + other.substr(random.Uniform(other.size() + 1));
  }
}

void Exercise(Target target, const std::vector<std::string>& seeds, int runs) {
  REQUIRE_FALSE(seeds.empty());
  Random random(1);
  RunOn(target, "");
  for (const std::string& seed : seeds) RunOn(target, seed);
  for (int i = 0; i < runs / kRandomInputIn; ++i)
    RunOn(target, RandomBytes(random, random.Uniform(random.OneIn(8) ? 2000 : 40)));
  for (int i = runs / kRandomInputIn; i < runs; ++i) {
    std::string input = seeds[random.Uniform(seeds.size())];
    do {
      input = Change(input, seeds[random.Uniform(seeds.size())], random);
    } while (random.OneIn(2));
    RunOn(target, input);
  }
}

#define STOA_FUZZ_TARGET(name, runs) \
  TEST_CASE("fuzz: " #name) { Exercise(FuzzOne_##name, FuzzSeeds_##name(), runs); }
#include "fuzz_targets.inc"
#undef STOA_FUZZ_TARGET

}  // namespace
}  // namespace stoa
