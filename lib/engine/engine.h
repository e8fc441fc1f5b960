// An open database: the parts and how they are put together. The work is in the parts.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/database.h>

#include "engine/commit_pipeline.h"
#include "engine/maintenance.h"
#include "engine/store.h"
#include "io/env.h"
#include "wal/log_writer.h"

namespace stoa {

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

  /// Commits a batch that has values too large for the log: they are written to blobs first.
  absl::Status CommitWithBlobs(std::string_view mutations);

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

  // In the order in which they are made; destroyed in reverse.
  std::unique_ptr<Store> store_;
  std::unique_ptr<LogWriter> log_;
  std::unique_ptr<Maintenance> maintenance_;
  std::unique_ptr<CommitPipeline> pipeline_;
};

}  // namespace stoa
