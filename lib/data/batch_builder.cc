#include "data/batch_builder.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/status_macros.h"
#include "data/bits.h"
#include "data/complex_merge.h"

namespace stoa {
namespace {

// A batch is finished when it reaches this. Every cursor and merge keeps two or three of them, so they should
// fit into a processor's cache and be little beside the memory budget; rows of a few columns never come near.
constexpr size_t kBatchBytesMax = 512 << 10;
// A few rows take little memory; a scan soon keeps one chunk that a batch fits into.
constexpr size_t kArenaChunkBytes = 4 << 10;
constexpr size_t kArenaChunkBytesMax = 256 << 10;
// For so many there is room at once.
constexpr size_t kColumnsFirst = 32;
constexpr size_t kRowsFirst = 8;

/// Whether any of the rows has a complex cell.
bool HasComplex(const ColumnVector& vector, uint32_t begin, uint32_t end) {
  if (vector.flags == nullptr || vector.words != nullptr) return false;
  for (uint32_t row = begin; row < end; ++row) {
    if (vector.Has(row) && (vector.flags[row] & cell_flags::kComplex) != 0) return true;
  }
  return false;
}

/// True when the `count` views stand one behind the other in memory, as keys decoded from a block do.
bool AreContiguous(const std::string_view* views, uint32_t count, size_t* total) {
  bool contiguous = true;
  size_t bytes = views[0].size();
  for (uint32_t i = 1; i < count; ++i) {
    contiguous &= views[i - 1].data() + views[i - 1].size() == views[i].data();
    bytes += views[i].size();
  }
  *total = bytes;
  return contiguous;
}

/// Copies the bytes of `count` views to `to`, which has room for `total`, and writes the views of the copies.
void CopyViews(const std::string_view* from, uint32_t count, bool contiguous, size_t total, char* to,
               std::string_view* views) {
  if (contiguous) {
    if (total != 0) std::memcpy(to, from[0].data(), total);
    for (uint32_t i = 0; i < count; ++i) {
      views[i] = std::string_view(to, from[i].size());
      to += from[i].size();
    }
    return;
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (!from[i].empty()) std::memcpy(to, from[i].data(), from[i].size());
    views[i] = std::string_view(to, from[i].size());
    to += from[i].size();
  }
}

}  // namespace

// Rows before row_count_ that have a cell are [0, dense) as long as there is no presence bitmap.
struct BatchBuilder::Column {
  uint32_t index = 0;
  bool is_word = false;
  bool has_present = false;
  bool has_timestamps = false;
  bool has_expiries = false;
  bool has_flags = false;
  uint32_t dense = 0;
  size_t capacity = 0;
  GrowingArray<uint64_t> present;
  GrowingArray<uint64_t> words;
  GrowingArray<std::string_view> bytes;
  GrowingArray<int64_t> timestamps;
  GrowingArray<int64_t> expiries;
  GrowingArray<uint8_t> flags;

  void Start(uint32_t column_index, bool word) {
    index = column_index;
    is_word = word;
    has_present = has_timestamps = has_expiries = has_flags = false;
    dense = 0;
    capacity = 0;
  }

  size_t memory_bytes() const {
    return (present.capacity() + words.capacity()) * sizeof(uint64_t) +
           bytes.capacity() * sizeof(std::string_view) +
           (timestamps.capacity() + expiries.capacity()) * sizeof(int64_t) + flags.capacity();
  }

  /// Room for rows [0, rows) in every array in use.
  void Reserve(size_t rows) {
    if (rows <= capacity) [[likely]]
      return;
    const size_t used = capacity;
    capacity = std::bit_ceil(std::max<size_t>(rows, kRowsFirst));
    if (is_word) {
      words.Reserve(capacity, used);
    } else {
      bytes.Reserve(capacity, used);
    }
    if (has_present) {
      present.Reserve(BitWords(capacity), BitWords(used));
      std::fill(present.data() + BitWords(used), present.data() + BitWords(capacity), 0);
    }
    if (has_timestamps) timestamps.Reserve(capacity, used);
    if (has_expiries) expiries.Reserve(capacity, used);
    if (has_flags) flags.Reserve(capacity, used);
  }

  void UsePresent() {
    if (has_present) return;
    has_present = true;
    present.Reserve(BitWords(capacity), 0);
    std::fill_n(present.data(), BitWords(capacity), 0);
    SetBits(present.data(), 0, dense);
  }

