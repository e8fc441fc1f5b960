// Reading, deciding and writing as one step: how a commit finds out that what it was decided on has changed.
//
// A writer that reads before it writes (a conditional write, an operation on a list's position) watches the
// partitions it reads:
//
//     begin the watch ──► read at S ──► decide ──► commit with the watch, or be sent back to read again
//
// Plain writers neither latch nor count anything. Only while there are watches does the leader of each group
// look which partitions it writes to, and notes it in the watches concerned.
//
// Claim: when a commit c with a watch over partition P gets sequence s, and its reading saw exactly the
// commits up to S, then no commit with a sequence in (S, s) touches P. So the decision holds at s as it did
// at S.
//
// Rules, all kept by whoever leads in the pipeline, one at a time:
//   1. CommitPipeline::BeginWatch returns when everything appended before it is visible. The reading begins
//      after that, so S is at least the last sequence appended when the watch began. (Neither does a view
//      limit S further down: a memtable that is sealed later is sealed at a sequence that was appended by
//      then, and the view of one that was sealed before is not acquired any more.)
//   2. When a group has been appended, and before another one can be formed, every watch over a partition
//   that
//      one of its writers touches is marked.
//   3. A writer whose watch is marked neither leads a group nor joins one: it is sent back. Nor does it join
//   a
//      group in which a writer before it touches a partition that it watches; the group ends in front of it,
//      and by then its watch is marked.
//   4. Whatever runs alone (schema changes, sealing) marks all watches.
//
// Proof: let w be a commit with a sequence in (S, s) that touches P. If its group had been appended before
// the watch began, rule 1 would put its sequence at or below S. So it was appended later. If its group is not
// that of c, then it was appended before c's group was formed, as sequences grow in that order; rule 2 has
// marked the watch, and rule 3 keeps c out. If both are in one group, w stands before c, and rule 3 keeps c
// out.
//
// What comes after c in its group, or later, has a greater sequence and does not matter; what is appended but
// not applied yet was noted when it was appended, not when it is applied; and where a partition's rows are
// (memtable, SSTable, nowhere) plays no part, so flushes and merges cannot interfere. Two commits with
// watches need no rule of their own: each is a w to the other. (Latches, partition_latches.h, only spare them
// the retries.)
//
// The log holds mutations, not decisions: after a crash a prefix of the sequences is there, and with a commit
// everything that it was decided on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <stoa/write_batch.h>

namespace stoa {

struct WatchedPartition {
  TableId table = 0;
  std::string key;  ///< serialized
};

/// One writer's watch. CommitPipeline has what is done with it; its members belong to its
/// leader, but for those that never change.
struct PartitionWatch {
  explicit PartitionWatch(std::span<const WatchedPartition> watched) : partitions(watched) {}

  const std::span<const WatchedPartition> partitions;
  /// Set by the writer before it commits: the second in which it read and decided. The commit counts its
  /// times to live from then, so that there is one `now`.
  int64_t now_seconds = 0;

  bool touched = false;
};

/// True when a batch (data/mutation.h) writes to one of the partitions.
bool Touches(std::string_view mutations, std::span<const WatchedPartition> partitions);

}  // namespace stoa
