#include "io/system_ids.h"

#include <sys/random.h>
#include <unistd.h>

#include <chrono>
#include <string_view>

#include "base/hash.h"

namespace stoa {
namespace {

template <typename StdClock>
uint64_t Nanos() {
  const auto since = StdClock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

}  // namespace

SystemIdSource::Entropy SystemIdSource::Gather() {
  Entropy entropy;
  uint64_t random = 0;
  // Without blocking and without retrying: the other sources stand in when the kernel has none to give.
  if (getrandom(&random, sizeof(random), GRND_NONBLOCK) == sizeof(random)) entropy.random = random;
  entropy.wall_nanos = Nanos<std::chrono::system_clock>();
  entropy.monotonic_nanos = Nanos<std::chrono::steady_clock>();
  entropy.process = static_cast<uint64_t>(getpid());
  entropy.address = reinterpret_cast<uintptr_t>(&random) ^ (reinterpret_cast<uintptr_t>(this) << 16);
  entropy.counter = counter_.fetch_add(1, std::memory_order_relaxed);
  return entropy;
}

uint64_t SystemIdSource::Mix(const Entropy& entropy) {
  static_assert(sizeof(Entropy) == 6 * sizeof(uint64_t));
  return Hash64(std::string_view(reinterpret_cast<const char*>(&entropy), sizeof(entropy)));
}

uint64_t SystemIdSource::UniqueId() {
  uint64_t id = 0;
  while (id == 0) id = Mix(Gather());
  return id;
}

}  // namespace stoa
