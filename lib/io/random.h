// The seam to randomness: seeded generators, and ids that are unique in production.
#pragma once

#include <atomic>
#include <cstdint>

namespace stoa {

/// xoshiro256** by Blackman and Vigna (public domain); not for cryptography. Not thread-safe.
class Random {
 public:
  explicit Random(uint64_t seed);
  uint64_t Next();
  /// Uniform in [0, bound); `bound` > 0.
  uint64_t Uniform(uint64_t bound);
  /// True with probability 1/`n`.
  bool OneIn(uint64_t n) { return Uniform(n) == 0; }

 private:
  uint64_t state_[4];
};

/// Source of ids for databases and files. Thread-safe.
class IdSource {
 public:
  virtual ~IdSource() = default;
  /// Never 0 and, in production, unique with overwhelming probability: mixes several sources of entropy.
  virtual uint64_t UniqueId() = 0;
};

/// Counts up from `first`: for tests and simulation, where a run must be a function of its seed.
class CountingIdSource : public IdSource {
 public:
  explicit CountingIdSource(uint64_t first = 1) : next_(first) {}
  uint64_t UniqueId() override {
    uint64_t id = next_++;
    return id != 0 ? id : next_++;
  }

 private:
  std::atomic<uint64_t> next_;
};

}  // namespace stoa
