// The data of all workloads: sensors that report together once a second, each four values with two decimals
// that wander.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

inline constexpr int64_t kSensors = 1000;
inline constexpr size_t kColumns = 4;

struct Sample {
  int64_t sensor;  // from 0
  int64_t time;    // milliseconds since 1970
  std::array<double, kColumns> values;
};

/// The same for every engine and every run. In the order of arrival: all sensors of a second, then the next
/// second.
class Series {
 public:
  explicit Series(size_t rows, int64_t sensors = kSensors);

  const std::vector<Sample>& samples() const { return samples_; }
  /// Every sensor has reported at ticks 0 to ticks() - 1.
  int64_t ticks() const { return static_cast<int64_t>(samples_.size()) / sensors_; }
  const Sample& at(int64_t sensor, int64_t tick) const {
    return samples_[static_cast<size_t>(tick * sensors_ + sensor)];
  }

  /// When `sensor` reports at `tick`: each second, up to 9 ms late. Computed, so that choosing a key costs no
  /// memory access.
  static int64_t Time(int64_t sensor, int64_t tick);
  /// A time close to that one at which no sensor ever reports.
  static int64_t AbsentTime(int64_t sensor, int64_t tick) { return Time(sensor, tick) + 500; }

 private:
  const int64_t sensors_;
  std::vector<Sample> samples_;
};

/// A fast generator of 64-bit numbers (splitmix64), for choosing keys.
class KeyChooser {
 public:
  explicit KeyChooser(uint64_t seed) : state_(seed) {}
  int64_t Below(int64_t bound) { return static_cast<int64_t>(Next() % static_cast<uint64_t>(bound)); }
  uint64_t Next() { return Mix(state_ += 0x9E3779B97F4A7C15u); }
  static uint64_t Mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
  }

 private:
  uint64_t state_;
};
