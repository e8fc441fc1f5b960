#include "sstable/block_pending.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/strings.h"
#include "data/bits.h"

namespace stoa {

PendingBlock::PendingBlock(const BlockLayout* layout, const Projection* projection)
    : components(&layout->clustering),
      clustering(std::max<size_t>(layout->clustering.size(), 1)),
      layout_(layout),
      projection_(projection),
      slots_(projection->size()) {
  for (const ProjectedColumn& column : *projection) {
    const auto type =
        std::lower_bound(layout->columns.begin(), layout->columns.end(), column.id,
                         [](const BlockLayout::ColumnType& a, ColumnId id) { return a.id < id; });
    const bool known = type != layout->columns.end() && type->id == column.id;
    kinds_.push_back(known ? type->kind : TypeKind::kBlob);
  }
}

void PendingBlock::Start(const DeletionTime& open) {
  row_count = 0;
  partition_starts = 0;
  first_starts = false;
  open_before = open_after = open;
  runs.Clear();
  tokens.clear();
  first_rows.clear();
  partition_deletions.Clear();
  change_runs.clear();
  change_rows.clear();
  change_bounds.Clear();
  change_deletions.Clear();
  components = &layout_->clustering;
  for (PendingKeyColumn& column : clustering) column.Clear();
  timestamps.Clear();
  flags.Clear();
  expiries.Clear();
  deletions.Clear();
  for (const uint32_t index : used_) slots_[index] = 0;
  used_.clear();
  column_count_ = 0;
}

void PendingBlock::AddRun(const PartitionRun& run, bool starts) {
  if (!empty() && tokens.back() == run.token && runs.back() == run.key) return;
  if (empty()) {
    first_starts = starts;
    first = Position(PositionView{run.token, run.key, {}});
  }
  partition_starts += starts ? 1 : 0;
  partition_deletions.Add(runs.size(), run.deletion);
  runs.Add(run.key);
  tokens.push_back(run.token);
  first_rows.push_back(row_count);
  last_clustering.clear();
}

void PendingBlock::NoteElement(std::string_view element) {
  const bool nothing_before = row_count == 0 && change_rows.empty();
  const bool start_matters =
      first_starts && !partition_deletions.at.empty() && partition_deletions.at[0] == 0;
  if (nothing_before && runs.size() == 1 && !start_matters) first.clustering = element;
}

void PendingBlock::AddChange(const RangeChange& change) {
  NoteElement(change.bound);
  last_clustering = change.bound;
  change_deletions.Add(change_rows.size(), change.deletion);
  change_runs.push_back(runs.size() - 1);
  change_rows.push_back(row_count);
  change_bounds.Add(change.bound);
  open_after = change.deletion;
}

void PendingBlock::AddRows(const RowBatch& batch, uint32_t begin, uint32_t end) {
  if (begin >= end) return;
  NoteElement(batch.clustering[begin]);
  last_clustering = batch.clustering[end - 1];
  row_count += end - begin;
}

absl::Status PendingBlock::AddContent(const RowBatch& batch, uint32_t begin, uint32_t end,
                                      uint32_t first_row) {
  for (uint32_t row = begin; row < end; ++row) {
    const std::string_view key = batch.clustering[row];
    if (!keys_are_whole() && SplitClusteringKey(*components, key, &clustering)) continue;
    // Keys that are given are checked before they are logged: another one comes from a damaged file.
    if (!IsKeyOfLayout(layout_->clustering, key)) {
      return absl::DataLossError(StrCat("not a clustering key of the table: ", HexDump(key)));
    }
    if (!keys_are_whole()) KeepKeysWhole(first_row + (row - begin));
    clustering[0].strings.Add(key);
  }
  AddLiveness(batch, begin, end, first_row);
  AddCells(batch, begin, end, first_row);
  return absl::OkStatus();
}

/// Puts the keys of the first `rows` rows together again.
void PendingBlock::KeepKeysWhole(uint32_t rows) {
  ByteStrings whole;
  std::string key;
  for (uint32_t row = 0; row < rows; ++row) {
    key.clear();
    JoinClusteringKey(*components, clustering, row, &key);
    whole.Add(key);
  }
  for (PendingKeyColumn& column : clustering) column.Clear();
  clustering[0].strings = std::move(whole);
  components = &BlockLayout::WholeKeys();
}

void PendingBlock::AddLiveness(const RowBatch& batch, uint32_t begin, uint32_t end, uint32_t first_row) {
  const uint64_t shift = uint64_t{first_row} - begin;
  for (uint32_t row = begin; row < end; ++row) {
    if (batch.timestamps[row] != kNoTimestamp) {
      timestamps.Add(row + shift, static_cast<uint64_t>(batch.timestamps[row]));
    }
  }
  if (batch.expiries != nullptr) {
    for (uint32_t row = begin; row < end; ++row) {
      if (batch.expiries[row] != kNoExpiry)
        expiries.Add(row + shift, static_cast<uint64_t>(batch.expiries[row]));
    }
  }
  if (batch.flags == nullptr) return;
  for (uint32_t row = begin; row < end; ++row) {
    if (batch.flags[row] != row_flags::kMarker) flags.Add(row + shift, batch.flags[row]);
    deletions.Add(row + shift, batch.RowDeletion(row));
  }
}

void PendingBlock::AddCells(const RowBatch& batch, uint32_t begin, uint32_t end, uint32_t first_row) {
  for (const ColumnVector& column : batch.columns) {
    uint32_t& slot = slots_[column.index];
    if (slot == 0) {
      if (column.present != nullptr && !AnyBit(column.present, begin, end)) continue;
      if (column_count_ == columns_.size()) columns_.push_back(std::make_unique<PendingColumn>());
      slot = ++column_count_;
      used_.push_back(column.index);
      const ProjectedColumn& projected = (*projection_)[column.index];
      columns_[slot - 1]->Start(projected.id, kinds_[column.index], projected.word_bytes);
    }
    columns_[slot - 1]->Append(batch, column, begin, end, first_row);
  }
}

std::vector<PendingColumn*> PendingBlock::SortedColumns() {
  std::sort(used_.begin(), used_.end());
  std::vector<PendingColumn*> sorted;
  for (const uint32_t index : used_) sorted.push_back(columns_[slots_[index] - 1].get());
  return sorted;
}

}  // namespace stoa
