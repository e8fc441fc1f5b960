// Slows writers down before memory runs out, so that none has to stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "io/sync.h"

namespace stoa {

/// Memory that is written to is given back by flushes, now and then and much at once. Between two of them the
/// room that is left has to last. A writer who takes what he wants until there is none waits for a whole
/// flush, a hundred milliseconds or more; so from some use on room is handed out slower and slower: he who
/// takes a share of what is left has paid for it with the same share of a time,
///
///     d room / dt = -room / (half the time of a flush)
///
/// so that in the time of a flush it decays to a seventh. One that takes longer than they do is reckoned to
/// need as long again, whatever it waits for: a disk now and then takes ten times its time to sync. From then
/// on the time is how long memory has been short, and room decays as its inverse. So no write waits long, the
/// rate of writing settles where flushes can follow, and room never ends unless flushes fail. Where merges do
/// not follow (`slowdown`), the time is stretched and pacing begins earlier: it is the same lever.
/// Thread-safe; costs a comparison while there is room.
class WritePacer {
 public:
  explicit WritePacer(uint64_t bytes_max)
      : bytes_max_(static_cast<double>(bytes_max)), begin_bytes_(bytes_max) {
    SetSlowdown(1);
  }

  /// Whether nobody has to wait while `used` bytes are in use.
  bool HasRoom(uint64_t used) const { return used <= begin_bytes_.load(std::memory_order_relaxed); }
  /// Otherwise: how long to wait before writing, in microseconds, 0 or at least kPauseMicrosMin: shorter
  /// waits are put together to one. None: there is no room at all.
  std::optional<int64_t> Delay(uint64_t used, int64_t now_micros) ABSL_LOCKS_EXCLUDED(mutex_);

  /// A flush took so long, from the moment when it could have begun until its memory was given back.
  void NoteFlush(int64_t micros) ABSL_LOCKS_EXCLUDED(mutex_);
  /// How many times slower than flushes writers should be, for merges to follow; 1 or more.
  void SetSlowdown(double slowdown) ABSL_LOCKS_EXCLUDED(mutex_);

  static constexpr int64_t kPauseMicrosMin = 100;

 private:
  const double bytes_max_;
  std::atomic<uint64_t> begin_bytes_;

  Mutex mutex_;
  double slowdown_ ABSL_GUARDED_BY(mutex_) = 1;
  /// How long flushes take, and how far they are from that.
  double flush_micros_ ABSL_GUARDED_BY(mutex_) = 100'000;
  double deviation_micros_ ABSL_GUARDED_BY(mutex_) = 0;
  // What was seen last; no room: memory was given back, or never short.
  int64_t short_since_micros_ ABSL_GUARDED_BY(mutex_) = 0;
  double room_ ABSL_GUARDED_BY(mutex_) = 0;
  /// When all that was taken is paid for.
  double due_micros_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace stoa
