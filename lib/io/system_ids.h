// Ids that are unique in production.
#pragma once

#include <atomic>
#include <cstdint>

#include "io/random.h"

namespace stoa {

/// Each id is a hash of several sources of entropy, so that one which is broken or repeats (a random number
/// generator that returns a constant, a cloned virtual machine, a clock that stands) does no harm.
/// Thread-safe.
class SystemIdSource : public IdSource {
 public:
  struct Entropy {
    uint64_t random = 0;
    uint64_t wall_nanos = 0;
    uint64_t monotonic_nanos = 0;
    uint64_t process = 0;
    uint64_t address = 0;
    uint64_t counter = 0;
  };

  uint64_t UniqueId() override;

  /// Reads every source once.
  Entropy Gather();
  /// The id made of `entropy`; may be 0, which UniqueId does not give out.
  static uint64_t Mix(const Entropy& entropy);

 private:
  std::atomic<uint64_t> counter_{0};
};

}  // namespace stoa
