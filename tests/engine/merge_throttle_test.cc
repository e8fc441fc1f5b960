#include "engine/merge_throttle.h"

#include <algorithm>

#include "io/random.h"
#include "support/catch.h"

namespace stoa {
namespace {

// Goal: over time the rate is exact whatever steps cost, of reading and of writing each; waits are neither
// long nor tiny. Method: merges of a hundred seconds' worth of random steps, on a clock that only waiting
// moves.
TEST_CASE("merge throttle: the rate is exact") {
  constexpr uint64_t kRate = 1 << 20;
  for (const bool writes : {false, true}) {
    MergeThrottle throttle(kRate);
    Random random(1);
    int64_t now = 1'000'000'000;
    const int64_t begin = now;
    uint64_t bytes = 0;
    while (bytes < 100 * kRate) {
      const auto step = static_cast<int64_t>(random.Uniform(random.OneIn(100) ? 1 << 20 : 1 << 12));
      bytes += static_cast<uint64_t>(step);
      throttle.Charge(writes ? step / 2 : step, writes ? step : step / 2, now);
      while (const int64_t wait = throttle.NextWait(now)) {
        REQUIRE(wait >= MergeThrottle::kWaitMicrosMin);
        REQUIRE(wait <= MergeThrottle::kWaitMicrosMax);
        now += wait;
      }
    }
    CHECK(now - begin >= 99'900'000);
    CHECK(now - begin <= 101'100'000);
    CHECK(throttle.waited_micros() == now - begin);
  }
}

// Goal: reading and writing by turns is no slower than the larger of the two, unless the turns are long:
// nobody is far in advance. Method: turns of half a second's and of ten seconds' worth.
TEST_CASE("merge throttle: by turns") {
  const auto seconds = [](int64_t turn_bytes) {
    MergeThrottle throttle(1'000'000);
    int64_t now = 0;
    for (int i = 0; i < 100; ++i) {
      throttle.Charge(i % 2 == 0 ? turn_bytes : 0, i % 2 == 0 ? 0 : turn_bytes, now);
      while (const int64_t wait = throttle.NextWait(now)) now += wait + 10;
    }
    return now / 1'000'000;
  };
  CHECK(seconds(500'000) == 25);
  CHECK(seconds(10'000'000) >= 900);
}

// Goal: who does nothing saves nothing up; estimates that shrink are given back; without a limit, and while
// it is lifted, nobody waits, then or for it later. Method: each of them.
TEST_CASE("merge throttle: idle, shrinking, lifted, none") {
  MergeThrottle throttle(1'000'000);
  throttle.Charge(0, 0, 10);
  CHECK(throttle.NextWait(50'000'000) == 0);
  throttle.Charge(30'000, 50'000, 50'000'000);
  CHECK(throttle.NextWait(50'000'000) == 50'000);
  throttle.Charge(0, -30'000, 50'000'000);
  CHECK(throttle.NextWait(50'000'000) == 30'000);
  throttle.SetLifted(true);
  CHECK(throttle.NextWait(50'000'000) == 0);
  throttle.Charge(1'000'000'000, 0, 50'000'000);
  throttle.SetLifted(false);
  CHECK(throttle.NextWait(50'000'000) == 0);

  MergeThrottle none(0);
  none.Charge(INT64_MAX, INT64_MAX, 0);
  CHECK(none.NextWait(0) == 0);
  CHECK(none.waited_micros() == 0);
}

}  // namespace
}  // namespace stoa
