#include "engine/conditional_write.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/hash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "data/mutation.h"
#include "engine/result_row.h"
#include "read/condition.h"

namespace stoa {
namespace {

/// After so many conflicts with other writers one goes on alone.
constexpr int kAttemptsMax = 8;

/// A watch for the time of a scope.
class WatchScope {
 public:
  WatchScope(CommitPipeline* pipeline, std::span<const WatchedPartition> partitions)
      : watch_(partitions), pipeline_(pipeline) {}
  ~WatchScope() { pipeline_->EndWatch(&watch_); }
  WatchScope(const WatchScope&) = delete;
  WatchScope& operator=(const WatchScope&) = delete;

  PartitionWatch* get() { return &watch_; }

 private:
  PartitionWatch watch_;
  CommitPipeline* const pipeline_;
};

/// True when an operation, read in a context of kNoTimestamp, brings a timestamp of its own.
bool HasOwnTimestamp(const Mutation& mutation, const FragmentContext& context) {
  if (mutation.kind != mutation_op::kRow) return !mutation.deletion.live();
  const FragmentReader reader(mutation.fragment, context);
  return reader.timestamp() != kNoTimestamp;
}

}  // namespace

absl::Status CheckConditional(const WriteBatch& batch, const Conditions& conditions) {
  STOA_RETURN_IF_ERROR(conditions.status());
  const TableSchema& schema = *conditions.table();
  const std::string where = StrCat("table ", schema.name(), ": conditional write: ");
  if (conditions.empty()) return InvalidArgument(where, "there is no condition");
  if (schema.is_counter_table()) {
    return InvalidArgument(where, "the columns are counters, which are not written conditionally");
  }
  const FragmentContext context{kNoTimestamp, 0};
  MutationReader reader(batch.mutations(), context);
  Mutation mutation;
  while (reader.Next(&mutation)) {
    if (mutation.table != schema.id()) {
      return InvalidArgument(where, "the batch writes to table id ", mutation.table,
                             ", the conditions are about table id ", schema.id());
    }
    if (mutation.key != conditions.partition_key()) {
      return InvalidArgument(where, "the batch writes to partition 0x", HexDump(mutation.key),
                             ", the conditions are about partition 0x", HexDump(conditions.partition_key()));
    }
    if (HasOwnTimestamp(mutation, context)) {
      return InvalidArgument(where,
                             "it takes the timestamp of its commit, an operation of the batch has its own");
    }
  }
  for (const WriteBatch::ListOperation& operation : batch.list_operations()) {
    if (operation.table->id() != schema.id() || operation.partition_key != conditions.partition_key()) {
      return InvalidArgument(where, "the batch writes to a list elsewhere than the conditions are about");
    }
    if (operation.attributes.timestamp_micros.has_value()) {
      return InvalidArgument(where,
                             "it takes the timestamp of its commit, an operation of the batch has its own");
    }
  }
  return absl::OkStatus();
}

std::vector<ColumnId> ColumnsOf(const Conditions& conditions) {
  std::vector<ColumnId> columns;
  bool all = false;
  for (const Conditions::RowConditions& row : conditions.rows()) {
    all = all || row.exists || row.not_exists;
    for (const Conditions::Comparand& comparand : row.columns) {
      if (std::find(columns.begin(), columns.end(), comparand.column) == columns.end()) {
        columns.push_back(comparand.column);
      }
    }
  }
  return all ? AllColumns(*conditions.table()) : columns;
}

absl::StatusOr<bool> RowSatisfies(const Conditions::RowConditions& conditions, const TableSchema& schema,
                                  std::span<const ColumnId> columns, const Row* values) {
  if (conditions.not_exists && values != nullptr) return false;
  if (conditions.exists && values == nullptr) return false;
  for (const Conditions::Comparand& comparand : conditions.columns) {
    const auto place = std::find(columns.begin(), columns.end(), comparand.column) - columns.begin();
    const Value current = values == nullptr ? Value() : (*values)[static_cast<size_t>(place)];
    const Column* const column = schema.FindColumn(comparand.column);
    STOA_ASSIGN_OR_RETURN(const bool holds, Holds(comparand, column->type, current));
    if (!holds) return false;
  }
  return true;
}

absl::Status Database::Engine::CommitDecided(std::span<const WatchedPartition> partitions,
                                             const Decide& decide) {
  std::vector<uint64_t> tokens;
  for (const WatchedPartition& partition : partitions) {
    tokens.push_back(OrderedToken(PartitionToken(partition.key)));
  }
  const PartitionLatches::Hold hold(&latches_, tokens);
  WatchScope watch(pipeline_.get(), partitions);
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    pipeline_->BeginWatch(watch.get());
    const ReadPoint point = AcquireReadPoint(/*durable=*/false);
    watch.get()->now_seconds = env_->clock.NowWallSeconds();
    STOA_ASSIGN_OR_RETURN(const std::optional<EncodedBatch> batch,
                          decide({*point.view, point.sequence, watch.get()->now_seconds}));
    if (!batch.has_value()) return absl::OkStatus();
    const absl::Status status =
        CommitWithBlobs(*batch, [&](std::string_view mutations, std::span<const BlobHold> blobs) {
          return pipeline_->Commit(mutations, blobs, watch.get());
        });
    if (!absl::IsAborted(status)) return status;
    conditional_conflicts_.fetch_add(1, std::memory_order_relaxed);
  }
  return pipeline_->RunExclusive([&](const CommitStamp& stamp) -> absl::Status {
    const ReadPoint point = AcquireReadPoint(/*durable=*/false);
    STOA_ASSIGN_OR_RETURN(const std::optional<EncodedBatch> batch,
                          decide({*point.view, point.sequence, stamp.now_seconds}));
    if (!batch.has_value()) return absl::OkStatus();
    return CommitWithBlobs(*batch, [&](std::string_view mutations, std::span<const BlobHold> blobs) {
      return pipeline_->CommitAlone(stamp, mutations, blobs);
    });
  });
}

