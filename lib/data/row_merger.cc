#include "data/row_merger.h"

#include <algorithm>

#include "base/check.h"
#include "data/blob_reference.h"

namespace stoa {
namespace {

/// Compares values of equally strong cells as serialized bytes; an empty value is the least.
bool ValueIsGreater(const Cell& a, const Cell& b, uint8_t word_bytes) {
  if (word_bytes == 0) return a.blob || b.blob ? BlobTieIsGreater(a, b) : a.bytes > b.bytes;
  if (a.empty || b.empty) return !a.empty && b.empty;
  return a.word > b.word;
}

}  // namespace

bool CellWins(const Cell& a, const Cell& b, uint8_t word_bytes) {
  if (a.timestamp != b.timestamp) return a.timestamp > b.timestamp;
  const bool a_ends = a.tombstone || a.expiry != kNoExpiry;
  const bool b_ends = b.tombstone || b.expiry != kNoExpiry;
  if (a_ends != b_ends) return a_ends;
  if (a.tombstone != b.tombstone) return a.tombstone;
  if (a.expiry != b.expiry) return a.expiry > b.expiry;
  return !a.tombstone && ValueIsGreater(a, b, word_bytes);
}

RowMerger::RowMerger(const Projection* projection) : projection_(projection), slots_(projection->size()) {
  Start();
}

void RowMerger::Start() {
  if (++generation_ == 0) {
    std::fill(slots_.begin(), slots_.end(), Slot{});
    generation_ = 1;
  }
  entries_.clear();
  if (!complex_inputs_.empty()) complex_inputs_.clear();
  complex_merged_ = true;
  row_deletion_ = covering_ = DeletionTime{};
  marker_timestamp_ = kNoTimestamp;
  marker_expiry_ = kNoExpiry;
}

void RowMerger::AddRowDeletion(const DeletionTime& deletion) {
  row_deletion_ = Stronger(row_deletion_, deletion);
  complex_merged_ = complex_inputs_.empty();
}

void RowMerger::AddCoveringDeletion(const DeletionTime& deletion) {
  covering_ = Stronger(covering_, deletion);
  complex_merged_ = complex_inputs_.empty();
}

void RowMerger::AddMarker(int64_t timestamp, int64_t expiry) {
  if (timestamp < marker_timestamp_) return;
  if (timestamp == marker_timestamp_) {
    // An expiring marker wins over a plain one, then the later expiry.
    if (expiry == kNoExpiry) return;
    if (marker_expiry_ != kNoExpiry && expiry <= marker_expiry_) return;
  }
  marker_timestamp_ = timestamp;
  marker_expiry_ = expiry;
}

void RowMerger::AddVersion(uint32_t column_index, const Cell& cell) {
  STOA_DCHECK(column_index < slots_.size());
  if (cell.complex) return AddComplexCell(column_index, cell, FragmentContext{});
  Cell& newest = entries_[slots_[column_index].entry].cell;
  if (!newest.complex && CellWins(cell, newest, (*projection_)[column_index].word_bytes)) newest = cell;
}

/// A column has complex cells or others, never both: where bytes say otherwise, the complex ones count.
void RowMerger::AddComplexCell(uint32_t column_index, const Cell& cell, const FragmentContext& context) {
  Slot& slot = slots_[column_index];
  if (slot.generation != generation_) {
    slot = Slot{generation_, static_cast<uint32_t>(entries_.size())};
    entries_.push_back(Entry{column_index, kNone, cell});
  }
  Entry& entry = entries_[slot.entry];
  entry.cell.complex = true;
  complex_inputs_.push_back(ComplexInput{entry.inputs, cell, context});
  entry.inputs = static_cast<uint32_t>(complex_inputs_.size() - 1);
  complex_merged_ = false;
}

void RowMerger::MergeComplexCells(int64_t live_at) {
  if (complex_inputs_.empty() || (complex_merged_ && complex_merged_live_at_ == live_at)) [[likely]]
    return;
  complex_merged_ = true;
  complex_merged_live_at_ = live_at;
  ComplexRules rules = complex_rules_;
  rules.covering = Strongest().timestamp;
  rules.live_at = live_at;
  // All at once: a string that moves takes short content with it.
  if (complex_bytes_.size() < entries_.size()) complex_bytes_.resize(entries_.size());
  auto bytes = complex_bytes_.begin();
  for (Entry& entry : entries_) {
    if (!entry.cell.complex) continue;
    complex_merger_.Start();
    for (uint32_t i = entry.inputs; i != kNone; i = complex_inputs_[i].next) {
      complex_merger_.Add(complex_inputs_[i].cell, complex_inputs_[i].context);
    }
    if (!complex_merger_.Merge(rules, &*bytes++, &entry.cell)) {
      entry.cell = Cell{};
      entry.cell.complex = true;
    }
  }
}

void RowMerger::AddRow(const RowBatch& batch, uint32_t row) {
  const uint8_t flags = batch.RowFlags(row);
  if ((flags & row_flags::kDeletion) != 0) AddRowDeletion(batch.deletions[row]);
  if ((flags & row_flags::kMarker) != 0) AddMarker(batch.timestamps[row], batch.RowExpiry(row));
  for (const ColumnVector& column : batch.columns) {
    if (column.Has(row)) AddCell(column.index, batch.CellAt(column, row));
  }
}

void RowMerger::CopyValues(Arena* arena) {
  for (Entry& entry : entries_) {
    if (!entry.cell.complex) entry.cell.bytes = arena->Copy(entry.cell.bytes);
  }
}

bool RowMerger::IsComplete(int64_t max_timestamp, int64_t now_seconds) const {
  if (Strongest().Shadows(max_timestamp)) return true;
  if (marker_timestamp_ <= max_timestamp || marker_expiry_ <= now_seconds) return false;
  if (entries_.size() != slots_.size()) return false;
  return std::all_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return !entry.cell.complex && entry.cell.timestamp > max_timestamp;
  });
}

