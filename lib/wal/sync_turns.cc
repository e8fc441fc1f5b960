#include "wal/sync_turns.h"

#include <algorithm>
#include <utility>

namespace stoa {

/// On the stack of who waits.
struct SyncTurns::Waiter {
  enum class Word : uint8_t { kDurable = 1, kAgain };

  const uint64_t target;
  Waiter* next = nullptr;
  Notice<Word> word = {};
};

bool SyncTurns::Take(uint64_t target) {
  for (bool counted = false;; counted = true) {
    Waiter self{target};
    int64_t gather_micros = 0;
    {
      MutexLock lock(&mutex_);
      if (!counted) ++present_;
      if (durable_.load(std::memory_order_acquire) >= target) {
        --present_;
        return false;
      }
      const bool gathered = gatherer_ != nullptr && present_ >= expected_;
      if (gathered) last_turns_alone_ = turns_alone_ = 0;
      if (!taken_ && (gathered || (gatherer_ == nullptr && !MustGather()))) {
        Begin();
        return true;
      }
      self.next = waiting_;
      waiting_ = &self;
      if (!taken_ && gatherer_ == nullptr) {
        gatherer_ = &self;
        gather_micros = last_micros_ / 2;
      }
    }
    if (gather_micros != 0 && !self.word.WaitFor(gather_micros).has_value()) {
      MutexLock lock(&mutex_);
      if (gatherer_ == &self) {  // not all have come
        turns_alone_ = last_turns_alone_ = std::clamp(2 * last_turns_alone_, 1U, kTurnsAloneMax);
        Remove(&self);
        Begin();
        return true;
      }
    }
    if (self.word.WaitLong() == Waiter::Word::kDurable) return false;
  }
}

void SyncTurns::Begin() {
  taken_ = true;
  gatherer_ = nullptr;
  if (clock_ != nullptr) began_at_ = clock_->NowMonotonicMicros();
}

/// Whether it is worth waiting for more to come.
bool SyncTurns::MustGather() {
  if (present_ >= expected_ || last_micros_ < 2 || !gathers_.load(std::memory_order_relaxed)) return false;
  if (turns_alone_ == 0) return true;
  --turns_alone_;
  return false;
}

void SyncTurns::Remove(const Waiter* waiter) {
  Waiter** place = &waiting_;
  while (*place != waiter) place = &(*place)->next;
  *place = waiter->next;
}

/// While anybody waits there is always one who has been told to see to the next turn, or who has it.
void SyncTurns::End() {
  Waiter* durable = nullptr;
  Waiter* again = nullptr;
  {
    MutexLock lock(&mutex_);
    if (clock_ != nullptr) last_micros_ = clock_->NowMonotonicMicros() - began_at_;
    expected_ = present_--;
    taken_ = false;
    for (Waiter** place = &waiting_; *place != nullptr;) {
      Waiter* const waiter = *place;
      if (waiter->target > durable_.load(std::memory_order_acquire)) {
        place = &waiter->next;
        continue;
      }
      *place = waiter->next;
      waiter->next = durable;
      durable = waiter;
      --present_;
    }
    if (waiting_ != nullptr) again = std::exchange(waiting_, waiting_->next);
  }
  if (again != nullptr) again->word.Give(Waiter::Word::kAgain);
  for (Waiter *waiter = durable, *next = nullptr; waiter != nullptr; waiter = next) {
    next = waiter->next;  // he is gone as soon as he has been told
    waiter->word.Give(Waiter::Word::kDurable);
  }
}

}  // namespace stoa
