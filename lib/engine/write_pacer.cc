#include "engine/write_pacer.h"

#include <algorithm>
#include <cmath>

namespace stoa {
namespace {

/// The share of the memory from which on writers are paced: half of it is being flushed while the other half
/// is written to.
constexpr double kBegin = 0.6;

}  // namespace

std::optional<int64_t> WritePacer::Delay(uint64_t used_bytes, int64_t now_micros) {
  const auto used = static_cast<double>(used_bytes);
  const double room = bytes_max_ - used;
  if (room <= 0) return std::nullopt;
  MutexLock lock(&mutex_);
  const double decay_micros = flush_micros_ / 2 * slowdown_;
  const double passed = static_cast<double>(now_micros - since_micros_);
  // Pacing begins, memory was given back, or nobody has written for long: from here.
  if (used < last_used_ || room_ == 0 || passed > 8 * decay_micros) {
    since_micros_ = now_micros;
    room_ = room;
  }
  last_used_ = used;
  const double due_micros = decay_micros * std::log(room_ / room);
  const double wait = due_micros - static_cast<double>(now_micros - since_micros_);
  return wait < static_cast<double>(kPauseMicrosMin) ? 0 : static_cast<int64_t>(wait);
}

void WritePacer::NoteFlush(int64_t micros) {
  MutexLock lock(&mutex_);
  flush_micros_ += (static_cast<double>(std::max<int64_t>(micros, 1000)) - flush_micros_) / 4;
}

void WritePacer::SetSlowdown(double slowdown) {
  MutexLock lock(&mutex_);
  slowdown_ = std::max(slowdown, 1.0);
  begin_bytes_.store(static_cast<uint64_t>(bytes_max_ * kBegin / slowdown_), std::memory_order_relaxed);
}

}  // namespace stoa
