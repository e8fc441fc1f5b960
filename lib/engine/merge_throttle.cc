#include "engine/merge_throttle.h"

#include <algorithm>

namespace stoa {

void MergeThrottle::Charge(int64_t bytes_read, int64_t bytes_written, int64_t now_micros) {
  if (bytes_per_second_ == 0) return;
  MutexLock lock(&mutex_);
  if (lifted_) return;
  const auto cost = [this](int64_t bytes) {
    return static_cast<double>(bytes) * 1e6 / static_cast<double>(bytes_per_second_);
  };
  const double idle = static_cast<double>(now_micros) - PaidUntil();
  read_until_micros_ += std::max(idle, 0.0) + cost(bytes_read);
  written_until_micros_ += std::max(idle, 0.0) + cost(bytes_written);
  const double least = PaidUntil() - kApartMicrosMax;
  read_until_micros_ = std::max(read_until_micros_, least);
  written_until_micros_ = std::max(written_until_micros_, least);
}

double MergeThrottle::PaidUntil() const { return std::max(read_until_micros_, written_until_micros_); }

int64_t MergeThrottle::NextWait(int64_t now_micros) {
  if (bytes_per_second_ == 0) return 0;
  MutexLock lock(&mutex_);
  const double ahead = PaidUntil() - static_cast<double>(now_micros);
  if (lifted_ || ahead < static_cast<double>(kWaitMicrosMin)) return 0;
  const auto wait = static_cast<int64_t>(std::min(ahead, static_cast<double>(kWaitMicrosMax)));
  waited_micros_.fetch_add(wait, std::memory_order_relaxed);
  return wait;
}

void MergeThrottle::SetLifted(bool lifted) {
  MutexLock lock(&mutex_);
  lifted_ = lifted;
  if (lifted) read_until_micros_ = written_until_micros_ = 0;
}

}  // namespace stoa
