// The executor without threads: the caller decides when background work happens, a seed decides which.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "io/clock.h"
#include "io/executor.h"
#include "io/random.h"

namespace stoa {

/// Runs jobs on the calling thread, one step at a time, each step of a job drawn at random among all that
/// could run: whatever their priority, for an order that the engine must not depend on is the order to test.
/// Runs with equal seeds and equal calls are equal. Jobs left over are destroyed unfinished with the
/// executor. Not thread-safe. Delays are measured by `clock`, which outlives the executor.
class ManualExecutor : public Executor {
 public:
  ManualExecutor(ManualClock& clock, uint64_t seed) : clock_(clock), random_(seed) {}

  void Schedule(JobPriority priority, std::unique_ptr<Job> job) override;
  void ScheduleAfter(int64_t delay_micros, JobPriority priority, std::unique_ptr<Job> job) override;

  /// Runs one step of a job, without `mutex`; when only delayed jobs are left, lets time pass until the first
  /// may run. Returns false when there is no job at all.
  bool Wait(Mutex* mutex, CondVar* changed) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Pause(int64_t micros) override;
  void Drain() override;

  /// Runs one step of a job that may run now; returns false when there is none.
  bool RunOne();
  /// Runs jobs until none may run now. Jobs with a delay stay until the clock has passed it.
  void RunAll();

 private:
  struct DelayedJob {
    int64_t due_micros;
    std::unique_ptr<Job> job;
  };
  void ReleaseDue();

  ManualClock& clock_;
  Random random_;
  std::vector<std::unique_ptr<Job>> runnable_;
  std::vector<DelayedJob> delayed_;
};

}  // namespace stoa
