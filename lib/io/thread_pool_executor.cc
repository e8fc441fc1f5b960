#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "io/executor.h"

namespace stoa {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// One queue per priority and a sorted list of delayed jobs, under one mutex. A job that wants more steps
/// goes to the back of its queue: jobs of one priority take turns, and a higher priority waits for at most a
/// step.
class ThreadPoolExecutor : public Executor {
 public:
  explicit ThreadPoolExecutor(int thread_count) {
    STOA_DCHECK(thread_count > 0);
    for (int i = 0; i < thread_count; ++i) threads_.emplace_back([this] { RunThread(); });
  }

  ~ThreadPoolExecutor() override {
    Drain();
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
      work_.SignalAll();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  void Schedule(JobPriority priority, std::unique_ptr<Job> job) override {
    MutexLock lock(&mutex_);
    Enqueue({priority, std::move(job)});
  }

  void ScheduleAfter(int64_t delay_micros, JobPriority priority, std::unique_ptr<Job> job) override {
    MutexLock lock(&mutex_);
    delayed_.emplace(SteadyClock::now() + std::chrono::microseconds(delay_micros),
                     QueuedJob{priority, std::move(job)});
    work_.Signal();
  }

  bool Wait(Mutex* mutex, CondVar* changed) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    changed->Wait(mutex);
    return true;
  }

  void Pause(int64_t micros) override { std::this_thread::sleep_for(std::chrono::microseconds(micros)); }

  void Drain() override {
    DelayedJobs dropped;  // destroyed after the mutex is released: a job's destructor is foreign code
    MutexLock lock(&mutex_);
    while (pending_ > 0) idle_.Wait(&mutex_);
    dropped.swap(delayed_);
  }

 private:
  struct QueuedJob {
    JobPriority priority;
    std::unique_ptr<Job> job;
  };
  using DelayedJobs = std::multimap<SteadyClock::time_point, QueuedJob>;
  static constexpr size_t kPriorityCount = static_cast<size_t>(JobPriority::kCompaction) + 1;

  void Enqueue(QueuedJob queued) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ++pending_;
    queues_[static_cast<size_t>(queued.priority)].push_back(std::move(queued));
    work_.Signal();
  }

  void EnqueueExpired() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (delayed_.empty()) return;
    const auto now = SteadyClock::now();
    while (!delayed_.empty() && delayed_.begin()->first <= now) {
      Enqueue(std::move(delayed_.begin()->second));
      delayed_.erase(delayed_.begin());
    }
  }

  /// The next job to step; none when the executor is stopping.
  std::optional<QueuedJob> Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (true) {
      EnqueueExpired();
      for (auto& queue : queues_) {
        if (queue.empty()) continue;
        QueuedJob taken = std::move(queue.front());
        queue.pop_front();
        return taken;
      }
      if (stopping_) return std::nullopt;
      if (delayed_.empty()) {
        work_.Wait(&mutex_);
      } else {
        const auto left = delayed_.begin()->first - SteadyClock::now();
        const int64_t micros = std::chrono::ceil<std::chrono::microseconds>(left).count();
        work_.WaitFor(&mutex_, std::max<int64_t>(micros, 0));
      }
    }
  }

  void RunThread() {
    mutex_.Lock();
    while (std::optional<QueuedJob> taken = Take()) {
      mutex_.Unlock();
      const bool more = taken->job->Step() == Job::Progress::kMore;
      if (!more) taken->job.reset();
      mutex_.Lock();
      if (more) Enqueue(std::move(*taken));
      if (--pending_ == 0) idle_.SignalAll();
    }
    mutex_.Unlock();
  }

  Mutex mutex_;
  CondVar work_;
  CondVar idle_;
  std::array<std::deque<QueuedJob>, kPriorityCount> queues_ ABSL_GUARDED_BY(mutex_);
  DelayedJobs delayed_ ABSL_GUARDED_BY(mutex_);
  /// Jobs queued or being stepped.
  size_t pending_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Executor> NewThreadPoolExecutor(int thread_count) {
  return std::make_unique<ThreadPoolExecutor>(thread_count);
}

}  // namespace stoa
