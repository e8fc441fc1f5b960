#include "engine/write_pacer.h"

#include <algorithm>
#include <cmath>

namespace stoa {
namespace {

/// The share of the memory from which on writers are paced: half of it is being flushed while the other half
/// is written to.
constexpr double kBegin = 0.6;

/// Who took less than he might have can make up for so much of it at once.
constexpr double kCreditMicros = 1000;

// Flushes vary, most of all with the disk. The time that is reckoned with is their mean and four times their
// mean deviation, as in V. Jacobson's estimate of round-trip times (1988).

}  // namespace

std::optional<int64_t> WritePacer::Delay(uint64_t used_bytes, int64_t now_micros) {
  const auto used = static_cast<double>(used_bytes);
  const double room = bytes_max_ - used;
  if (room <= 0) return std::nullopt;
  MutexLock lock(&mutex_);
  if (HasRoom(used_bytes)) {  // again
    room_ = 0;
    return 0;
  }
  const auto now = static_cast<double>(now_micros);
  if (room > room_) {  // memory was given back since
    short_since_micros_ = now_micros;
    room_ = room;
    due_micros_ = now;
  }
  // Below it is merges that writers are slowed down for; no flush is late.
  if (used <= bytes_max_ * kBegin) short_since_micros_ = now_micros;
  const double flush_micros = flush_micros_ + 4 * deviation_micros_;
  const double short_micros = static_cast<double>(now_micros - short_since_micros_);
  const double decay_micros = (short_micros < flush_micros ? flush_micros / 2 : short_micros) * slowdown_;
  due_micros_ = std::max(due_micros_, now - kCreditMicros) + decay_micros * std::log(room_ / room);
  room_ = room;
  const double wait = due_micros_ - now;
  return wait < static_cast<double>(kPauseMicrosMin) ? 0 : static_cast<int64_t>(wait);
}

void WritePacer::NoteFlush(int64_t micros) {
  MutexLock lock(&mutex_);
  const double difference = static_cast<double>(std::max<int64_t>(micros, 1000)) - flush_micros_;
  flush_micros_ += difference / 8;
  deviation_micros_ += (std::abs(difference) - deviation_micros_) / 4;
  room_ = 0;
}

void WritePacer::SetSlowdown(double slowdown) {
  MutexLock lock(&mutex_);
  slowdown = std::max(slowdown, 1.0);
  if (slowdown != slowdown_) room_ = 0;
  slowdown_ = slowdown;
  begin_bytes_.store(static_cast<uint64_t>(bytes_max_ * kBegin / slowdown_), std::memory_order_relaxed);
}

}  // namespace stoa
