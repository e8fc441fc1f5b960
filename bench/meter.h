// What a workload says besides its rate: latencies of single operations, and what they cost the process.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

#include "engine.h"

/// What the process has done so far.
struct ProcessUse {
  static ProcessUse Now();

  double processor_micros = 0;  ///< of all threads, the kernel's share included
  uint64_t bytes_read = 0;  ///< through system calls, from the page cache or not; mapped memory not among it
  uint64_t bytes_written = 0;  ///< the same
};

/// Measures from where it is made.
class Meter {
 public:
  Meter() : begin_(ProcessUse::Now()) {}

  /// Sets the rate of `operations`, and per operation the counters cpu_us, microseconds of processors, and
  /// read, bytes.
  void Report(benchmark::State* state, int64_t operations) const;

 private:
  const ProcessUse begin_;
};

/// Sets the counter written: bytes that flushes, merges and the log have written since the database was
/// opened, per operation.
void ReportWritten(benchmark::State* state, Engine* engine, int64_t operations);

/// Latencies of operations, in nanoseconds, in buckets a sixteenth of their value wide. Not thread-safe: one
/// per thread, put together with Merge.
class Latencies {
 public:
  void Add(std::chrono::nanoseconds latency) {
    const auto nanos = static_cast<uint64_t>(std::max<int64_t>(0, latency.count()));
    ++counts_[Bucket(nanos)];
    ++count_;
    max_ = std::max(max_, nanos);
  }
  void Merge(const Latencies& other);

  /// Microseconds that the given share (0 to 1) of the operations took at most.
  double Micros(double share) const;
  /// Sets the counters p50, p99, p999 and max, in microseconds; none when nothing was added.
  void Report(benchmark::State* state) const;

 private:
  static constexpr int kStepBits = 4;
  static constexpr size_t kSteps = size_t{1} << kStepBits;
  // Values below kSteps have a bucket each; each power of two above is divided into kSteps.
  static size_t Bucket(uint64_t nanos) {
    if (nanos < kSteps) return nanos;
    const auto shift = static_cast<size_t>(std::bit_width(nanos)) - 1 - kStepBits;
    return shift * kSteps + (nanos >> shift);
  }
  static double UpperEnd(size_t bucket);

  std::array<uint64_t, (64 - kStepBits + 1) * kSteps> counts_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

/// Times operations, each of them or every sixteenth: reading the clock twice takes some 50 ns, which would
/// be much of a read of 500 ns, but not of a write that may wait for the disk.
class LatencySampler {
 public:
  enum class Which { kEach, kEvery16th };
  explicit LatencySampler(Which which) : mask_(which == Which::kEach ? 0 : 15) {}

  template <typename Operation>
  void Run(Operation operation) {
    if ((++number_ & mask_) != 0) {
      operation();
      return;
    }
    const auto begin = std::chrono::steady_clock::now();
    operation();
    latencies_.Add(std::chrono::steady_clock::now() - begin);
  }
  const Latencies& latencies() const { return latencies_; }

 private:
  const uint64_t mask_;
  uint64_t number_ = 0;
  Latencies latencies_;
};
