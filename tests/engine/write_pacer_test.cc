#include "engine/write_pacer.h"

#include <algorithm>
#include <utility>

#include "support/catch.h"

namespace stoa {
namespace {

constexpr uint64_t kMemory = 1'000'000;
constexpr int64_t kFlushMicros = 100'000;

/// What becomes of a writer who writes as fast as he may: `row_bytes` every `write_micros`. A flush begins
/// when half of the memory is written, and gives it back after kFlushMicros.
struct Run {
  int64_t longest_wait = 0;
  int64_t rows = 0;
  int64_t out_of_room = 0;

  /// The flush in the middle takes `outlier` times as long as the others.
  Run(WritePacer& pacer, uint64_t row_bytes, int64_t write_micros, int64_t until_micros,
      int64_t outlier = 1) {
    int64_t now = 0;
    uint64_t used = 0, flushing = 0;
    int64_t flush_micros = 0, flush_ends = 0;
    int64_t waited = 0;
    while (now < until_micros) {
      if (flushing != 0 && now >= flush_ends) {
        used -= flushing;
        flushing = 0;
        pacer.NoteFlush(flush_micros);
      }
      if (flushing == 0 && used > kMemory / 2) {
        flushing = used;
        flush_micros = kFlushMicros;
        if (now > until_micros / 2) flush_micros *= std::exchange(outlier, 1);
        flush_ends = now + flush_micros;
      }
      const std::optional<int64_t> delay =
          pacer.HasRoom(used) ? std::optional<int64_t>(0) : pacer.Delay(used, now);
      if (!delay.has_value()) {
        ++out_of_room;
        now = flush_ends;
        continue;
      }
      if (*delay > 0) {
        waited += *delay;
        longest_wait = std::max(longest_wait, waited);
        now += *delay;
        continue;
      }
      waited = 0;
      used += row_bytes;
      ++rows;
      now += write_micros;
    }
  }
};

// Goal: a writer who is no faster than flushes never waits. Method: one at two thirds of their rate.
TEST_CASE("whom flushes can follow is not paced") {
  WritePacer pacer(kMemory);
  const Run run(pacer, 100, 30, 10'000'000);
  CHECK(run.longest_wait == 0);
  CHECK(run.rows == 10'000'000 / 30 + 1);
}

// Goal: one who is much faster waits often and never long, and is not slower than flushes. Method: at ten
// times their rate; a wait for a flush would be tenths of its time.
TEST_CASE("whom flushes cannot follow waits often and never long") {
  WritePacer pacer(kMemory);
  const Run run(pacer, 100, 1, 10'000'000);
  CHECK(run.out_of_room == 0);
  CHECK(run.longest_wait > 0);
  CHECK(run.longest_wait < kFlushMicros / 100);
  const int64_t flushable = 10'000'000 / kFlushMicros * static_cast<int64_t>(kMemory) / 2 / 100;
  CHECK(run.rows > flushable);
}

// Goal: one flush that takes twenty times its time, as when a disk takes long to sync, stops nobody. Method:
// the same writer; waiting for the flush would take him nineteen times the flush time.
TEST_CASE("a flush that takes much longer than others stops no writer [rule]") {
  WritePacer pacer(kMemory);
  const Run run(pacer, 10, 1, 10'000'000, 20);
  CHECK(run.out_of_room == 0);
  CHECK(run.longest_wait < kFlushMicros / 10);
}

// Goal: when merges do not follow, writers are given more time. Method: the same run with a slowdown.
TEST_CASE("a slowdown stretches the time") {
  WritePacer pacer(kMemory);
  const Run plain(pacer, 100, 1, 10'000'000);
  WritePacer slow(kMemory);
  slow.SetSlowdown(8);
  CHECK_FALSE(slow.HasRoom(kMemory / 10));
  CHECK(slow.HasRoom(kMemory / 20));
  const Run slowed(slow, 100, 1, 10'000'000);
  CHECK(slowed.out_of_room == 0);
  CHECK(slowed.rows < plain.rows * 2 / 3);
  slow.SetSlowdown(0);  // not below 1
  CHECK(slow.HasRoom(kMemory / 2));
}

// Goal: who is slowed down for merges waits as long for each write however long that goes on. Method: a
// writer who never gets to where memory is flushed; his first waits and those a thousand seconds later.
TEST_CASE("a slowdown does not grow with time") {
  WritePacer pacer(kMemory);
  pacer.SetSlowdown(8);
  CHECK(*pacer.Delay(kMemory / 10, 0) == 0);
  const int64_t first = *pacer.Delay(kMemory / 5, 0);
  CHECK(first > WritePacer::kPauseMicrosMin);
  CHECK(*pacer.Delay(kMemory / 4, 1'000'000'000) <= first);
}

// Goal: room that comes back while somebody waits is not held against him later. Method: one who asks again
// with all the room there is, and then after writing fast to where pacing begins.
TEST_CASE("what is written while there is room is not paced") {
  WritePacer pacer(kMemory);
  CHECK(pacer.Delay(kMemory * 7 / 10, 0) == 0);
  CHECK(*pacer.Delay(kMemory * 9 / 10, 10) > WritePacer::kPauseMicrosMin);
  CHECK(pacer.Delay(kMemory / 10, 1000) == 0);
  CHECK(pacer.Delay(kMemory * 61 / 100, 1001) == 0);
}

TEST_CASE("without room there is no delay that helps") {
  WritePacer pacer(kMemory);
  CHECK_FALSE(pacer.Delay(kMemory, 0).has_value());
  CHECK_FALSE(pacer.Delay(kMemory + 1, 0).has_value());
}

}  // namespace
}  // namespace stoa
