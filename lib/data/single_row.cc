#include "data/single_row.h"

#include <algorithm>

#include "base/check.h"

namespace stoa {

void SingleRow::Start(uint64_t token, std::string_view key) {
  arena_.Reset();
  vectors_.clear();
  ascending_ = true;
  run_ = PartitionRun{0, /*starts=*/true, token, arena_.Copy(key), {}};
}

void SingleRow::AddRow(std::string_view clustering, uint8_t flags, int64_t timestamp, int64_t expiry) {
  clustering_ = arena_.Copy(clustering);
  flags_ = flags;
  timestamp_ = timestamp;
  expiry_ = expiry;
}

void SingleRow::SetCell(uint32_t column_index, const Cell& cell) {
  STOA_DCHECK(column_index < cells_.size());
  Place& place = cells_[column_index];
  ColumnVector vector;
  vector.index = column_index;
  if ((*projection_)[column_index].word_bytes != 0) {
    place.word = cell.word;
    vector.words = &place.word;
  } else {
    const bool has_value = !cell.tombstone && !cell.empty;
    place.bytes = !has_value ? std::string_view() : cell.complex ? arena_.Copy(cell.bytes) : cell.bytes;
    vector.bytes = &place.bytes;
  }
  if (cell.timestamp != timestamp_) {
    place.timestamp = cell.timestamp;
    vector.timestamps = &place.timestamp;
  }
  if (cell.expiry != expiry_) {
    place.expiry = cell.expiry;
    vector.expiries = &place.expiry;
  }
  if (place.flags = FlagsOf(cell); place.flags != 0) vector.flags = &place.flags;
  ascending_ = ascending_ && (vectors_.empty() || vectors_.back().index < column_index);
  vectors_.push_back(vector);
}

void SingleRow::Finish() {
  if (!ascending_) {
    std::sort(vectors_.begin(), vectors_.end(),
              [](const ColumnVector& a, const ColumnVector& b) { return a.index < b.index; });
  }
  batch_ = RowBatch();
  batch_.end = 1;
  batch_.runs = {&run_, 1};
  batch_.first_clustering = batch_.last_clustering = clustering_;
  batch_.clustering = &clustering_;
  batch_.liveness_loaded = batch_.columns_loaded = true;
  batch_.timestamps = &timestamp_;
  if (expiry_ != kNoExpiry) batch_.expiries = &expiry_;
  if (flags_ != row_flags::kMarker) batch_.flags = &flags_;
  batch_.columns = vectors_;
}

}  // namespace stoa
