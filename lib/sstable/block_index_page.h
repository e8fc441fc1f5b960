// A page of the block index: for consecutive blocks (or, in the root, index pages) where they stand and what
// is known of them, as arrays that are used where they lie.
//
//     page := entries:u32 groups:u32 opens:u32 key_bytes:u32 clustering_bytes:u32
//             token:u64[groups] first_entry:u32[groups] key_end:u32[groups]
//             offset:u64[entries] bytes:u64[entries] rows:u64[entries]
//             min_timestamp:i64[entries] max_timestamp:i64[entries] max_local_time:i64[entries]
//             flags:u8[entries] clustering_end:u32[entries]
//             open_boundary:u32[opens] open_timestamp:i64[opens] open_local_time:i64[opens]
//             keys clusterings
//
// An entry's separator is a position after everything in the entries before it, and not after anything in it:
// the shortest there is, so that an entry that begins with a new partition has nothing but the token. Entries
// whose separators have the same token and key are a group. Tokens are hashes, so that the place of a token
// among the distinct ones can be computed, however many blocks each partition has; a few such guesses narrow
// the range, and a binary search ends it, so that crafted tokens cost no more than log n.
//
// Boundary i is the place before entry i, boundary `entries` the end of the last. Opens lists, ascending, the
// boundaries which lie inside a range deletion, so that skipping entries never loses it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "data/deletion_time.h"
#include "data/position.h"
#include "data/source_bounds.h"
#include "sstable/file_format.h"

namespace stoa {

namespace index_flags {
inline constexpr uint8_t kTombstones = 1;
inline constexpr uint8_t kExpiring = 2;
inline constexpr uint8_t kPartitionStart = 4;  ///< a partition starts inside
inline constexpr uint8_t kAll = 7;
}  // namespace index_flags

struct BlockIndexEntry {
  FileRange range;
  uint64_t rows = 0;
  int64_t min_timestamp = std::numeric_limits<int64_t>::max();
  int64_t max_timestamp = kNoTimestamp;
  int64_t max_local_time = std::numeric_limits<int64_t>::min();
  uint8_t flags = 0;

  /// Everything but the range.
  void AddTotals(const BlockIndexEntry& other);
  friend bool operator==(const BlockIndexEntry&, const BlockIndexEntry&) = default;
};

/// A short position p with before < p <= first. REQUIRES: before < first.
Position ShortestSeparator(const PositionView& before, const PositionView& first);

/// Not thread-safe; reused for page after page.
class IndexPageBuilder {
 public:
  /// Separators ascend. `open_before` is what is open where the entry begins.
  void Add(const PositionView& separator, const BlockIndexEntry& entry, const DeletionTime& open_before);
  bool empty() const { return entries_.empty(); }
  uint32_t entry_count() const { return static_cast<uint32_t>(entries_.size()); }
  size_t byte_count() const;
  /// All entries as one; its range is empty.
  const BlockIndexEntry& total() const { return total_; }
  const DeletionTime& open_before() const { return open_before_; }
  PositionView first_separator() const;

  /// Appends the page and empties the builder. `open_after`: what is open where the last entry ends.
  void Finish(const DeletionTime& open_after, std::string* out);

 private:
  struct Group {
    uint64_t token;
    uint32_t first_entry;
    uint32_t key_end;
  };
  struct Open {
    uint32_t boundary;
    DeletionTime deletion;
  };
  bool InLastGroup(const PositionView& position) const;

  std::vector<Group> groups_;
  std::vector<BlockIndexEntry> entries_;
  std::vector<uint32_t> clustering_ends_;
  std::vector<Open> opens_;
  std::string keys_;
  std::string clusterings_;
  BlockIndexEntry total_;
  DeletionTime open_before_;
};

/// A page being read: views into bytes that outlive it. Immutable after Parse; thread-safe.
class IndexPage {
 public:
  /// Takes a page off the front of `*bytes`. DataLoss when it is malformed: afterwards no entry can lead
  /// outside the bytes, and groups ascend; but nothing is said of the order of separators within them.
  absl::Status Parse(std::string_view* bytes);

  uint32_t entry_count() const { return entries_; }
  BlockIndexEntry Entry(uint32_t entry) const;
  FileRange Range(uint32_t entry) const;
  PositionView Separator(uint32_t entry) const;
  /// What is open at a boundary.
  DeletionTime OpenAt(uint32_t boundary) const;

  /// The last entry whose separator is at or before `position`; -1 when there is none.
  int64_t FindLast(const PositionView& position) const;

 private:
  uint64_t Token(uint32_t group) const;
  std::string_view Key(uint32_t group) const;
  std::string_view Clustering(uint32_t entry) const;
  uint32_t FirstEntry(uint32_t group) const;
  /// -1, 0 or 1 as the partition of `group` is before, equal to or after that of `position`.
  int CompareGroup(uint32_t group, const PositionView& position) const;
  /// How many groups are at or before the partition of `position`.
  uint32_t CountGroups(const PositionView& position) const;
  bool IsValid() const;

  uint32_t entries_ = 0;
  uint32_t groups_ = 0;
  uint32_t opens_ = 0;
  const char* tokens_ = nullptr;
  const char* first_entries_ = nullptr;
  const char* key_ends_ = nullptr;
  const char* offsets_ = nullptr;
  const char* byte_counts_ = nullptr;
  const char* rows_ = nullptr;
  const char* min_timestamps_ = nullptr;
  const char* max_timestamps_ = nullptr;
  const char* max_local_times_ = nullptr;
  const char* flags_ = nullptr;
  const char* clustering_ends_ = nullptr;
  const char* open_boundaries_ = nullptr;
  const char* open_timestamps_ = nullptr;
  const char* open_local_times_ = nullptr;
  std::string_view keys_;
  std::string_view clusterings_;
};

}  // namespace stoa
