// The commit path: from an encoded batch to visible rows.
//
// Writers queue. The first in the queue leads: it takes all who wait as its group, gives each a sequence and
// an automatic timestamp, and appends their records to the log with one call. Then the next group may start,
// while every writer of this one applies its own rows to the memtables, side by side. Groups become visible
// in the order in which they were appended:
//
//     queue ──► [lead: seal? stamp, append]  ──► [apply] [apply] [apply] ──► visible = last sequence of the
//     group
//                        next group ──► [lead ...]  ──► [apply] ...
//
// There is no lock. Both orders are queues of those who have arrived (ArrivalQueue in io/sync.h): of writers,
// whose turn is the lead, and of groups that have been appended, whose turn is to become visible. A group
// does when its turn has come and all its rows have been applied; whoever does the last of it makes it
// visible, and with it those behind it that wait for nothing else. A writer alone takes four atomic steps;
// with a mutex and condition variables it was three acquisitions, and two writers reached 0.3 of the rate of
// one, as each slept and was woken for what takes less than a microsecond.
//
// Invariants:
//   * Sequences and automatic timestamps grow in log order.
//   * An automatic timestamp is the millisecond of the clock; or 1 more than the greatest automatic one
//   before,
//     or than the greatest that was given with a write and was not in the future: what is written later is
//     newer.
//   * A group's rows go to the memtables of the view that was current when the group was formed. Sealing
//   happens between groups, by
//     the leader, so a memtable holds exactly the sequences up to its seal.
//   * The visible sequence only moves when everything at or below it has been applied.
//   * A commit with a watch is decided on what nobody has written to since (partition_watch.h).
//   * Syncing is not part of this: whoever wants its commit durable syncs the log after it is visible, and
//   shares the sync with
//     others who do (LogWriter::Sync).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/prefetch.h"
#include "blob/blob_registry.h"
#include "engine/health.h"
#include "engine/partition_watch.h"
#include "engine/view.h"
#include "io/clock.h"
#include "io/sync.h"
#include "wal/log_writer.h"

namespace stoa {

/// What a commit is known by.
struct CommitStamp {
  uint64_t sequence = 0;
  int64_t timestamp = 0;
  int64_t now_seconds = 0;
};

/// A blob that a batch refers to in a row of this table.
struct BlobHold {
  TableId table = 0;
  SharedBlob blob;
};

class CommitPipeline {
 public:
  struct Start {
    uint64_t last_sequence = 0;     ///< greatest used before
    uint64_t sequence_ceiling = 0;  ///< greatest that may be used
    int64_t last_timestamp = 0;     ///< greatest automatic timestamp used before
  };
  /// `before_group` is called by the leader between groups with the greatest sequence appended so far; it may
  /// publish a view with new memtables. `after_visible` is called without locks when the visible sequence has
  /// moved.
  CommitPipeline(const Start& start, LogWriter& log, const ViewHolder& views, Clock& clock, Health& health,
                 std::function<void(uint64_t)> before_group, std::function<void()> after_visible);

  /// Commits a batch; visible when this returns OK. ResourceExhausted when the disk is full or sequences are
  /// used up; then nothing has happened. `blobs` are those that the batch refers to, durable; the memtables
  /// hold them from then on.
  /// With a `watch`, which has begun: Aborted, and nothing has happened, when somebody has written to its
  /// partitions since.
  absl::Status Commit(std::string_view mutations, std::span<const BlobHold> blobs = {},
                      PartitionWatch* watch = nullptr);

  /// From the return on, what is written to the partitions of the watch is noticed, and what was written
  /// before is visible: time to read. The same watch may begin again. Before it is destroyed it must end.
  void BeginWatch(PartitionWatch* watch);
  void EndWatch(PartitionWatch* watch);

  /// Runs `body` alone: after everything before is visible and with no commit beside it. The stamp's sequence
  /// becomes visible if the body returns OK. For schema changes, sealing, and CommitAlone.
  absl::Status RunExclusive(const std::function<absl::Status(const CommitStamp&)>& body);
  /// Commits a batch under the stamp. Only in the body of RunExclusive, once. Errors as Commit.
  absl::Status CommitAlone(const CommitStamp& stamp, std::string_view mutations,
                           std::span<const BlobHold> blobs);

  uint64_t visible_sequence() const { return visible_sequence_.load(std::memory_order_acquire); }
  int64_t last_timestamp() const { return last_timestamp_.load(std::memory_order_relaxed); }
  /// That of the last visible commit: all commits up to it have been applied.
  int64_t visible_timestamp() const { return visible_timestamp_.load(std::memory_order_acquire); }
  uint64_t commit_count() const { return commit_count_.load(std::memory_order_relaxed); }

 private:
  struct Writer;
  struct Group;

  absl::Status Lead(Writer* self);
  Writer* FormGroup(Writer* self, size_t* count) const;
  bool MayJoin(const Writer* first, const Writer* candidate) const;
  void MarkWatches(const Writer* first);
  absl::Status SendBack(Writer* self);
  void TakeLead(Writer* self);
  void PassLead(Writer* last);
  absl::Status AppendGroup(Writer* first);
  absl::Status Append(std::span<const LogRecord> records);
  void Apply(Writer* self, Group* group);
  void Publish(Group* group, const Writer* self);
  void AwaitVisible(Writer* self);
  absl::StatusOr<CommitStamp> NextStamp();
  void NoteTimestamp(int64_t timestamp);

  LogWriter& log_;
  const ViewHolder& views_;
  Clock& clock_;
  Health& health_;
  const std::function<void(uint64_t)> before_group_;
  const std::function<void()> after_visible_;
  const uint64_t sequence_ceiling_;

  /// Microseconds. Timestamps that were given before were not in the future then.
  const int64_t opened_at_;

  // Together on lines of memory is what changes at the same time.
  alignas(kCacheLineBytes) ArrivalQueue<Writer> writers_;

  // The leader's own.
  uint64_t last_sequence_;
  std::atomic<int64_t> last_timestamp_;
  std::atomic<uint64_t> commit_count_{0};
  std::vector<PartitionWatch*> watches_;

  /// Appended and not yet visible.
  alignas(kCacheLineBytes) ArrivalQueue<Group> groups_;
  std::atomic<uint64_t> visible_sequence_;
  std::atomic<int64_t> visible_timestamp_;
  /// The greatest timestamp that was given with a write and was not in the future, if it was greater than an
  /// automatic one.
  std::atomic<int64_t> given_timestamp_{kNoTimestamp};
};

/// Applies the rows of a batch to the active memtables of `view`, which hold its blobs from then on. Rows of
/// tables that `view` does not know were dropped and are left out. `settled_timestamp` as in Memtable::Apply.
/// Returns the greatest timestamp of what was written.
int64_t ApplyMutations(const View& view, std::string_view mutations, std::span<const BlobHold> blobs,
                       const CommitStamp& stamp, int64_t settled_timestamp);

}  // namespace stoa