bool RowMerger::HasContent() {
  if (DeletionRemains()) return true;
  const DeletionTime deletion = Strongest();
  if (!deletion.Shadows(marker_timestamp_)) return true;
  MergeComplexCells(ComplexRules::kDeadToo);
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return !deletion.Shadows(entry.cell.timestamp); });
}

/// What the cells do not say themselves they take from the row: its marker's times or, without marker, those
/// of the first cell that remains, so that a row written at once has one timestamp.
void RowMerger::Emit(std::string_view clustering, BatchBuilder* builder) {
  MergeComplexCells(ComplexRules::kDeadToo);
  const DeletionTime deletion = Strongest();
  const Entry* first = nullptr;
  for (const Entry& entry : entries_) {
    if (deletion.Shadows(entry.cell.timestamp)) continue;
    first = &entry;
    break;
  }
  const bool has_marker = !deletion.Shadows(marker_timestamp_);
  const bool has_deletion = DeletionRemains();
  if (first == nullptr && !has_marker && !has_deletion) return;

  int64_t timestamp = row_deletion_.timestamp;
  int64_t expiry = kNoExpiry;
  if (has_marker) {
    timestamp = marker_timestamp_;
    expiry = marker_expiry_;
  } else if (first != nullptr) {
    timestamp = first->cell.timestamp;
    if (!first->cell.tombstone) expiry = first->cell.expiry;
  }
  const uint8_t flags =
      static_cast<uint8_t>((has_marker ? row_flags::kMarker : 0) | (has_deletion ? row_flags::kDeletion : 0));
  builder->AddRow(clustering, flags, timestamp, expiry, row_deletion_);
  if (first == nullptr) return;
  for (const Entry* entry = first; entry != entries_.data() + entries_.size(); ++entry) {
    if (!deletion.Shadows(entry->cell.timestamp)) builder->SetCell(entry->column, entry->cell);
  }
}

template <typename Rows>
bool RowMerger::EmitLiveTo(std::string_view clustering, int64_t now_seconds, Rows* rows) {
  MergeComplexCells(now_seconds);
  const DeletionTime deletion = Strongest();
  const bool has_marker = !deletion.Shadows(marker_timestamp_) && marker_expiry_ > now_seconds;
  bool added = has_marker;
  if (has_marker) rows->AddRow(clustering, row_flags::kMarker, marker_timestamp_, marker_expiry_);
  for (const Entry& entry : entries_) {
    const Cell& cell = entry.cell;
    if (cell.tombstone || cell.expiry <= now_seconds || deletion.Shadows(cell.timestamp)) continue;
    if (!added) rows->AddRow(clustering, 0, cell.timestamp, cell.expiry);
    added = true;
    rows->SetCell(entry.column, cell);
  }
  return added;
}

bool RowMerger::EmitLive(std::string_view clustering, int64_t now_seconds, BatchBuilder* builder) {
  return EmitLiveTo(clustering, now_seconds, builder);
}

bool RowMerger::EmitLive(std::string_view clustering, int64_t now_seconds, SingleRow* row) {
  return EmitLiveTo(clustering, now_seconds, row);
}

}  // namespace stoa
