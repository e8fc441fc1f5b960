// Latches for those who read a partition before they write to it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/prefetch.h"
#include "io/sync.h"

namespace stoa {

/// The partitions are dealt out to stripes by their tokens. Holding a latch keeps other holders out and
/// nobody else: plain writers do not ask for one (partition_watch.h says what holds against them). Taken
/// before any lock of the commit pipeline. Thread-safe.
class PartitionLatches {
 public:
  /// Holds the latches of some partitions from construction to destruction.
  class Hold {
   public:
    // The analysis cannot follow: which latches are held is known at run time only.
    /// Takes each stripe once, in ascending order, so that two holders cannot wait for each other.
    Hold(PartitionLatches* latches, std::span<const uint64_t> tokens) ABSL_NO_THREAD_SAFETY_ANALYSIS;
    ~Hold() ABSL_NO_THREAD_SAFETY_ANALYSIS;
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    PartitionLatches* const latches_;
    std::vector<size_t> stripes_;
  };

 private:
  static constexpr size_t kStripes = 256;
  struct alignas(kCacheLineBytes) Stripe {
    Mutex latch;
  };
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace stoa
