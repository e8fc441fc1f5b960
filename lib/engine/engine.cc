#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "data/mutation.h"
#include "engine/blob_commit.h"
#include "engine/recovery.h"
#include "io/files.h"

namespace stoa {
namespace {

constexpr std::string_view kLockName = "LOCK";

/// What it takes to get out of a full disk: a segment of the log for deletions, and a flush of half of the
/// memory for memtables, which takes less than half as many bytes on disk. Merges of files of that size fit
/// as well.
/// Also enough to open the database again, for which a log segment and a manifest are written.
uint64_t ReserveBytes(const Options& options, uint64_t memtable_bytes) {
  constexpr uint64_t kManifests = 128 << 10;
  return options.wal_segment_bytes + memtable_bytes / 4 + kManifests;
}

absl::StatusOr<std::unique_ptr<Directory>> OpenDatabaseDirectory(FileSystem& files, const std::string& path,
                                                                 bool create_if_missing) {
  absl::StatusOr<std::unique_ptr<Directory>> directory = files.OpenDirectory(path);
  if (directory.status().code() != absl::StatusCode::kNotFound || !create_if_missing) return directory;
  const absl::Status created = files.CreateDirectory(path);
  if (!created.ok() && created.code() != absl::StatusCode::kAlreadyExists) return created;
  return files.OpenDirectory(path);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database::Engine>> Database::Engine::Open(const Options& options,
                                                                         const std::string& path) {
  STOA_RETURN_IF_ERROR(options.Validate());
  std::unique_ptr<Engine> engine(new Engine(options));
  if (options.env == nullptr) engine->system_env_ = std::make_unique<SystemEnv>(options.background_threads);
  engine->env_ = options.env != nullptr ? options.env : &engine->system_env_->env();
  STOA_RETURN_IF_ERROR(engine->Recover(path));
  return engine;
}

absl::Status Database::Engine::Recover(const std::string& path) {
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<Directory> directory,
                        OpenDatabaseDirectory(env_->file_system, path, options_.create_if_missing));
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<FileLock> lock, directory->Lock(kLockName));
  const uint64_t memtable_bytes = MemtableBytes(options_.memory_budget_bytes);
  store_ = std::make_unique<Store>(*env_, std::move(directory), std::move(lock),
                                   options_.memory_budget_bytes - memtable_bytes, memtable_bytes,
                                   ReserveBytes(options_, memtable_bytes));
  store_->reserve().Remove();  // what a crash has left of it is for recovery to use
  STOA_ASSIGN_OR_RETURN(RecoveredDatabase recovered,
                        RecoverDatabase(*env_, store_->directory(), options_.create_if_missing,
                                        &store_->cache(), &store_->blobs(), memtable_bytes));
  report_ = recovered.report;
  const uint64_t first_log = recovered.state.first_log_number;
  STOA_RETURN_IF_ERROR(store_->Begin(std::move(recovered.state), std::move(recovered.sstables)));

  const DatabaseState state = store_->state();
  CommitPipeline::Start start;
  start.last_sequence = store_->start_sequence();
  start.sequence_ceiling = state.sequence_ceiling;
  start.last_timestamp = state.last_timestamp;
  LogWriterOptions log_options;
  log_options.segment_bytes = options_.wal_segment_bytes;
  log_options.database_id = state.database_id;
  log_options.clock = &store_->env().clock;
  STOA_ASSIGN_OR_RETURN(log_,
                        LogWriter::Create(store_->directory(), log_options, first_log, start.last_sequence));
  STOA_RETURN_IF_ERROR(store_->ConfirmLog());
  report_.files_removed = RemoveLeftovers(store_->directory(), state, store_->manifest_number());

