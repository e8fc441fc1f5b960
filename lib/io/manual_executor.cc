#include "io/manual_executor.h"

#include <algorithm>
#include <utility>

namespace stoa {

void ManualExecutor::Schedule(JobPriority, std::unique_ptr<Job> job) { runnable_.push_back(std::move(job)); }

void ManualExecutor::ScheduleAfter(int64_t delay_micros, JobPriority, std::unique_ptr<Job> job) {
  delayed_.push_back({clock_.NowMonotonicMicros() + delay_micros, std::move(job)});
}

bool ManualExecutor::RunOne() {
  ReleaseDue();
  if (runnable_.empty()) return false;
  std::swap(runnable_[random_.Uniform(runnable_.size())], runnable_.back());
  // Taken out while it runs: a step may wait for other jobs, and must not be entered again meanwhile.
  std::unique_ptr<Job> job = std::move(runnable_.back());
  runnable_.pop_back();
  if (job->Step() == Job::Progress::kMore) runnable_.push_back(std::move(job));
  return true;
}

void ManualExecutor::RunAll() {
  while (RunOne()) {
  }
}

bool ManualExecutor::Wait(Mutex* mutex, CondVar*) {
  mutex->Unlock();
  bool ran = RunOne();
  if (!ran && !delayed_.empty()) {
    const auto first = std::min_element(delayed_.begin(), delayed_.end(),
                                        [](auto& a, auto& b) { return a.due_micros < b.due_micros; });
    clock_.Advance(first->due_micros - clock_.NowMonotonicMicros());
    ran = RunOne();
  }
  mutex->Lock();
  return ran;
}

void ManualExecutor::Pause(int64_t micros) {
  if (!RunOne()) clock_.Advance(micros);
}

void ManualExecutor::Drain() {
  RunAll();
  delayed_.clear();
}

void ManualExecutor::ReleaseDue() {
  const int64_t now = clock_.NowMonotonicMicros();
  for (size_t i = 0; i < delayed_.size();) {
    if (delayed_[i].due_micros <= now) {
      runnable_.push_back(std::move(delayed_[i].job));
      delayed_.erase(delayed_.begin() + static_cast<ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
}

}  // namespace stoa
