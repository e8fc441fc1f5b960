#include "data/single_row.h"

#include <algorithm>
#include <span>

namespace stoa {

SingleRow::SingleRow(const Projection* projection) {
  const size_t count = projection->size();
  cells_.resize(count);
  vectors_.resize(count);
  set_.resize(count);
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
  set_count_ = 0;
  run_ = PartitionRun{0, /*starts=*/true, token, arena_.Copy(key), {}};
}

void SingleRow::AddRow(std::string_view clustering, uint8_t flags, int64_t timestamp, int64_t expiry) {
  clustering_ = arena_.Copy(clustering);
  flags_ = flags;
  timestamp_ = timestamp;
  expiry_ = expiry;
}

void SingleRow::SetFlagged(const Cell& cell, Place* place, ColumnVector* vector) {
  if (cell.complex) {
    place->bytes = arena_.Copy(cell.bytes);
  } else if ((place->flags & cell_flags::kNoValue) != 0) {
    place->bytes = {};
  }
  vector->flags = &place->flags;
}

void SingleRow::Finish() {
  std::span<ColumnVector> columns = vectors_;
  if (set_count_ < vectors_.size()) {
    const std::span<uint32_t> set = std::span(set_).first(set_count_);
    std::sort(set.begin(), set.end());
    present_.clear();
    for (const uint32_t index : set) present_.push_back(vectors_[index]);
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
