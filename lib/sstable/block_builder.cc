// Where blocks are cut.
//
// A block is full when its sections will have raw_bytes_target bytes before compression. How many that
// will be is known only when they are encoded; but the rows of a table resemble each other. So what a row
// costs before it is encoded is multiplied by what encoding made of the rows of the block before: blocks
// settle at the target within a block or two, and nothing has to be analysed twice. The factor is kept within
// bounds, so that neither a change of the data nor a misleading block makes the next one enormous or tiny.
#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "base/status_macros.h"
#include "data/bits.h"
#include "sstable/block.h"
#include "sstable/block_encoder.h"
#include "sstable/block_pending.h"

namespace stoa {
namespace {

constexpr double kShrinkMin = 1.0 / 8;
constexpr double kShrinkMax = 2;
constexpr double kShrinkFirst = 1.0 / 2;
/// What a row costs apart from its key and values. Nothing is added to it that would depend on how the stream
/// was cut into batches, like whether all rows of a batch have a column: equal streams make equal blocks.
constexpr uint64_t kRowCost = 8;
/// Rows whose costs are looked at together.
constexpr uint32_t kChunkRows = 1024;
/// Where a partition ends that has so many rows in the block, the block ends too. Clustering keys start anew
/// there, so that a block of one partition has the smaller differences: the times of a time series need one
/// byte instead of three. Measured on 2,000,000 rows of 1,000 series and on 3,000,000 flights of 229 airports
/// (FORMAT.md): 1 and 0.4 % smaller files, and a point read waits for fewer cache lines (bench/README.md).
constexpr uint32_t kLargeRun = 512;

uint64_t ValueBytes(const ColumnVector& column, size_t row) {
  return (column.Flags(static_cast<uint32_t>(row)) & cell_flags::kNoValue) != 0 ? 0
                                                                                : column.bytes[row].size();
}

}  // namespace

struct BlockBuilder::State {
  State(const BlockLayout* layout, const Projection* columns, int level, size_t target)
      : projection(columns), raw_bytes_target(target), pending(layout, columns), encoder(layout, level) {
    pending.Start({});
    ExpectShrink(kShrinkFirst);
  }

  const Projection* projection;
  const size_t raw_bytes_target;
  PendingBlock pending;
  BlockEncoder encoder;
  uint64_t cost = 0;     // of the rows taken
  uint64_t full_at = 0;  // so much is a block expected to cost

  // How far the batch was taken.
  bool in_batch = false;
  uint32_t row = 0;
  size_t run = 0;
  size_t change = 0;
  // The content of rows is taken of many runs at once: that of rows from `content_row` on, which is row
  // `content_at` of the block, is not taken yet.
  uint32_t content_row = 0;
  uint32_t content_at = 0;
  // Costs of rows [costs_begin, costs_begin + row_costs.size()).
  uint32_t costs_begin = 0;
  std::vector<uint64_t> row_costs;

  // The partition to which the last element of the batch, or of the block, belonged, which may go on.
  bool in_partition = false;
  uint64_t token = 0;
  std::string key;