absl::StatusOr<ConditionalOutcome> Database::WriteIf(const WriteOptions& options, const WriteBatch& batch,
                                                     const Conditions& conditions) {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  STOA_RETURN_IF_ERROR(CheckConditional(batch, conditions));
  STOA_RETURN_IF_ERROR(engine_->CheckSpace(batch));
  STOA_RETURN_IF_ERROR(engine_->maintenance().WaitForRoom(!options.no_slowdown));
  const Table& table = conditions.table();
  const WatchedPartition partition{table->id(), conditions.partition_key()};
  std::string mutations;
  ConditionalOutcome outcome;
  outcome.columns_ = ColumnsOf(conditions);
  outcome.rows_.resize(conditions.rows().size());
  const auto decide = [&](const DecisionPoint& point) -> absl::StatusOr<std::optional<EncodedBatch>> {
    outcome.applied_ = true;
    for (size_t i = 0; i < outcome.rows_.size(); ++i) {
      const Conditions::RowConditions& wanted = conditions.rows()[i];
      ConditionalOutcome::CurrentRow& current = outcome.rows_[i];
      STOA_ASSIGN_OR_RETURN(current.exists, engine_->ReadRowAt(point, table, partition.key, wanted.clustering,
                                                               outcome.columns_, &current.row));
      STOA_ASSIGN_OR_RETURN(const bool holds, RowSatisfies(wanted, *table, outcome.columns_,
                                                           current.exists ? &current.row : nullptr));
      outcome.applied_ = outcome.applied_ && holds;
    }
    if (!outcome.applied_ || batch.empty()) return std::nullopt;
    STOA_RETURN_IF_ERROR(engine_->ResolveListOperations(point, batch, &mutations));
    MakeDeletionsOlder(&mutations);
    if (mutations.empty()) return std::nullopt;
    return EncodedBatch{mutations, batch.largest_value_bytes()};
  };
  STOA_RETURN_IF_ERROR(engine_->CommitDecided({&partition, 1}, decide));
  engine_->CountConditionalWrite();
  if (outcome.applied_) outcome.rows_.clear();
  // What the outcome says is as durable as was asked for, also when nothing was written.
  STOA_RETURN_IF_ERROR(engine_->FinishWrite(options));
  return outcome;
}

}  // namespace stoa
