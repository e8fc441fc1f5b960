// The seam to threads: all background work is jobs given to an Executor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "io/sync.h"

namespace stoa {

/// Background work as a state machine. A job does a bounded piece of work per Step (about one block), never
/// sleeps and owns no thread, so that a single-threaded executor can interleave jobs at will.
class Job {
 public:
  enum class Progress { kMore, kDone };

  virtual ~Job() = default;
  /// For traces.
  virtual std::string_view name() const = 0;
  virtual Progress Step() = 0;
};

enum class JobPriority : uint8_t { kCommit, kFlush, kCompaction };

class Executor {
 public:
  virtual ~Executor() = default;

  /// Runs `job` until done, each job on one thread at a time, higher priorities first. Thread-safe.
  virtual void Schedule(JobPriority priority, std::unique_ptr<Job> job) = 0;

  /// Runs `job` for the first time when `delay_micros` have passed.
  virtual void ScheduleAfter(int64_t delay_micros, JobPriority priority, std::unique_ptr<Job> job) = 0;

  /// Blocks the caller until `changed` may have been signalled; `mutex` is held on entry and on return.
  /// Callers loop over their condition. The single-threaded executor runs a job instead of blocking; it
  /// returns false when no job is left to run, which for a waiting caller is a deadlock.
  virtual bool Wait(Mutex* mutex, CondVar* changed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) = 0;

  /// Holds the caller up for `micros`, while others work. The single-threaded executor runs a step of a job,
  /// or lets the time pass when there is none.
  virtual void Pause(int64_t micros) = 0;

  /// Waits until every scheduled job is done, delayed ones excepted, which are dropped.
  virtual void Drain() = 0;
};

/// Runs jobs on `thread_count` threads; the destructor drains.
std::unique_ptr<Executor> NewThreadPoolExecutor(int thread_count);

/// Wraps a function as a job of a single step.
std::unique_ptr<Job> NewFunctionJob(std::string_view name, std::function<void()> function);

}  // namespace stoa
