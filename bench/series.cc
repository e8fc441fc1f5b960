#include "series.h"

namespace {

constexpr int64_t kFirstTime = 1'700'000'000'000;

}  // namespace

int64_t Series::Time(int64_t sensor, int64_t tick) {
  const auto jitter =
      static_cast<int64_t>(KeyChooser::Mix(static_cast<uint64_t>(sensor * 1'000'003 + tick)) % 10);
  return kFirstTime + tick * 1000 + jitter;
}

Series::Series(size_t rows, int64_t sensors) : sensors_(sensors) {
  const int64_t ticks = (static_cast<int64_t>(rows) + sensors - 1) / sensors;
  samples_.reserve(static_cast<size_t>(ticks * sensors));
  KeyChooser random(42);
  std::vector<std::array<int64_t, kColumns>> hundredths(static_cast<size_t>(sensors));
  for (auto& walk : hundredths) {
    for (int64_t& value : walk) value = 2000 + random.Below(1000);
  }
  for (int64_t tick = 0; tick < ticks; ++tick) {
    for (int64_t sensor = 0; sensor < sensors; ++sensor) {
      Sample sample{sensor, Time(sensor, tick), {}};
      for (size_t column = 0; column < kColumns; ++column) {
        int64_t& value = hundredths[static_cast<size_t>(sensor)][column];
        value += random.Below(21) - 10;
        sample.values[column] = static_cast<double>(value) / 100;
      }
      samples_.push_back(sample);
    }
  }
}
