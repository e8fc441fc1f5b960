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
/// What a row costs apart from its key and values, and a cell that not every row has apart from its value.
constexpr uint64_t kRowCost = 8;
constexpr uint64_t kSparseCellCost = 4;
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
  }

  const Projection* projection;
  const size_t raw_bytes_target;
  PendingBlock pending;
  BlockEncoder encoder;
  bool full = false;
  double shrink = kShrinkFirst;  // encoded bytes for each byte of cost
  uint64_t cost = 0;             // of the rows taken
  std::vector<uint64_t> row_costs;

  // The partition to which the last element belonged, which the next block may continue.
  bool in_partition = false;
  uint64_t token = 0;
  std::string key;

  void FindCosts(const RowBatch& batch, uint32_t begin, uint32_t end);
  uint32_t PartitionCut(const RowBatch& batch, uint32_t begin) const;
  uint32_t RowsToTake(uint32_t begin, uint32_t end);
  absl::Status Take(const RowBatch& batch, uint32_t begin, uint32_t end);
  void StartRun(const PartitionRun& run, bool continues);
};

BlockBuilder::BlockBuilder(const BlockLayout* layout, const Projection* projection, int compression_level,
                           size_t raw_bytes_target)
    : state_(std::make_unique<State>(layout, projection, compression_level, raw_bytes_target)) {}
BlockBuilder::~BlockBuilder() = default;

bool BlockBuilder::full() const { return state_->full; }
bool BlockBuilder::empty() const { return state_->pending.empty(); }

void BlockBuilder::State::FindCosts(const RowBatch& batch, uint32_t begin, uint32_t end) {
  row_costs.clear();
  for (uint32_t row = begin; row < end; ++row) row_costs.push_back(kRowCost + batch.clustering[row].size());
  for (const ColumnVector& column : batch.columns) {
    const uint64_t word_bytes = (*projection)[column.index].word_bytes;
    const uint64_t fixed = column.words != nullptr ? word_bytes : 1;
    if (column.present == nullptr && column.words != nullptr) {
      for (uint64_t& row_cost : row_costs) row_cost += fixed;
    } else if (column.present == nullptr) {
      for (uint32_t row = begin; row < end; ++row) row_costs[row - begin] += fixed + ValueBytes(column, row);
    } else {
      ForEachBit(column.present, begin, end, [&](size_t row) {
        row_costs[row - begin] +=
            fixed + kSparseCellCost + (column.words != nullptr ? 0 : ValueBytes(column, row));
      });
    }
  }
}

uint32_t BlockBuilder::State::RowsToTake(uint32_t begin, uint32_t end) {
  const auto target = static_cast<uint64_t>(std::ceil(static_cast<double>(raw_bytes_target) / shrink));
  const uint32_t rows_max = std::min(end - begin, kBlockRowsMax - pending.row_count);
  uint32_t rows = 0;
  while (rows < rows_max && cost < target) {
    const uint64_t row_cost = row_costs[rows];
    if (row_cost >= target && (rows > 0 || pending.row_count > 0)) {  // a block of its own
      full = true;
      return rows;
    }
    cost += row_cost;
    ++rows;
  }
  full = cost >= target || pending.row_count + rows == kBlockRowsMax;
  return rows;
}

/// The first row at or after `begin` before which a partition ends that has kLargeRun rows in the block; else
/// the batch's end.
uint32_t BlockBuilder::State::PartitionCut(const RowBatch& batch, uint32_t begin) const {
  uint32_t rows =
      pending.first_rows.empty() ? 0 : pending.row_count - static_cast<uint32_t>(pending.first_rows.back());
  uint32_t from = begin;
  for (const PartitionRun& run : batch.runs) {
    if (!run.starts || run.first_row < begin) continue;
    if (rows + (run.first_row - from) >= kLargeRun) return run.first_row;
    rows = 0;
    from = run.first_row;
  }
  return batch.end;
}

void BlockBuilder::State::StartRun(const PartitionRun& run, bool continues) {
  const bool known = in_partition && token == run.token && key == run.key;
  pending.AddRun(run, run.starts && !known && !continues);
  if (known) return;
  in_partition = true;
  token = run.token;
  key = run.key;
}

/// Takes rows [begin, end) and all that stands before them in their runs; what stands before row `end` is
/// left to be taken with it, unless the batch ends there.
absl::Status BlockBuilder::State::Take(const RowBatch& batch, uint32_t begin, uint32_t end) {
  const bool to_the_end = end == batch.end;
  const uint32_t first_row = pending.row_count;
  size_t change = 0;
  while (change < batch.changes.size() && batch.changes[change].row < begin) ++change;
  for (size_t i = 0; i < batch.runs.size(); ++i) {
    const PartitionRun& run = batch.runs[i];
    const uint32_t run_end = batch.RunEnd(i);
    const bool has_change = change < batch.changes.size() && batch.changes[change].run == i;
    if (run.first_row < begin && run_end <= begin && !has_change) continue;  // taken before
    if (run.first_row >= end && !to_the_end) break;
    StartRun(run, run.first_row < begin && begin != batch.begin);
    uint32_t row = std::max(begin, run.first_row);
    for (; change < batch.changes.size() && batch.changes[change].run == i; ++change) {
      const uint32_t before = batch.changes[change].row;
      if (before >= end && !to_the_end) break;
      STOA_RETURN_IF_ERROR(pending.AddRows(batch, row, before));
      row = before;
      pending.AddChange(batch.changes[change]);
    }
    STOA_RETURN_IF_ERROR(pending.AddRows(batch, row, std::max(row, std::min(run_end, end))));
  }
  pending.AddCells(batch, begin, end, first_row);
  full |= pending.runs.size() >= kBlockRowsMax || pending.change_rows.size() >= kBlockRowsMax;
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> BlockBuilder::Add(RowBatch& batch, uint32_t begin) {
  State& state = *state_;
  if (state.full) return begin;
  STOA_RETURN_IF_ERROR(batch.EnsureAll());
  if (begin == batch.begin) {
    if (!state.in_partition) state.pending.Start(batch.open_deletion);
    if (batch.open_deletion != state.pending.open_after) {
      return absl::InternalError("a row stream whose open range deletion changes between batches");
    }
  }
  do {
    const uint32_t cut = state.PartitionCut(batch, begin);
    if (cut == begin && cut < batch.end) {
      state.full = true;
      break;
    }
    const uint32_t end = std::min(cut, begin + kChunkRows);
    state.FindCosts(batch, begin, end);
    const uint32_t rows = state.RowsToTake(begin, end);
    if (rows == 0 && begin < batch.end) break;
    STOA_RETURN_IF_ERROR(state.Take(batch, begin, begin + rows));
    begin += rows;
  } while (!state.full && begin < batch.end);
  return begin;
}

absl::StatusOr<BuiltBlock> BlockBuilder::Finish() {
  State& state = *state_;
  STOA_DCHECK(!state.pending.empty());
  STOA_ASSIGN_OR_RETURN(BuiltBlock built, state.encoder.Encode(state.pending));
  if (state.pending.row_count > 0) {
    const double shrink = static_cast<double>(state.encoder.raw_bytes()) / static_cast<double>(state.cost);
    state.shrink = std::clamp(shrink, kShrinkMin, kShrinkMax);
  }
  state.pending.Start(state.pending.open_after);
  state.cost = 0;
  state.full = false;
  return built;
}

}  // namespace stoa
