#include "read/row_states.h"

#include <algorithm>

#include "base/status_macros.h"
#include "data/complex_merge.h"

namespace stoa {

namespace {

uint8_t StateOf(const Cell& complex_cell, int64_t now_seconds) {
  const ComplexLiveness liveness = LivenessOf(complex_cell, now_seconds);
  return static_cast<uint8_t>((liveness.live ? row_state::kLive : 0) |
                              (liveness.dead ? row_state::kDead : 0) |
                              (liveness.split ? row_state::kSplit : 0));
}

}  // namespace

absl::Status RowStates::Compute(RowBatch* batch, int64_t now_seconds) {
  STOA_RETURN_IF_ERROR(batch->EnsureLiveness());
  STOA_RETURN_IF_ERROR(batch->EnsureColumns());
  begin_ = batch->begin;
  states_.assign(batch->row_count(), 0);
  AddRows(*batch, now_seconds);
  for (const ColumnVector& column : batch->columns) AddColumn(*batch, column, now_seconds);
  all_plain_ =
      std::all_of(states_.begin(), states_.end(), [](uint8_t state) { return state == row_state::kLive; });
  return absl::OkStatus();
}

void RowStates::AddRows(const RowBatch& batch, int64_t now_seconds) {
  if (batch.flags == nullptr && batch.expiries == nullptr) {
    std::fill(states_.begin(), states_.end(), row_state::kLive);
    all_marked_ = true;
    return;
  }
  uint8_t in_all = row_state::kLive;
  for (uint32_t row = batch.begin; row < batch.end; ++row) {
    const uint8_t flags = batch.RowFlags(row);
    uint8_t state = 0;
    if ((flags & row_flags::kMarker) != 0) {
      state = IsExpired(batch.RowExpiry(row), now_seconds) ? row_state::kDead : row_state::kLive;
    }
    if ((flags & row_flags::kDeletion) != 0) state |= row_state::kDead;
    states_[row - begin_] = state;
    in_all &= state;
  }
  all_marked_ = in_all != 0;
}

void RowStates::AddColumn(const RowBatch& batch, const ColumnVector& column, int64_t now_seconds) {
  const bool may_end = column.flags != nullptr || column.expiries != nullptr || batch.expiries != nullptr;
  if (!may_end && all_marked_) return;
  for (uint32_t row = batch.begin; row < batch.end; ++row) {
    if (!column.Has(row)) continue;
    if (column.flags != nullptr && (column.flags[row] & cell_flags::kComplex) != 0) {
      states_[row - begin_] |= StateOf(batch.CellAt(column, row), now_seconds);
      continue;
    }
    const int64_t expiry = column.expiries != nullptr ? column.expiries[row] : batch.RowExpiry(row);
    const bool dead = IsExpired(expiry, now_seconds) ||
                      (column.flags != nullptr && (column.flags[row] & cell_flags::kTombstone) != 0);
    states_[row - begin_] |= dead ? row_state::kDead : row_state::kLive;
  }
}

uint32_t RowStates::FirstLive(uint32_t rows) const {
  uint32_t row = 0;
  while (row < rows && (states_[row] & row_state::kLive) == 0) ++row;
  return row;
}

uint32_t RowStates::EndOf(uint8_t state, uint32_t row, uint32_t end) const {
  while (row < end && states_[row - begin_] == state) ++row;
  return row;
}

}  // namespace stoa
