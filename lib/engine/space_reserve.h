// Disk space kept back for the time when there is none: the file RESERVE, of preallocated blocks and no
// content.
//
// Getting out of a full disk takes space: deletions go to the log, flushes and merges write before they
// remove, and all of them edit the manifest. Whoever of these meets a full disk gives the reserve up and
// tries once more. From then on until it is taken again, which Maintenance tries every second, the database
// takes deletions, but nothing else that grows it. So the reserve is whole whenever the disk fills up.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

#include <absl/status/status.h>

#include "io/file_system.h"
#include "io/sync.h"

namespace stoa {

inline constexpr std::string_view kReserveName = "RESERVE";

/// Thread-safe.
class SpaceReserve {
 public:
  /// Not taken so far. `directory` outlives it.
  SpaceReserve(Directory& directory, uint64_t bytes) : directory_(directory), bytes_(bytes) {}

  /// Called after each time it was given up, by who did it and with his locks; must not wait. Set once,
  /// before anything is written.
  void SetGivenUp(std::function<void()> given_up) { given_up_ = std::move(given_up); }

  /// OK while it is whole, otherwise ResourceExhausted.
  absl::Status Check() const {
    if (whole_.load(std::memory_order_relaxed)) [[likely]]
      return absl::OkStatus();
    return Missing();
  }
  bool whole() const { return whole_.load(std::memory_order_relaxed); }

  /// Makes it whole. ResourceExhausted when there is no room for it; errors of files; then nothing has
  /// changed.
  absl::Status Take() ABSL_LOCKS_EXCLUDED(mutex_);
  /// Frees its space. True if it was whole: there is room now where there was none.
  bool GiveUp() ABSL_LOCKS_EXCLUDED(mutex_);
  /// Frees its space for good: the database is closed.
  void Remove() ABSL_LOCKS_EXCLUDED(mutex_);

  /// Does `work`, which returns a Status and changes nothing when that is ResourceExhausted; once more if the
  /// disk was full and the reserve is given up for it.
  template <typename Work>
  absl::Status Spend(const Work& work) {
    absl::Status status = work();
    return absl::IsResourceExhausted(status) && GiveUp() ? work() : status;
  }

 private:
  absl::Status Missing() const;
  void RemoveFile() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Directory& directory_;
  const uint64_t bytes_;
  std::function<void()> given_up_ = [] {};
  std::atomic<bool> whole_{false};
  Mutex mutex_;  // held while the file is made or removed
};

}  // namespace stoa