  /// Rows [begin, end) have cells. REQUIRES: Reserve(end).
  void MarkPresent(uint32_t begin, uint32_t end) {
    if (!has_present) {
      if (dense == begin) {
        dense = end;
        return;
      }
      UsePresent();
    }
    SetBits(present.data(), begin, end);
  }

  void UseTimestamps(const int64_t* row_timestamps, uint32_t rows) {
    if (has_timestamps) return;
    has_timestamps = true;
    timestamps.Reserve(capacity, 0);
    std::copy_n(row_timestamps, rows, timestamps.data());
  }
  /// `row_expiries` is null where no row expires.
  void UseExpiries(const int64_t* row_expiries, uint32_t rows) {
    if (has_expiries) return;
    has_expiries = true;
    expiries.Reserve(capacity, 0);
    if (row_expiries == nullptr) {
      std::fill_n(expiries.data(), rows, kNoExpiry);
    } else {
      std::copy_n(row_expiries, rows, expiries.data());
    }
  }
  void UseFlags(uint32_t rows) {
    if (has_flags) return;
    has_flags = true;
    flags.Reserve(capacity, 0);
    std::fill_n(flags.data(), rows, uint8_t{0});
  }

  ColumnVector Finish(uint32_t rows) {
    if (!has_present && dense < rows) {
      Reserve(rows);
      UsePresent();
    } else if (has_present) {
      Reserve(rows);
    }
    ColumnVector vector;
    vector.index = index;
    if (has_present) vector.present = present.data();
    if (is_word) {
      vector.words = words.data();
    } else {
      vector.bytes = bytes.data();
    }
    if (has_timestamps) vector.timestamps = timestamps.data();
    if (has_expiries) vector.expiries = expiries.data();
    if (has_flags) vector.flags = flags.data();
    return vector;
  }
};

BatchBuilder::BatchBuilder(const Projection* projection, MemoryBudget* budget, Bytes bytes)
    : projection_(projection),
      viewed_(bytes == Bytes::kViewed),
      slots_(projection->size(), 0),
      arena_(kArenaChunkBytes, kArenaChunkBytesMax),
      charge_(budget, 0) {
  Clear();
}

BatchBuilder::~BatchBuilder() = default;

void BatchBuilder::Clear(const DeletionTime& open) {
  for (uint32_t i = 0; i < column_count_; ++i) slots_[columns_[i].index] = 0;
  column_count_ = word_column_count_ = 0;
  row_count_ = 0;
  runs_.clear();
  changes_.clear();
  open_ = open;
  clean_ = open.live();
  min_timestamp_ = std::numeric_limits<int64_t>::max();
  max_timestamp_ = kNoTimestamp;
  has_expiries_ = has_flags_ = has_deletions_ = false;
  if (kept_bytes_ != 0) arena_.Reset();
  kept_bytes_ = 0;
}

std::string_view BatchBuilder::Copy(std::string_view bytes) {
  kept_bytes_ += bytes.size();
  return arena_.Copy(bytes);
}

void BatchBuilder::Keep(const std::string_view* views, uint32_t count, std::string_view* to) {
  size_t total = 0;
  if (viewed_) {
    for (uint32_t i = 0; i < count; ++i) total += (to[i] = views[i]).size();
  } else {
    const bool contiguous = AreContiguous(views, count, &total);
    CopyViews(views, count, contiguous, total, arena_.Allocate(total), to);
  }
  kept_bytes_ += total;
}

void BatchBuilder::StartRun(uint64_t token, std::string_view key, const DeletionTime& deletion, bool starts) {
  runs_.push_back(PartitionRun{row_count_, starts, token, Copy(key), deletion});
  clean_ &= deletion.live();
}

void BatchBuilder::AddRangeChange(std::string_view bound, const DeletionTime& deletion) {
  STOA_DCHECK(!runs_.empty());
  changes_.push_back(RangeChange{static_cast<uint32_t>(runs_.size() - 1), row_count_, Copy(bound), deletion});
  clean_ = false;
}

void BatchBuilder::AddTimestamp(int64_t timestamp) {
  min_timestamp_ = std::min(min_timestamp_, timestamp);
  max_timestamp_ = std::max(max_timestamp_, timestamp);
}

void BatchBuilder::UseRowFlags(uint32_t rows) {
  if (!has_flags_) std::fill_n(flags_.data(), rows, row_flags::kMarker);
  has_flags_ = true;
}

void BatchBuilder::UseRowExpiries(uint32_t rows) {
  if (!has_expiries_) std::fill_n(expiries_.data(), rows, kNoExpiry);
  has_expiries_ = true;
}

void BatchBuilder::AddRow(std::string_view clustering, uint8_t flags, int64_t timestamp, int64_t expiry,
                          const DeletionTime& deletion) {
  STOA_DCHECK(!runs_.empty() && row_count_ < kBatchRowsMax);
  const uint32_t row = row_count_++;
  clustering_.Reserve(row_count_, row);
  timestamps_.Reserve(row_count_, row);
  flags_.Reserve(row_count_, row);
  expiries_.Reserve(row_count_, row);
  clustering_[row] = Keep(clustering);
  timestamps_[row] = timestamp;
  AddTimestamp(timestamp);
  if (flags != row_flags::kMarker) {
    UseRowFlags(row);
    clean_ = false;
  }
  if (has_flags_) flags_[row] = flags;
  if (expiry != kNoExpiry) {
    UseRowExpiries(row);
    clean_ = false;
  }
  if (has_expiries_) expiries_[row] = expiry;
  if ((flags & row_flags::kDeletion) != 0) {
    deletions_.Reserve(row_count_, has_deletions_ ? row : 0);
    has_deletions_ = true;
    deletions_[row] = deletion;
    AddTimestamp(deletion.timestamp);
  }
}

BatchBuilder::Column& BatchBuilder::Touch(uint32_t column_index) {
  const uint32_t slot = slots_[column_index];
  if (slot != 0) [[likely]]
    return columns_[slot - 1];
  if (column_count_ == columns_.size()) {
    if (columns_.empty()) columns_.reserve(std::min(projection_->size(), kColumnsFirst));
    columns_.emplace_back();
  }
  Column& column = columns_[column_count_++];
  slots_[column_index] = column_count_;
  const bool is_word = (*projection_)[column_index].word_bytes != 0;
  word_column_count_ += is_word ? 1 : 0;
  column.Start(column_index, is_word);
  return column;
}

void BatchBuilder::SetCell(uint32_t column_index, const Cell& cell) {
  STOA_DCHECK(row_count_ != 0 && column_index < slots_.size());
  const uint32_t row = row_count_ - 1;
  Column& column = Touch(column_index);
  column.Reserve(row_count_);
  column.MarkPresent(row, row_count_);
  const bool has_value = !cell.tombstone && !cell.empty;
  if (column.is_word) {
    column.words[row] = has_value ? cell.word : 0;
  } else {
    // What a complex cell views belongs to who merged it.
    const auto keep = [&] { return cell.complex ? Copy(cell.bytes) : Keep(cell.bytes); };
    column.bytes[row] = has_value ? keep() : std::string_view();
  }
  if (cell.timestamp != timestamps_[row]) {
    column.UseTimestamps(timestamps_.data(), row);
    AddTimestamp(cell.timestamp);
  }
  if (column.has_timestamps) column.timestamps[row] = cell.timestamp;
  if (cell.expiry != (has_expiries_ ? expiries_[row] : kNoExpiry)) {
    column.UseExpiries(has_expiries_ ? expiries_.data() : nullptr, row);
  }
  if (column.has_expiries) column.expiries[row] = cell.expiry;
  const uint8_t flags = FlagsOf(cell);
  if (flags != 0) column.UseFlags(row);
  if (column.has_flags) column.flags[row] = flags;
  clean_ &= !cell.tombstone && cell.expiry == kNoExpiry;
  if (cell.complex) [[unlikely]]
    AddComplexTimes(cell);
}

void BatchBuilder::AddComplexTimes(const Cell& cell) {
  const ComplexSummary summary = SummaryOf(cell);
  AddTimestamp(summary.times.min_timestamp);
  AddTimestamp(summary.times.max_timestamp);
  clean_ &= summary.clean();
}

absl::Status BatchBuilder::AppendRows(RowBatch& from, uint32_t begin, uint32_t end) {
  STOA_DCHECK(!runs_.empty() && begin >= from.begin && end <= from.end &&
              row_count_ + end - begin <= kBatchRowsMax);
  if (begin == end) return absl::OkStatus();
  STOA_RETURN_IF_ERROR(from.EnsureAll());
  const uint32_t count = end - begin;
  AppendKeys(from.clustering + begin, count);
  AppendLiveness(from, begin, count);
  for (const ColumnVector& vector : from.columns) AppendColumn(from, vector, begin, end);
  AppendBounds(from, begin, end);
  row_count_ += count;
  return absl::OkStatus();
}

absl::Status BatchBuilder::AppendRuns(RowBatch& from, uint32_t begin, uint32_t end,
                                      std::span<const PartitionRun> runs) {
  const uint32_t first = row_count_;
  for (const PartitionRun& run : runs) {
    runs_.push_back(run);
    runs_.back().first_row = first + (run.first_row - begin);
    runs_.back().key = Keep(run.key);
    clean_ &= run.deletion.live();
  }
  return AppendRows(from, begin, end);
}

void BatchBuilder::AppendKeys(const std::string_view* keys, uint32_t count) {
  clustering_.Reserve(row_count_ + count, row_count_);
  Keep(keys, count, clustering_.data() + row_count_);
}

void BatchBuilder::AppendLiveness(const RowBatch& from, uint32_t begin, uint32_t count) {
  const uint32_t to = row_count_;
  timestamps_.Reserve(to + count, to);
  flags_.Reserve(to + count, to);
  expiries_.Reserve(to + count, to);
  std::copy_n(from.timestamps + begin, count, timestamps_.data() + to);

  uint8_t deviating = 0;
  uint8_t any = 0;
  for (uint32_t i = 0; from.flags != nullptr && i < count; ++i) {
    any |= from.flags[begin + i];
    deviating |= from.flags[begin + i] ^ row_flags::kMarker;
  }
  if (deviating != 0) {
    UseRowFlags(to);
    clean_ = false;
  }
  if (has_flags_) {
    for (uint32_t i = 0; i < count; ++i) flags_[to + i] = from.RowFlags(begin + i);
  }
  if ((any & row_flags::kDeletion) != 0) {
    deletions_.Reserve(to + count, has_deletions_ ? to : 0);
    has_deletions_ = true;
    for (uint32_t i = 0; i < count; ++i) deletions_[to + i] = from.RowDeletion(begin + i);
  }

  bool expiring = false;
  for (uint32_t i = 0; from.expiries != nullptr && i < count; ++i)
    expiring |= from.expiries[begin + i] != kNoExpiry;
  if (expiring) {
    UseRowExpiries(to);
    clean_ = false;
  }
  if (has_expiries_) {
    for (uint32_t i = 0; i < count; ++i) expiries_[to + i] = from.RowExpiry(begin + i);
  }
}

void BatchBuilder::AppendColumn(const RowBatch& from, const ColumnVector& vector, uint32_t begin,
                                uint32_t end) {
  if (vector.present != nullptr && !AnyBit(vector.present, begin, end)) return;
  const uint32_t count = end - begin;
  Column& column = Touch(vector.index);
  column.Reserve(row_count_ + count);
  if (column.is_word) {
    std::copy_n(vector.words + begin, count, column.words.data() + row_count_);
  } else {
    AppendBytes(&column, vector, begin, end);
  }
  AppendTimes(&column, from, vector, begin, count);
  if (vector.flags != nullptr) {
    column.UseFlags(row_count_);
    uint8_t any = 0;
    for (uint32_t row = begin; row < end; ++row) any |= vector.Has(row) ? vector.flags[row] : uint8_t{0};
    clean_ &= (any & cell_flags::kTombstone) == 0;  // empty values and blobs are live
    if ((any & cell_flags::kComplex) != 0 && !from.clean) AppendComplexTimes(from, vector, begin, end);
  }
  if (column.has_flags) {
    if (vector.flags != nullptr) {
      std::copy_n(vector.flags + begin, count, column.flags.data() + row_count_);
    } else {
      std::fill_n(column.flags.data() + row_count_, count, uint8_t{0});
    }
  }
  if (vector.present == nullptr) {
    column.MarkPresent(row_count_, row_count_ + count);
  } else {
    column.UsePresent();
    ForEachBitWord(vector.present, begin, end, [&](size_t at, uint64_t bits) {
      OrBits(column.present.data(), row_count_ + (at - begin), std::min<size_t>(end - at, 64), bits);
    });
  }
}

/// Of their times only whether they are live: bounds are taken from the batch (AppendBounds).
void BatchBuilder::AppendComplexTimes(const RowBatch& from, const ColumnVector& vector, uint32_t begin,
                                      uint32_t end) {
  for (uint32_t row = begin; clean_ && row < end; ++row) {
    if (!vector.Has(row) || (vector.flags[row] & cell_flags::kComplex) == 0) continue;
    clean_ &= SummaryOf(from.CellAt(vector, row)).clean();
  }
}

void BatchBuilder::AppendBytes(Column* column, const ColumnVector& vector, uint32_t begin, uint32_t end) {
  std::string_view* to = column->bytes.data() + row_count_;
  if (vector.present == nullptr && vector.flags == nullptr)
    return Keep(vector.bytes + begin, end - begin, to);
  // Where there is no value, the view is not to be looked at.
  for (uint32_t row = begin; row < end; ++row, ++to) {
    const bool has_value = vector.Has(row) && (vector.Flags(row) & cell_flags::kNoValue) == 0;
    *to = has_value ? Keep(vector.bytes[row]) : std::string_view();
  }
}

void BatchBuilder::AppendTimes(Column* column, const RowBatch& from, const ColumnVector& vector,
                               uint32_t begin, uint32_t count) {
  const int64_t* row_timestamps = from.timestamps + begin;
  if (vector.timestamps != nullptr &&
      !std::equal(row_timestamps, row_timestamps + count, vector.timestamps + begin)) {
    column->UseTimestamps(timestamps_.data(), row_count_);
  }
  if (column->has_timestamps) {
    std::copy_n(vector.timestamps != nullptr ? vector.timestamps + begin : row_timestamps, count,
                column->timestamps.data() + row_count_);
  }
  if (vector.expiries != nullptr) {
    column->UseExpiries(has_expiries_ ? expiries_.data() : nullptr, row_count_);
    clean_ = false;
  }
  if (column->has_expiries) {
    for (uint32_t i = 0; i < count; ++i) {
      column->expiries[row_count_ + i] =
          vector.expiries != nullptr ? vector.expiries[begin + i] : from.RowExpiry(begin + i);
    }
  }
}

/// Exact where only the rows' own timestamps matter; otherwise the bounds that the source knows.
void BatchBuilder::AppendBounds(const RowBatch& from, uint32_t begin, uint32_t end) {
  bool rows_only = !has_deletions_;
  for (const ColumnVector& vector : from.columns) {
    rows_only &= vector.timestamps == nullptr && !HasComplex(vector, begin, end);
  }
  if (!rows_only) {
    AddTimestamp(from.min_timestamp);
    AddTimestamp(from.max_timestamp);
    return;
  }
  const auto [least, greatest] = std::minmax_element(from.timestamps + begin, from.timestamps + end);
  AddTimestamp(*least);
  AddTimestamp(*greatest);
}

size_t BatchBuilder::byte_count() const {
  const size_t row_bytes = sizeof(std::string_view) + sizeof(int64_t) +
                           word_column_count_ * sizeof(uint64_t) +
                           (column_count_ - word_column_count_) * sizeof(std::string_view);
  return kept_bytes_ + row_count_ * row_bytes;
}

bool BatchBuilder::full() const {
  return row_count_ >= kBatchRowsMax || runs_.size() >= kBatchRowsMax || changes_.size() >= kBatchRowsMax ||
         byte_count() >= kBatchBytesMax;
}

size_t BatchBuilder::memory_bytes() const {
  size_t bytes = arena_.allocated_bytes() + clustering_.capacity() * sizeof(std::string_view) +
                 timestamps_.capacity() * sizeof(int64_t) + expiries_.capacity() * sizeof(int64_t) +
                 flags_.capacity() + deletions_.capacity() * sizeof(DeletionTime) +
                 runs_.capacity() * sizeof(PartitionRun) + changes_.capacity() * sizeof(RangeChange);
  for (const Column& column : columns_) bytes += sizeof(Column) + column.memory_bytes();
  return bytes;
}

RowBatch BatchBuilder::Finish() {
  if (charge_.active()) charge_.Resize(memory_bytes());
  finished_.clear();
  bool ascending = true;
  for (uint32_t i = 0; i < column_count_; ++i) {
    finished_.push_back(columns_[i].Finish(row_count_));
    ascending &= i == 0 || columns_[i - 1].index < columns_[i].index;
  }
  if (!ascending) {
    std::sort(finished_.begin(), finished_.end(),
              [](const ColumnVector& a, const ColumnVector& b) { return a.index < b.index; });
  }
  RowBatch batch;
  batch.end = row_count_;
  batch.runs = runs_;
  batch.changes = changes_;
  batch.open_deletion = open_;
  batch.clean = clean_;
  if (row_count_ != 0) {
    batch.min_timestamp = min_timestamp_;
    batch.max_timestamp = max_timestamp_;
    batch.first_clustering = clustering_[0];
    batch.last_clustering = clustering_[row_count_ - 1];
    batch.clustering = clustering_.data();
    batch.timestamps = timestamps_.data();
    if (has_expiries_) batch.expiries = expiries_.data();
    if (has_flags_) batch.flags = flags_.data();
    if (has_deletions_) batch.deletions = deletions_.data();
  }
  batch.liveness_loaded = true;
  batch.columns_loaded = true;
  batch.columns = finished_;
  return batch;
}

}  // namespace stoa
