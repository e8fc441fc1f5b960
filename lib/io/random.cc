#include "io/random.h"

#include <bit>

#include "base/check.h"

namespace stoa {

Random::Random(uint64_t seed) {
  // SplitMix64 (Steele, Lea and Flood) spreads the seed: xoshiro's state must not be all zeros, and seeds
  // that differ in one bit must give unrelated sequences.
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15ULL;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    word = z ^ (z >> 31);
  }
}

uint64_t Random::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::Uniform(uint64_t bound) {
  STOA_DCHECK(bound > 0);
  // The values below 2^64 mod bound are drawn again, so that each residue is equally likely.
  const uint64_t unfair = (0 - bound) % bound;
  uint64_t value = Next();
  while (value < unfair) value = Next();
  return value % bound;
}

}  // namespace stoa
