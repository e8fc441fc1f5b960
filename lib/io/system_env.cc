#include <time.h>

#include <chrono>

#include "io/env.h"
#include "io/posix_file_system.h"
#include "io/system_ids.h"

namespace stoa {
namespace {

template <typename StdClock>
int64_t Micros() {
  const auto since = StdClock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

class SystemClock : public Clock {
 public:
  int64_t NowWallMicros() override { return Micros<std::chrono::system_clock>(); }
  int64_t NowWallSeconds() override {
    timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);  // as of the last tick of the kernel
    return now.tv_sec;
  }
  int64_t NowMonotonicMicros() override { return Micros<std::chrono::steady_clock>(); }
};

}  // namespace

struct SystemEnv::Parts {
  explicit Parts(int background_threads) : executor(NewThreadPoolExecutor(background_threads)) {}

  PosixFileSystem file_system;
  SystemClock clock;
  SystemIdSource ids;
  std::unique_ptr<Executor> executor;
  Env env{file_system, clock, *executor, ids};
};

SystemEnv::SystemEnv(int background_threads) : parts_(std::make_unique<Parts>(background_threads)) {}
SystemEnv::~SystemEnv() = default;

Env& SystemEnv::env() { return parts_->env; }

}  // namespace stoa
