// The door through which every call to the simulated file system goes: it counts and records the call, and
// decides whether the call happens, fails, or finds that the machine is dead.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>

#include "io/random.h"

namespace stoa {

/// Whether an injected error hits one call or all from that one on.
enum class FaultSpan : uint8_t { kOnce, kSticky };

/// Which calls are also recorded as text, one line each.
enum class TraceText : uint8_t { kOff, kMutations, kAll };

namespace sim {

/// The calls of FileSystem, Directory, WritableFile, MappedFile and ReadableFile. Those up to kLock change
/// something, or make something durable: they are counted apart from those after it, which only read.
enum class CallKind : uint8_t {
  kCreateDirectory,
  kRemoveDirectory,
  kCreate,
  kAppend,
  kPreallocate,
  kMap,
  kStore,
  kSync,
  kClose,
  kRename,
  kLink,
  kUnlink,
  kSyncDirectory,
  kLock,
  kOpenDirectory,
  kOpenRead,
  kRead,
  kSize,
  kList,
  kFileSize,
  kFreeBytes
};

struct Call {
  CallKind kind;
  std::string_view name = {};
  std::string_view to = {};       // kRename, kLink: the new name
  std::string_view content = {};  // kAppend, kStore: the bytes
  uint64_t offset = 0;            // kMap, kRead
  uint64_t size = 0;              // kAppend, kPreallocate, kMap, kStore, kRead; kCreate of a mapped file
};

/// Not thread-safe.
class CallGate {
 public:
  /// OK when the call is to happen. Otherwise it must do nothing and return this.
  absl::Status Enter(const Call& call);
  /// How many of `size` bytes the read or append that was let in may move: all, or fewer if it is disturbed.
  uint64_t Shorten(uint64_t size);

  uint64_t mutations() const { return mutations_.count; }
  uint64_t reads() const { return reads_.count; }
  void SetCrashAt(uint64_t mutation) { crash_at_ = mutation; }
  bool crashed() const { return crashed_; }
  void FailMutation(uint64_t index, absl::Status status, FaultSpan span);
  void FailRead(uint64_t index, absl::Status status, FaultSpan span);
  void ClearFaults();
  /// From now on one in `one_in` appends, reads and preallocations is interrupted, and one in `one_in` reads
  /// and appends is short; 0 for none.
  void Disturb(uint64_t seed, uint64_t one_in);

  uint64_t trace_hash() const { return trace_hash_; }
  void SetTraceText(TraceText text) { trace_text_ = text; }
  std::vector<std::string> TakeTrace() { return std::exchange(trace_, {}); }

 private:
  struct Fault {
    uint64_t index;
    FaultSpan span;
    absl::Status status;
  };
  struct Counter {
    uint64_t count = 0;
    std::vector<Fault> faults;

    /// Counts a call; returns the error injected into it, or OK.
    absl::Status Next();
  };

  void Record(const Call& call, bool mutation);
  bool Disturbed();

  Counter mutations_;
  Counter reads_;
  uint64_t crash_at_ = std::numeric_limits<uint64_t>::max();
  bool crashed_ = false;
  Random random_{0};
  uint64_t disturb_one_in_ = 0;
  uint64_t trace_hash_ = 0;
  TraceText trace_text_ = TraceText::kOff;
  std::vector<std::string> trace_;
};

}  // namespace sim
}  // namespace stoa
