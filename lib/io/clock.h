// The seam to time. Nothing outside lib/io reads a clock.
#pragma once

#include <atomic>
#include <cstdint>

namespace stoa {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;

class Clock {
 public:
  virtual ~Clock() = default;
  /// Microseconds since 1970-01-01 UTC; may jump.
  virtual int64_t NowWallMicros() = 0;
  /// The same in seconds, and at less cost where it may lag behind by a few milliseconds: for expiry.
  virtual int64_t NowWallSeconds() { return NowWallMicros() / kMicrosPerSecond; }
  /// Microseconds since some fixed point; never goes back.
  virtual int64_t NowMonotonicMicros() = 0;
};

/// A clock that stands still until told otherwise, for tests and simulation. Thread-safe.
class ManualClock : public Clock {
 public:
  explicit ManualClock(int64_t wall_micros) : wall_micros_(wall_micros) {}
  int64_t NowWallMicros() override { return wall_micros_.load(); }
  int64_t NowMonotonicMicros() override { return monotonic_micros_.load(); }
  /// Lets time pass, on both clocks.
  void Advance(int64_t micros) {
    wall_micros_ += micros;
    monotonic_micros_ += micros;
  }
  /// Somebody sets the wall clock.
  void SetWall(int64_t wall_micros) { wall_micros_ = wall_micros; }

 private:
  std::atomic<int64_t> wall_micros_;
  std::atomic<int64_t> monotonic_micros_{0};
};

}  // namespace stoa
