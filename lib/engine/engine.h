// An open database: the parts and how they are put together. The work is in the parts.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/database.h>

#include "engine/commit_pipeline.h"
#include "engine/list_operations.h"
#include "engine/maintenance.h"
#include "engine/partition_latches.h"
#include "engine/partition_watch.h"
#include "engine/schema_change.h"
#include "engine/store.h"
#include "io/env.h"
#include "wal/log_writer.h"

namespace stoa {

/// The state of the database that a write is decided on.
struct DecisionPoint {
  const View& view;
  uint64_t sequence;
  int64_t now_seconds;
};

/// What is to be written: a batch as it goes to the log, and its largest value.
struct EncodedBatch {
  std::string_view mutations;
  size_t largest_value_bytes = 0;
};

class Database::Engine {
 public:
  static absl::StatusOr<std::unique_ptr<Engine>> Open(const Options& options, const std::string& path);
  ~Engine();

  absl::Status Close();
  /// FailedPrecondition once Close was called.
  absl::Status CheckOpen() const;

  const Options& options() const { return options_; }
  const RecoveryReport& recovery_report() const { return report_; }
  Env& env() { return *env_; }
  Store& store() { return *store_; }
  LogWriter& log() { return *log_; }
  CommitPipeline& pipeline() { return *pipeline_; }
  Maintenance& maintenance() { return *maintenance_; }
  CompactionScheduler& compactions() { return *compactions_; }

  /// OK, or ResourceExhausted while the disk is full and the batch does anything but delete.
  absl::Status CheckSpace(const WriteBatch& batch);

  /// Commits the batch through `commit`; values too large for the log are written to blobs first. Deletions
  /// may use the reserve.
  using Commit = std::function<absl::Status(std::string_view mutations, std::span<const BlobHold> blobs)>;
  absl::Status CommitWithBlobs(const EncodedBatch& batch, const Commit& commit);

  /// Commits the batch that `decide` returns, if it returns one, so that nothing is written to the partitions
  /// between the point that it is given to read at and the commit. It may be called again, at a later point,
  /// and what it returns must live until the next call. Returns its errors, and those of
  /// CommitPipeline::Commit.
  using Decide = std::function<absl::StatusOr<std::optional<EncodedBatch>>(const DecisionPoint& point)>;
  absl::Status CommitDecided(std::span<const WatchedPartition> partitions, const Decide& decide);
  /// Commits a batch that has operations on lists which have to read them. InvalidArgument, naming the index
  /// and the size, when a list has no such element.
  absl::Status CommitListOperations(const WriteBatch& batch);
  /// Sets `*mutations` to the batch with what its operations on lists come to at a point.
  absl::Status ResolveListOperations(const DecisionPoint& point, const WriteBatch& batch,
                                     std::string* mutations);

  /// Drops or truncates a table. NotFound, naming it.
  absl::Status RemoveRows(SchemaChange::Kind kind, std::string_view table);

  /// Makes what was committed as durable as the options say, or all of it durable.
  absl::Status FinishWrite(const WriteOptions& options);
  absl::Status Sync();

  /// Database::ReadRow at a point, by encoded keys.
  absl::StatusOr<bool> ReadRowAt(const DecisionPoint& point, const Table& table,
                                 std::string_view partition_key, std::string_view clustering,
                                 std::span<const ColumnId> columns, Row* row);

  /// The elements of the list that an operation is about, in their order.
  absl::StatusOr<std::vector<ListElement>> ReadListAt(const DecisionPoint& point,
                                                      const WriteBatch::ListOperation& operation);

  void CountConditionalWrite() { conditional_writes_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t conditional_writes() const { return conditional_writes_.load(std::memory_order_relaxed); }
  uint64_t conditional_conflicts() const { return conditional_conflicts_.load(std::memory_order_relaxed); }

  /// For a read that begins now; if `durable`, of what is synced.
  ReadPoint AcquireReadPoint(bool durable) const;

 private:
  explicit Engine(const Options& options) : options_(options) {}
  absl::Status Recover(const std::string& path);
  absl::Status CloseParts();

  const Options options_;
  std::unique_ptr<SystemEnv> system_env_;  // when the options bring none
  Env* env_ = nullptr;
  RecoveryReport report_;
  std::atomic<bool> closed_{false};
  PartitionLatches latches_;
  std::atomic<uint64_t> conditional_writes_{0};
  std::atomic<uint64_t> conditional_conflicts_{0};

  // In the order in which they are made; destroyed in reverse.
  std::unique_ptr<Store> store_;
  std::unique_ptr<LogWriter> log_;
  std::unique_ptr<WritePacer> pacer_;
  std::unique_ptr<CompactionScheduler> compactions_;
  std::unique_ptr<Maintenance> maintenance_;
  std::unique_ptr<CommitPipeline> pipeline_;
};

}  // namespace stoa
