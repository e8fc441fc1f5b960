// The environment of a simulated database: everything in it follows from a seed.
#pragma once

#include <cstdint>

#include "io/clock.h"
#include "io/env.h"
#include "io/manual_executor.h"
#include "io/random.h"
#include "io/sim_file_system.h"

namespace stoa {

class SimEnv {
 public:
  static constexpr int64_t kStartMicros = 1'700'000'000'000'000;

  SimEnv(SimFileSystem& files, uint64_t seed, int64_t wall_micros = kStartMicros)
      : clock(wall_micros), executor(clock, seed), ids(seed << 32 | 1), env(files, clock, executor, ids) {}

  ManualClock clock;
  ManualExecutor executor;
  CountingIdSource ids;
  Env env;
};

}  // namespace stoa
