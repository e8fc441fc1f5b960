// A file system in memory that can lose power: for tests of the engine, and of programs built on it.
//
// It behaves like a POSIX file system towards its callers and like a disk towards its owner, who can let the
// machine die at any call, look at what a disk might hold then, make calls fail, and damage files. A typical
// test:
//
//   for (uint64_t call = 0; ; ++call) {
//     SimFileSystem files;
//     files.SetCrashAt(call);
//     RunScenario(files);                        // sees Unavailable from that call on, and gives up
//     for (CrashState& state : files.EnumerateImages(64, seed)) CheckRecovery(*state.files);
//     if (!files.crashed()) break;               // the scenario has no more calls
//   }
//
// Paths are relative to a root that always exists; a leading slash makes no difference. Renaming directories
// is not supported.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "io/sim_calls.h"
#include "io/sim_crash_image.h"
#include "io/sync.h"

namespace stoa {

struct CrashState;

/// Thread-safe. Outlives what is opened in it.
class SimFileSystem : public FileSystem {
 public:
  SimFileSystem();
  ~SimFileSystem() override;

  absl::StatusOr<std::unique_ptr<Directory>> OpenDirectory(const std::string& path) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status RemoveDirectory(const std::string& path) override;
  absl::StatusOr<uint64_t> FreeBytes(const std::string& path) override;

  // Calls. Those that change or sync something are numbered from 0; those that only read are numbered apart.

  /// How many such calls there were: the number of the next.
  uint64_t calls() const;
  uint64_t reads() const;
  /// Call number `call` and everything after it, reads too, returns Unavailable and has no effect.
  void SetCrashAt(uint64_t call);
  bool crashed() const;
  /// Call number `call` returns `status` and has no effect; but a sync that fails has one: what it should
  /// have made durable stays visible and is not made durable by later syncs either.
  void FailCall(uint64_t call, absl::Status status, FaultSpan span);
  void FailRead(uint64_t read, absl::Status status, FaultSpan span);
  /// From now on one in `one_in` appends, reads and preallocations is interrupted (Aborted), and one in
  /// `one_in` appends and reads moves fewer bytes than it was asked to.
  void Disturb(uint64_t seed, uint64_t one_in);
  /// Forgets FailCall, FailRead and Disturb: the machine is well again.
  void ClearFaults();
  /// Whether files can be written through memory (Directory::CreateMapped); at first they can.
  void AllowMapping(bool allow);
  /// Limits the disk space; appends and preallocations beyond it get ResourceExhausted.
  void SetCapacity(uint64_t bytes);
  uint64_t used_bytes() const;

  // What a crash leaves. Images are file systems of their own: no locks, no faults, counters at 0.

  /// What a power loss now may leave.
  std::unique_ptr<SimFileSystem> CrashImage(const ImageChoice& choice) const;
  /// What the end of the process leaves: everything, with what is not synced still to be lost by a later
  /// crash.
  std::unique_ptr<SimFileSystem> KillImage() const;
  /// Up to `limit` different outcomes of a power loss now: systematic ones first, random ones to fill up.
  std::vector<CrashState> EnumerateImages(size_t limit, uint64_t seed) const;
  /// How many events a crash could keep or lose: the bound of ImageChoice::index.
  size_t unsynced_events() const;
  /// A hash of all names and bytes that are visible.
  uint64_t ContentHash() const;

  // Access past the counters, for tests that damage files.

  absl::StatusOr<std::string> ReadFile(std::string_view path) const;
  /// Creates the file or replaces its bytes, durably.
  absl::Status WriteFile(std::string_view path, std::string bytes);
  /// Flips bit `bit` % 8 of byte `bit` / 8.
  absl::Status FlipBit(std::string_view path, uint64_t bit);
  absl::Status RemoveFile(std::string_view path);
  /// Reads that touch [begin, end) of the file return `status`.
  absl::Status FailRange(std::string_view path, uint64_t begin, uint64_t end, absl::Status status);
  /// The paths of all files, sorted.
  std::vector<std::string> ListFiles() const;

  // Traces: equal runs have equal hashes.

  /// A rolling hash over kind, names, sizes and bytes of every call so far.
  uint64_t trace_hash() const;
  void SetTraceText(TraceText text);
  /// The calls since the last TakeTrace, one a line, as in "append 000001.wal 123" or "sync_dir db". A file
  /// goes by the name it was opened under.
  std::vector<std::string> TakeTrace();

 private:
  class DirectoryHandle;
  class WrittenFile;
  class WritableHandle;
  class MappedHandle;
  class ReadableHandle;
  class LockHandle;

  SimFileSystem(std::shared_ptr<sim::Directory> root, uint64_t next_event);

  /// Where a path leads: a name in a directory, or with an empty name the root. No directory, no such place.
  struct Place {
    std::shared_ptr<sim::Directory> directory;
    std::string name;

    sim::Node node() const;
  };
  Place Resolve(std::string_view path) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::shared_ptr<sim::File>> FindFile(std::string_view path) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountNames(const sim::Directory& directory) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Makes a change of what `file` occupies on the disk.
  template <typename Change>
  void Account(sim::File& file, Change change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t free_bytes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return capacity_bytes_ - std::min(capacity_bytes_, used_bytes_);
  }

  mutable Mutex mutex_;
  const std::shared_ptr<sim::Directory> root_ ABSL_GUARDED_BY(mutex_);
  sim::CallGate gate_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_event_ ABSL_GUARDED_BY(mutex_);
  bool may_map_ ABSL_GUARDED_BY(mutex_) = true;
  uint64_t capacity_bytes_ ABSL_GUARDED_BY(mutex_) = uint64_t{1} << 62;
  uint64_t used_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

/// One outcome of a power loss.
struct CrashState {
  ImageChoice choice;
  std::unique_ptr<SimFileSystem> files;
};

}  // namespace stoa