  pacer_ = std::make_unique<WritePacer>(memtable_bytes);
  CompactionScheduler::Settings compaction;
  compaction.threads = static_cast<size_t>(options_.background_threads);
  compaction.base_bytes = FlushedFileBytes(memtable_bytes);
  compaction.bytes_per_second = options_.compaction_bytes_per_second;
  compaction.listener = options_.listener;
  compactions_ = std::make_unique<CompactionScheduler>(*store_, *pacer_, compaction);
  maintenance_ = std::make_unique<Maintenance>(options_, *store_, *log_, *compactions_, *pacer_);
  pipeline_ = std::make_unique<CommitPipeline>(
      start, *log_, store_->views(), env_->clock, store_->health(),
      [maintenance = maintenance_.get()](uint64_t last_sequence) { maintenance->BeforeGroup(last_sequence); },
      [maintenance = maintenance_.get()] { maintenance->AfterVisible(); });
  maintenance_->SetPipeline(pipeline_.get());
  STOA_RETURN_IF_ERROR(maintenance_->TakeReserve());
  compactions_->SetFlush([maintenance = maintenance_.get()] { maintenance->FlushForDeadline(); });
  compactions_->SetUnfinished(state);
  compactions_->CheckAll();
  return absl::OkStatus();
}

Database::Engine::~Engine() {
  if (maintenance_ == nullptr || closed_.load()) return;
  maintenance_->Stop(/*abort=*/true);
  compactions_->Stop(/*abort=*/true);
}

absl::Status Database::Engine::CheckOpen() const {
  return closed_.load(std::memory_order_relaxed) ? absl::FailedPreconditionError("the database is closed")
                                                 : absl::OkStatus();
}

absl::Status Database::Engine::Close() {
  STOA_RETURN_IF_ERROR(CheckOpen());
  absl::Status status = store_->health().Check();
  if (status.ok()) status = maintenance_->FlushAll();
  maintenance_->Stop(/*abort=*/false);
  compactions_->Stop(/*abort=*/false);
  closed_.store(true);
  if (status.ok()) status = CloseParts();
  store_->Release();
  return status;
}

/// Everything is in SSTables: the manifest says so, and the log goes.
absl::Status Database::Engine::CloseParts() {
  STOA_RETURN_IF_ERROR(log_->Close());
  const uint64_t next_log = log_->segment_number() + 1;
  STOA_RETURN_IF_ERROR(store_->Finish(pipeline_->visible_sequence(), pipeline_->last_timestamp(), next_log));
  store_->AddSealedSegments(log_->TakeSealed());
  store_->RemoveObsoleteFiles();
  RemoveLeftovers(store_->directory(), store_->state(), store_->manifest_number());
  store_->reserve().Remove();
  return store_->directory().Sync();
}

absl::Status Database::Engine::CheckSpace(const WriteBatch& batch) {
  absl::Status status = store_->reserve().Check();
  if (status.ok()) [[likely]]
    return status;
  return batch.list_operations().empty() && OnlyDeletes(batch.mutations()) ? absl::OkStatus() : status;
}

absl::Status Database::Engine::CommitWithBlobs(const EncodedBatch& batch, const Commit& commit) {
  if (batch.largest_value_bytes <= options_.inline_value_bytes_max) {
    const absl::Status status = commit(batch.mutations, {});
    // Nothing was written.
    const bool again =
        absl::IsResourceExhausted(status) && OnlyDeletes(batch.mutations) && store_->reserve().GiveUp();
    return again ? commit(batch.mutations, {}) : status;
  }
  absl::Status status;
  {
    BatchWithBlobs moved;
    status = MoveLargeValuesToBlobs(*store_, batch.mutations, options_.inline_value_bytes_max, &moved);
    if (status.ok()) status = commit(moved.mutations, moved.blobs);
  }
  // What was written for nothing goes at once: the disk may be full because of it.
  if (!status.ok()) store_->RemoveObsoleteFiles();
  return status;
}

absl::Status Database::Engine::FinishWrite(const WriteOptions& options) {
  switch (options.durability.value_or(options_.durability)) {
    case Durability::kProcess:
      return absl::OkStatus();
    case Durability::kPeriodic:
      maintenance_->AfterPeriodicCommit();
      return absl::OkStatus();
    case Durability::kSync:
      return Sync();
  }
  return absl::OkStatus();
}

absl::Status Database::Engine::Sync() {
  STOA_RETURN_IF_ERROR(store_->health().Check());
  const absl::StatusOr<uint64_t> synced = log_->Sync();
  return synced.ok() ? absl::OkStatus() : store_->health().Latch(synced.status());
}

ReadPoint Database::Engine::AcquireReadPoint(bool durable) const {
  return stoa::AcquireReadPoint(store_->views(), [&] {
    const uint64_t visible = pipeline_->visible_sequence();
    return durable ? std::min(visible, log_->synced_sequence()) : visible;
  });
}

}  // namespace stoa
