// The files of a database and the view of them: what is installed, durably and in memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/status.h>

#include "base/memory_budget.h"
#include "blob/blob_registry.h"
#include "engine/health.h"
#include "engine/manifest.h"
#include "engine/purge_clock.h"
#include "engine/snapshot_list.h"
#include "engine/space_reserve.h"
#include "engine/view.h"
#include "io/env.h"
#include "sstable/block_cache.h"
#include "wal/log_writer.h"

namespace stoa {

/// Everything that changes the set of sources goes through here. Thread-safe.
///
/// Locks, in the order in which they may be taken: install_mutex_ (held across manifest I/O, by schema
/// changes, flushes and compactions alone), then view_mutex_ (held for the copying of a view, never across
/// I/O).
class Store {
 public:
  Store(Env& env, std::unique_ptr<Directory> directory, std::unique_ptr<FileLock> lock, uint64_t cache_bytes,
        uint64_t memtable_bytes_max, uint64_t reserve_bytes);
  ~Store();

  Env& env() { return env_; }
  Directory& directory() { return *directory_; }
  ViewHolder& views() { return views_; }
  const ViewHolder& views() const { return views_; }
  Health& health() { return health_; }
  BlockCache& cache() { return cache_; }
  BlobRegistry& blobs() { return blobs_; }
  PurgeClock& purge_clock() { return purge_clock_; }
  SnapshotList& snapshots() { return snapshots_; }
  SpaceReserve& reserve() { return reserve_; }
  /// What of these is used beyond their limits the cache goes without: of memtables that are flushed and
  /// still read, and of all that cursors, flushes and merges keep in memory for their batches.
  MemoryBudget& memtable_budget() { return memtable_budget_; }
  MemoryBudget& buffer_budget() { return buffer_budget_; }

  /// Given out once each.
  uint64_t NewFileNumber() { return next_file_number_.fetch_add(1); }
  /// As the table wants its files; with smaller blocks where the cache would hold few of the usual size.
  SSTableWriterOptions NewFileOptions(const TableSchema& schema, IoPurpose purpose);

  /// Takes over the state that recovery arrived at: `sstables` are open and in `state`. Writes a new
  /// manifest, in which the database is closed: nothing of it is in a log.
  absl::Status Begin(DatabaseState state, std::vector<std::shared_ptr<SSTable>> sstables);
  /// Says in the manifest that the database is open and its first log segment exists; before anything is
  /// committed.
  absl::Status ConfirmLog();

  /// Makes a change durable, then visible (`seal_sequence` as in ChangeView). `edit` is asked for under the
  /// lock and may say no (false): then nothing happens and Install returns false. `change` edits the tables
  /// of the new view. An error of the manifest latches the database read-only; but ResourceExhausted, when
  /// not even the reserve has room for the edit, does not, and nothing has happened.
  using MakeEdit = std::function<bool(const DatabaseState&, VersionEdit*)>;
  using ChangeTables = std::function<void(View::Tables*)>;
  absl::StatusOr<bool> Install(const MakeEdit& make_edit, const ChangeTables& change,
                               uint64_t seal_sequence = UINT64_MAX);

  /// Sees to it that an edit as large as `edit` can be installed. ResourceExhausted as Install.
  absl::Status MakeRoom(const VersionEdit& edit);

  /// Notes in the manifest that a merge of `inputs`, which is under way, has finished a file: synced, its
  /// name too when this returns (unfinished_merge.h). True if the note is durable; else nothing has happened:
  /// an input is gone, there is no room for the edit, the database is read-only.
  bool NotePiece(const PieceNote& note);
  /// Removes files of a merge that comes to nothing, after the note of it if there is one. Files whose note
  /// cannot be removed stay.
  void RemoveMerge(TableId table, const UnfinishedMerge& merge);

  /// Counts what took files out of tables before they were merged: dropping and truncating.
  void NoteRemoval() { removals_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t removals() const { return removals_.load(std::memory_order_relaxed); }

  /// Changes the view alone. Called between commits (CommitPipeline) when it replaces active memtables: then
  /// `seal_sequence` is the limit of the old view.
  void ChangeView(const ChangeTables& change, uint64_t seal_sequence = UINT64_MAX);

  /// Replaces the active memtables of the tables that `choose` accepts, if not empty. Returns how many were
  /// sealed. Called between commits.
  size_t Seal(uint64_t seal_sequence, const std::function<bool(const TableView&)>& choose);

  std::shared_ptr<Memtable> NewMemtable(TableId table) {
    return std::make_shared<Memtable>(table, &memtable_budget_);
  }
  /// A table without data.
  std::shared_ptr<TableView> NewTableView(const Table& schema, uint64_t after_sequence);

  void AddSealedSegments(const std::vector<SealedSegment>& segments);
  /// The first log segment that holds anything which is not in SSTables. `visible` is a sequence up to which
  /// all is applied, loaded before `view`; `current_segment` is the one being written.
  uint64_t FirstNeededSegment(const View& view, uint64_t visible, uint64_t current_segment) const;
  uint64_t sealed_log_bytes() const;
  /// Last sequence of the oldest sealed segment; 0 when there is none.
  uint64_t oldest_sealed_sequence() const;

  /// Removes files that were replaced and that no view names any more, blobs that nobody holds, and log
  /// segments below the manifest's first.
  void RemoveObsoleteFiles();
  /// Files replaced by installs, to be removed when unused.
  void AddObsolete(const std::vector<std::shared_ptr<SSTable>>& files);

  DatabaseState state() const;
  uint64_t manifest_number() const;
  /// Greatest sequence used before this opening.
  uint64_t start_sequence() const { return start_sequence_; }

  /// Closes the manifest after a last edit which says that all is in SSTables and no log segment below
  /// `first_log` is needed.
  absl::Status Finish(uint64_t last_sequence, int64_t last_timestamp, uint64_t first_log);
  /// The end: nothing is read or written through this store any more, and another may open the directory.
  void Release();

 private:
  absl::Status AppendToManifest(const VersionEdit& edit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(install_mutex_);
  void PublishChanged(const ChangeTables& change, uint64_t seal_sequence)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(view_mutex_);

  Env& env_;
  const std::unique_ptr<Directory> directory_;
  std::unique_ptr<FileLock> lock_;
  MemoryBudget memtable_budget_;
  MemoryBudget buffer_budget_{0};
  BlockCache cache_;
  BlobRegistry blobs_;
  Health health_;
  PurgeClock purge_clock_;
  SpaceReserve reserve_;
  std::atomic<uint64_t> removals_{0};
  std::atomic<uint64_t> next_file_number_{1};
  uint64_t start_sequence_ = 0;  // set by Begin

  mutable Mutex install_mutex_;
  DatabaseState state_ ABSL_GUARDED_BY(install_mutex_);
  std::unique_ptr<ManifestWriter> manifest_ ABSL_GUARDED_BY(install_mutex_);

  Mutex view_mutex_ ABSL_ACQUIRED_AFTER(install_mutex_);
  ViewHolder views_;
  SnapshotList snapshots_;

  mutable Mutex files_mutex_;
  struct Obsolete {
    std::string name;
    uint64_t file_id;
    std::weak_ptr<SSTable> sstable;
  };
  std::vector<Obsolete> obsolete_ ABSL_GUARDED_BY(files_mutex_);
  std::vector<SealedSegment> sealed_segments_ ABSL_GUARDED_BY(files_mutex_);
};

}  // namespace stoa
