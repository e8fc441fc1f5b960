#include "data/single_row.h"

#include <algorithm>
#include <span>

#include "base/check.h"

namespace stoa {

SingleRow::SingleRow(const Projection* projection) {
  const size_t count = projection->size();
  cells_.resize(count);
  vectors_.resize(count);
  set_.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    vectors_[i].index = i;
    if ((*projection)[i].word_bytes != 0) {
      vectors_[i].words = &cells_[i].word;
    } else {
      vectors_[i].bytes = &cells_[i].bytes;
    }
  }
}

void SingleRow::Start(uint64_t token, std::string_view key) {
  arena_.Reset();
  set_.clear();
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
  ColumnVector& vector = vectors_[column_index];
  place.word = cell.word;
  place.timestamp = cell.timestamp;
  place.expiry = cell.expiry;
  place.flags = FlagsOf(cell);
  place.bytes = cell.complex                                ? arena_.Copy(cell.bytes)
                : (place.flags & cell_flags::kNoValue) != 0 ? std::string_view()
                                                            : cell.bytes;
  vector.timestamps = cell.timestamp != timestamp_ ? &place.timestamp : nullptr;
  vector.expiries = cell.expiry != expiry_ ? &place.expiry : nullptr;
  vector.flags = place.flags != 0 ? &place.flags : nullptr;
  set_.push_back(column_index);
}

void SingleRow::Finish() {
  std::span<ColumnVector> columns = vectors_;
  if (set_.size() < vectors_.size()) {
    std::sort(set_.begin(), set_.end());
    present_.clear();
    for (const uint32_t index : set_) present_.push_back(vectors_[index]);
    columns = present_;
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
  batch_.columns = columns;
}

}  // namespace stoa
