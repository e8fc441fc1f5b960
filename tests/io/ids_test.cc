#include <array>
#include <set>
#include <thread>
#include <vector>

#include "io/env.h"
#include "io/random.h"
#include "io/system_ids.h"
#include "support/status.h"

namespace stoa {

TEST_CASE("random: the sequence is a function of the seed", "[io]") {
  // Goal: a seed reproduces a run. Method: two generators of one seed, one of another.
  Random a(1), b(1), c(2);
  for (int i = 0; i < 100; ++i) {
    const uint64_t value = a.Next();
    CHECK(value == b.Next());
    CHECK(value != c.Next());
  }
}

TEST_CASE("random: Uniform stays below its bound and is even", "[io]") {
  // Goal: no value is left out or preferred. Method: counts of a bound that does not divide 2^64.
  Random random(3);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts.at(random.Uniform(7));
  for (int count : counts) CHECK((count > 9'500 && count < 10'500));
  CHECK(random.Uniform(1) == 0);
  // Three quarters of all numbers: taking the remainder alone would put half of the values into the first
  // third.
  int in_first_third = 0;
  for (int i = 0; i < 30'000; ++i) in_first_third += random.Uniform(uint64_t{3} << 62) < uint64_t{1} << 62;
  CHECK((in_first_third > 9'500 && in_first_third < 10'500));
  CHECK(random.OneIn(1));
}

TEST_CASE("ids: unique across threads and sources, never 0", "[io]") {
  // Goal: ids may name files. Method: several sources in several threads.
  std::vector<std::vector<uint64_t>> drawn(4);
  SystemIdSource shared;
  std::vector<std::thread> threads;
  for (auto& ids : drawn) {
    threads.emplace_back([&ids, &shared] {
      SystemIdSource own;
      for (int i = 0; i < 1000; ++i) {
        ids.push_back(own.UniqueId());
        ids.push_back(shared.UniqueId());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint64_t> all = {0};
  for (const auto& ids : drawn) {
    for (uint64_t id : ids) CHECK(all.insert(id).second);
  }
}

TEST_CASE("ids: any one source of entropy may be stuck", "[io]") {
  // Goal: a broken generator or clock does not repeat ids. Method: hold each field at 0 in turn.
  using Entropy = SystemIdSource::Entropy;
  SystemIdSource source;
  for (uint64_t Entropy::*field : {&Entropy::random, &Entropy::wall_nanos, &Entropy::monotonic_nanos,
                                   &Entropy::process, &Entropy::address, &Entropy::counter}) {
    std::set<uint64_t> ids;
    for (int i = 0; i < 1000; ++i) {
      Entropy entropy = source.Gather();
      entropy.*field = 0;
      CHECK(ids.insert(SystemIdSource::Mix(entropy)).second);
    }
  }
  // And each field counts.
  Entropy entropy;
  std::set<uint64_t> ids = {SystemIdSource::Mix(entropy)};
  for (uint64_t Entropy::*field : {&Entropy::random, &Entropy::wall_nanos, &Entropy::monotonic_nanos,
                                   &Entropy::process, &Entropy::address, &Entropy::counter}) {
    Entropy changed;
    changed.*field = 1;
    CHECK(ids.insert(SystemIdSource::Mix(changed)).second);
  }
}

TEST_CASE("ids: counting ids count, and leave 0 out", "[io]") {
  // Goal: deterministic runs. Method: from 1, and across the wrap.
  CountingIdSource ids;
  CHECK(ids.UniqueId() == 1);
  CHECK(ids.UniqueId() == 2);
  CountingIdSource wrapping(~uint64_t{0});
  CHECK(wrapping.UniqueId() == ~uint64_t{0});
  CHECK(wrapping.UniqueId() == 1);
}

TEST_CASE("clock: the manual clock moves only when told", "[io]") {
  // Goal: time is an input of simulated runs. Method: both clocks after each change.
  ManualClock clock(1000);
  CHECK(clock.NowWallMicros() == 1000);
  CHECK(clock.NowMonotonicMicros() == 0);
  clock.Advance(5);
  CHECK(clock.NowWallMicros() == 1005);
  CHECK(clock.NowMonotonicMicros() == 5);
  clock.SetWall(-7);
  CHECK(clock.NowWallMicros() == -7);
  CHECK(clock.NowMonotonicMicros() == 5);
}

TEST_CASE("env: the system environment has working parts", "[io]") {
  // Goal: the wiring. Method: use each part once.
  SystemEnv system(1);
  Env& env = system.env();
  CHECK(env.clock.NowWallMicros() > 1'600'000'000'000'000);
  const int64_t before = env.clock.NowMonotonicMicros();
  CHECK(env.clock.NowMonotonicMicros() >= before);
  CHECK(env.ids.UniqueId() != env.ids.UniqueId());
  REQUIRE_OK(env.file_system.OpenDirectory("/"));
  bool ran = false;
  env.executor.Schedule(JobPriority::kFlush, NewFunctionJob("test", [&] { ran = true; }));
  env.executor.Drain();
  CHECK(ran);
}

}  // namespace stoa
