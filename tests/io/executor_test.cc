// The executor without threads.
#include "io/manual_executor.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "support/catch.h"

namespace stoa {
namespace {

/// A job of several steps that writes its name into a log at each.
class LoggingJob : public Job {
 public:
  LoggingJob(std::string name, int steps, std::string* log)
      : name_(std::move(name)), steps_(steps), log_(log) {}
  std::string_view name() const override { return name_; }
  Progress Step() override {
    *log_ += name_;
    return --steps_ > 0 ? Progress::kMore : Progress::kDone;
  }

 private:
  const std::string name_;
  int steps_;
  std::string* const log_;
};

std::string OrderOf(uint64_t seed) {
  ManualClock clock(0);
  ManualExecutor executor(clock, seed);
  std::string log;
  for (const char* name : {"a", "b", "c"}) {
    executor.Schedule(JobPriority::kFlush, std::make_unique<LoggingJob>(name, 4, &log));
  }
  executor.RunAll();
  return log;
}

}  // namespace

TEST_CASE("manual executor: the order is a function of the seed, and differs between seeds", "[io]") {
  // Goal: runs can be repeated and varied. Method: three jobs of four steps under many seeds.
  std::vector<std::string> orders;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::string order = OrderOf(seed);
    CHECK(order == OrderOf(seed));
    CHECK(std::count(order.begin(), order.end(), 'a') == 4);
    CHECK(order.size() == 12);
    orders.push_back(order);
  }
  std::sort(orders.begin(), orders.end());
  CHECK(std::unique(orders.begin(), orders.end()) - orders.begin() > 40);
}

TEST_CASE("manual executor: RunOne runs one step", "[io]") {
  // Goal: a caller can stop between any two steps. Method: count the steps.
  ManualClock clock(0);
  ManualExecutor executor(clock, 1);
  std::string log;
  executor.Schedule(JobPriority::kFlush, std::make_unique<LoggingJob>("a", 2, &log));
  CHECK(executor.RunOne());
  CHECK(log == "a");
  CHECK(executor.RunOne());
  CHECK_FALSE(executor.RunOne());
  CHECK(log == "aa");
}

TEST_CASE("manual executor: delayed jobs wait for the clock", "[io]") {
  // Goal: time is virtual. Method: advance the clock to just before and just at the moment.
  ManualClock clock(0);
  ManualExecutor executor(clock, 1);
  std::string log;
  executor.ScheduleAfter(10, JobPriority::kFlush, std::make_unique<LoggingJob>("a", 1, &log));
  clock.Advance(9);
  CHECK_FALSE(executor.RunOne());
  clock.Advance(1);
  CHECK(executor.RunOne());
  CHECK(log == "a");
}

TEST_CASE("manual executor: Wait runs jobs without the mutex, lets time pass, and reports a deadlock",
          "[io]") {
  // Goal: a blocking caller works without threads. Method: a condition that a delayed job of two steps
  // fulfils, then one that nobody will.
  ManualClock clock(0);
  ManualExecutor executor(clock, 1);
  Mutex mutex;
  CondVar changed;
  int done = 0;
  const auto job = [&] {
    MutexLock lock(&mutex);
    ++done;
    changed.SignalAll();
  };
  executor.Schedule(JobPriority::kCommit, NewFunctionJob("now", job));
  executor.ScheduleAfter(100, JobPriority::kCommit, NewFunctionJob("later", job));
  executor.ScheduleAfter(50, JobPriority::kCommit, NewFunctionJob("sooner", job));
  MutexLock lock(&mutex);
  CHECK(executor.Wait(&mutex, &changed));
  CHECK(done == 1);
  CHECK(clock.NowMonotonicMicros() == 0);
  CHECK(executor.Wait(&mutex, &changed));
  CHECK(done == 2);
  CHECK(clock.NowMonotonicMicros() == 50);
  CHECK(executor.Wait(&mutex, &changed));
  CHECK(done == 3);
  CHECK(clock.NowMonotonicMicros() == 100);
  CHECK_FALSE(executor.Wait(&mutex, &changed));
}

TEST_CASE("manual executor: a job that waits lets the others run, not itself", "[io]") {
  // Goal: jobs may depend on each other. Method: one job waits inside its step for another's.
  for (uint64_t seed = 0; seed < 20; ++seed) {
    ManualClock clock(0);
    ManualExecutor executor(clock, seed);
    Mutex mutex;
    CondVar changed;
    bool fulfilled = false;
    bool waited = false;
    executor.Schedule(JobPriority::kFlush, NewFunctionJob("waits", [&] {
                        MutexLock lock(&mutex);
                        while (!fulfilled) REQUIRE(executor.Wait(&mutex, &changed));
                        waited = true;
                      }));
    executor.Schedule(JobPriority::kFlush, NewFunctionJob("fulfils", [&] {
                        MutexLock lock(&mutex);
                        fulfilled = true;
                      }));
    executor.RunAll();
    CHECK(waited);
  }
}

TEST_CASE("manual executor: Drain runs what is scheduled, also by jobs, and drops what is delayed", "[io]") {
  // Goal: closing a database leaves no job behind. Method: a job that schedules another, and a delayed one.
  ManualClock clock(0);
  ManualExecutor executor(clock, 1);
  std::string log;
  executor.Schedule(JobPriority::kFlush, NewFunctionJob("parent", [&] {
                      executor.Schedule(JobPriority::kFlush, std::make_unique<LoggingJob>("child", 1, &log));
                      executor.ScheduleAfter(1, JobPriority::kFlush,
                                             std::make_unique<LoggingJob>("never", 1, &log));
                    }));
  executor.Drain();
  clock.Advance(10);
  executor.Drain();
  CHECK(log == "child");
}

}  // namespace stoa