  /// `shrink`: encoded bytes for each byte of cost.
  void ExpectShrink(double shrink) {
    full_at = static_cast<uint64_t>(std::ceil(static_cast<double>(raw_bytes_target) / shrink));
  }
  bool full() const { return cost >= full_at || pending.row_count == kBlockRowsMax; }
  bool behind_change() const {
    return !pending.change_rows.empty() && pending.change_rows.back() == pending.row_count;
  }
  void StartBatch(const RowBatch& batch);
  void FindCosts(const RowBatch& batch);
  uint32_t RowsToTake(const RowBatch& batch, uint32_t end);
  bool EndsBefore(const PartitionRun& next) const;
  bool StartRun(const PartitionRun& next);
  bool TakeRows(const RowBatch& batch, uint32_t end);
  bool TakeRun(const RowBatch& batch);
  absl::StatusOr<bool> Take(const RowBatch& batch);
};

BlockBuilder::BlockBuilder(const BlockLayout* layout, const Projection* projection, int compression_level,
                           size_t raw_bytes_target)
    : state_(std::make_unique<State>(layout, projection, compression_level, raw_bytes_target)) {}
BlockBuilder::~BlockBuilder() = default;

bool BlockBuilder::empty() const { return state_->pending.empty(); }

bool BlockBuilder::half_full() const {
  return state_->cost >= state_->full_at / 2 || state_->pending.row_count >= kBlockRowsMax / 2;
}

bool BlockBuilder::may_end() const { return !state_->behind_change(); }

void BlockBuilder::State::StartBatch(const RowBatch& batch) {
  in_batch = true;
  row = content_row = costs_begin = batch.begin;
  content_at = pending.row_count;
  run = change = 0;
  row_costs.clear();
}

/// Of the next rows.
void BlockBuilder::State::FindCosts(const RowBatch& batch) {
  const uint32_t end = std::min(batch.end, row + kChunkRows);
  costs_begin = row;
  row_costs.clear();
  for (uint32_t i = row; i < end; ++i) row_costs.push_back(kRowCost + batch.clustering[i].size());
  for (const ColumnVector& column : batch.columns) {
    const uint64_t fixed = column.words != nullptr ? (*projection)[column.index].word_bytes : 1;
    if (column.present == nullptr && column.words != nullptr) {
      for (uint64_t& row_cost : row_costs) row_cost += fixed;
    } else if (column.present == nullptr) {
      for (uint32_t i = row; i < end; ++i) row_costs[i - row] += fixed + ValueBytes(column, i);
    } else {
      ForEachBit(column.present, row, end, [&](size_t i) {
        row_costs[i - row] += fixed + (column.words != nullptr ? 0 : ValueBytes(column, i));
      });
    }
  }
}

/// How many of the rows [row, end) still belong into the block; 0 when it is full. Never directly behind a
/// range-change, which may stand in the place of the row itself: then both stand in one block.
uint32_t BlockBuilder::State::RowsToTake(const RowBatch& batch, uint32_t end) {
  if (row >= costs_begin + row_costs.size()) FindCosts(batch);
  const auto costs_end = static_cast<uint32_t>(costs_begin + row_costs.size());
  const uint32_t rows_max = std::min(std::min(end, costs_end) - row, kBlockRowsMax - pending.row_count);
  const bool may_end = pending.row_count > 0 && !behind_change();
  uint32_t rows = 0;
  while (rows < rows_max && cost < full_at) {
    const uint64_t row_cost = row_costs[row - costs_begin + rows];
    if (row_cost >= full_at && (rows > 0 || may_end)) break;  // a block of its own
    cost += row_cost;
    ++rows;
  }
  return rows;
}

/// Whether the block is finished where this partition starts.
bool BlockBuilder::State::EndsBefore(const PartitionRun& next) const {
  if (pending.empty()) return false;
  const uint64_t rows = pending.row_count - pending.first_rows.back();
  return (next.starts && rows >= kLargeRun) || full() || pending.runs.size() >= kBlockRowsMax;
}

/// False when it belongs into the next block.
bool BlockBuilder::State::StartRun(const PartitionRun& next) {
  const bool known = in_partition && token == next.token && key == next.key;
  if (!known && EndsBefore(next)) return false;
  pending.AddRun(next, next.starts && !known);
  return true;
}

/// Up to row `end`, all of one run. False when the block is full before.
bool BlockBuilder::State::TakeRows(const RowBatch& batch, uint32_t end) {
  while (row < end) {
    const uint32_t rows = RowsToTake(batch, end);
    if (rows == 0) return false;
    pending.AddRows(batch, row, row + rows);
    row += rows;
  }
  return true;
}

/// What is left of a run; false when the block is full before.
bool BlockBuilder::State::TakeRun(const RowBatch& batch) {
  if (!StartRun(batch.runs[run])) return false;
  for (; change < batch.changes.size() && batch.changes[change].run == run; ++change) {
    if (!TakeRows(batch, batch.changes[change].row) || full() || pending.change_rows.size() >= kBlockRowsMax)
      return false;
    pending.AddChange(batch.changes[change]);
  }
  return TakeRows(batch, batch.RunEnd(run));
}

absl::StatusOr<bool> BlockBuilder::State::Take(const RowBatch& batch) {
  while (run < batch.runs.size() && TakeRun(batch)) ++run;
  if (content_row < row) {
    STOA_RETURN_IF_ERROR(pending.AddContent(batch, content_row, row, content_at));
  }
  content_row = row;
  content_at = 0;  // if the batch goes on, in the next block
  if (!pending.empty()) {
    in_partition = true;
    token = pending.tokens.back();
    key = pending.runs.back();
  }
  return run == batch.runs.size();
}

absl::StatusOr<bool> BlockBuilder::Add(RowBatch& batch) {
  State& state = *state_;
  STOA_RETURN_IF_ERROR(batch.EnsureAll());
  if (!state.in_batch) {
    if (!state.in_partition) state.pending.Start(batch.open_deletion);
    if (batch.open_deletion != state.pending.open_after) {
      return absl::InternalError("a row stream whose open range deletion changes between batches");
    }
    state.StartBatch(batch);
  }
  STOA_ASSIGN_OR_RETURN(const bool all, state.Take(batch));
  state.in_batch = !all;
  return all;
}

BlockBuilder::LargestColumn BlockBuilder::FindLargestColumn() {
  LargestColumn largest;
  for (const PendingColumn* column : state_->pending.SortedColumns()) {
    if (column->value_bytes() > largest.bytes) largest = {column->id(), column->value_bytes(), state_->key};
  }
  return largest;
}

absl::StatusOr<BuiltBlock> BlockBuilder::Finish() {
  State& state = *state_;
  STOA_DCHECK(!state.pending.empty());
  STOA_ASSIGN_OR_RETURN(BuiltBlock built, state.encoder.Encode(state.pending));
  if (state.pending.row_count > 0) {
    const double shrink = static_cast<double>(state.encoder.raw_bytes()) / static_cast<double>(state.cost);
    state.ExpectShrink(std::clamp(shrink, kShrinkMin, kShrinkMax));
  }
  state.pending.Start(state.pending.open_after);
  state.cost = 0;
  return built;
}

}  // namespace stoa
