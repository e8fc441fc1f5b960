// What time has done to the rows of a batch.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/status/status.h>

#include "data/row_batch.h"

namespace stoa {

namespace row_state {
inline constexpr uint8_t kLive = 1;  ///< has a live marker or a live cell
/// Has something dead: a deletion, a tombstone, an expired marker or cell.
inline constexpr uint8_t kDead = 2;
/// Has a counter in several parts, which a merge may fold.
inline constexpr uint8_t kSplit = 4;
}  // namespace row_state

/// Whether time may have killed anything that expires at `expiry`.
inline bool IsExpired(int64_t expiry, int64_t now_seconds) { return expiry <= now_seconds; }

/// Computes the states of the rows of one batch after another, column by column. Reuses its memory; not
/// thread-safe.
class RowStates {
 public:
  /// Loads liveness and columns of `batch`.
  absl::Status Compute(RowBatch* batch, int64_t now_seconds);

  /// row_state of a row of the batch.
  uint8_t operator[](uint32_t row) const { return states_[row - begin_]; }
  /// True when every row is live and none has anything dead or split.
  bool AllPlain() const { return all_plain_; }
  /// How many rows at the beginning of the batch are not alive; `rows` if none is.
  uint32_t FirstLive(uint32_t rows) const;
  /// The first row in [row, end) of which the state is not `state`, or `end`.
  uint32_t EndOf(uint8_t state, uint32_t row, uint32_t end) const;

 private:
  void AddRows(const RowBatch& batch, int64_t now_seconds);
  void AddColumn(const RowBatch& batch, const ColumnVector& column, int64_t now_seconds);

  uint32_t begin_ = 0;
  bool all_marked_ = false;  // every row has a live marker
  bool all_plain_ = false;
  std::vector<uint8_t> states_;
};

}  // namespace stoa
