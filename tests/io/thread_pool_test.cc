// The executor with threads. What these tests wait for always comes; nothing here depends on how long it
// takes.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/executor.h"
#include "support/catch.h"

namespace stoa {
namespace {

/// Something a test waits for.
class Event {
 public:
  void Set() {
    MutexLock lock(&mutex_);
    set_ = true;
    changed_.SignalAll();
  }
  void Wait() {
    MutexLock lock(&mutex_);
    while (!set_) changed_.Wait(&mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool set_ ABSL_GUARDED_BY(mutex_) = false;
};

/// Counts its steps without synchronisation: the executor must order them.
class CountingJob : public Job {
 public:
  CountingJob(int steps, std::atomic<int>* total) : steps_(steps), total_(total) {}
  std::string_view name() const override { return "counting"; }
  Progress Step() override {
    ++unsynchronized_;
    ++*total_;
    return unsynchronized_ < steps_ ? Progress::kMore : Progress::kDone;
  }

 private:
  const int steps_;
  std::atomic<int>* const total_;
  int unsynchronized_ = 0;
};

}  // namespace

TEST_CASE("thread pool: every step of every job runs, one thread at a time for each job", "[io]") {
  // Goal: no step is lost or doubled. Method: many jobs on four threads; the thread sanitizer watches their
  // counters.
  std::atomic<int> total = 0;
  {
    auto executor = NewThreadPoolExecutor(4);
    for (int i = 0; i < 200; ++i) {
      executor->Schedule(static_cast<JobPriority>(i % 3), std::make_unique<CountingJob>(i, &total));
    }
    executor->Drain();
    CHECK(total == 200 * 199 / 2 + 1);  // a job of no steps makes one
    executor->Schedule(JobPriority::kFlush, std::make_unique<CountingJob>(5, &total));
  }
  CHECK(total == 200 * 199 / 2 + 6);
}

TEST_CASE("thread pool: higher priorities go first, also between the steps of a job", "[io]") {
  // Goal: a long compaction does not hold up a commit. Method: one thread is kept busy while jobs queue up.
  auto executor = NewThreadPoolExecutor(1);
  Event started, go;
  Mutex mutex;
  std::string log;
  const auto log_job = [&](const char* name) {
    return NewFunctionJob(name, [&log, &mutex, name] {
      MutexLock lock(&mutex);
      log += name;
    });
  };
  /// Two steps; between them the others have been scheduled.
  class Long : public Job {
   public:
    Long(Event* started, Event* go, std::string* log) : started_(started), go_(go), log_(log) {}
    std::string_view name() const override { return "long"; }
    Progress Step() override {
      if (++steps_ == 2) {
        *log_ += "L";
        return Progress::kDone;
      }
      started_->Set();
      go_->Wait();
      return Progress::kMore;
    }

   private:
    Event* const started_;
    Event* const go_;
    std::string* const log_;
    int steps_ = 0;
  };
  executor->Schedule(JobPriority::kFlush, std::make_unique<Long>(&started, &go, &log));
  started.Wait();
  executor->Schedule(JobPriority::kCompaction, log_job("c"));
  executor->Schedule(JobPriority::kFlush, log_job("f"));
  executor->Schedule(JobPriority::kCommit, log_job("w"));
  go.Set();
  executor->Drain();
  CHECK(log == "wfLc");
}

TEST_CASE("thread pool: delayed jobs run, and Drain drops those that have not begun", "[io]") {
  // Goal: timers work and do not hold up closing. Method: a short delay is waited for, an endless one is
  // dropped.
  auto executor = NewThreadPoolExecutor(2);
  Event ran;
  executor->ScheduleAfter(1000, JobPriority::kCommit, NewFunctionJob("soon", [&] { ran.Set(); }));
  ran.Wait();
  auto destroyed = std::make_shared<Event>();
  std::weak_ptr<Event> watcher = destroyed;
  executor->ScheduleAfter(int64_t{1} << 50, JobPriority::kCommit, NewFunctionJob("never", [destroyed] {}));
  destroyed.reset();
  CHECK_FALSE(watcher.expired());
  executor->Drain();
  CHECK(watcher.expired());
}

TEST_CASE("thread pool: Wait wakes up when signalled", "[io]") {
  // Goal: a caller can block for a job. Method: the condition is set by a job.
  auto executor = NewThreadPoolExecutor(1);
  Mutex mutex;
  CondVar changed;
  bool done = false;
  executor->Schedule(JobPriority::kCommit, NewFunctionJob("set", [&] {
                       MutexLock lock(&mutex);
                       done = true;
                       changed.SignalAll();
                     }));
  {
    MutexLock lock(&mutex);
    while (!done) CHECK(executor->Wait(&mutex, &changed));
  }
  executor->Drain();
}

TEST_CASE("thread pool: jobs may schedule jobs, and Drain waits for those too", "[io]") {
  // Goal: a flush may order a compaction. Method: a chain.
  auto executor = NewThreadPoolExecutor(3);
  std::atomic<int> runs = 0;
  std::function<void()> chain = [&] {
    if (++runs < 100) executor->Schedule(JobPriority::kFlush, NewFunctionJob("link", chain));
  };
  executor->Schedule(JobPriority::kFlush, NewFunctionJob("link", chain));
  executor->Drain();
  CHECK(runs == 100);
}

}  // namespace stoa
