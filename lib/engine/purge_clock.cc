#include "engine/purge_clock.h"

namespace stoa {
namespace {

constexpr int64_t kHourMicros = 3600 * kMicrosPerSecond;

}  // namespace

PurgeClock::PurgeClock(Clock& clock)
    : clock_(clock), wall_(clock.NowWallMicros()), monotonic_(clock.NowMonotonicMicros()) {}

int64_t PurgeClock::NowSeconds() {
  MutexLock lock(&mutex_);
  const int64_t wall = clock_.NowWallMicros();
  const int64_t monotonic = clock_.NowMonotonicMicros();
  const int64_t expected = wall_ + (monotonic - monotonic_);
  if (wall - expected > kHourMicros) {
    if (!doubted_since_.has_value()) doubted_since_ = monotonic;
    if (monotonic - *doubted_since_ <= kHourMicros) return expected / kMicrosPerSecond;
  }
  doubted_since_.reset();
  wall_ = wall;
  monotonic_ = monotonic;
  return wall / kMicrosPerSecond;
}

}  // namespace stoa
