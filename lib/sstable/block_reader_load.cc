// Loading the lazy parts of a batch: keys, liveness, columns.
//
// What all rows have is decoded in the order of the block, in loops without branches, into arrays indexed by
// row of the batch, and turned round for a reverse batch; what some rows have is put in its place. Only rows
// [begin, end) of the batch, as it is when it is loaded, are touched.
#include <algorithm>
#include <cstring>

#include "base/status_macros.h"
#include "data/bits.h"
#include "data/blob_reference.h"
#include "data/complex_cell.h"
#include "sstable/block_key.h"
#include "sstable/block_reader_state.h"
#include "types/byte_comparable.h"

namespace stoa {
namespace {

using Shape = ClusteringComponent::Shape;
using RowRange = BlockReader::RowRange;

/// Bytes that begin a component: a marker, or in the middle of one nothing.
template <unsigned bytes>
void AppendWords(std::string_view marker, const uint64_t* words, size_t count, char** cursors) {
  for (size_t i = 0; i < count; ++i) {
    char* to = cursors[i];
    for (const char byte : marker) *to++ = byte;
    StoreComponent(to, words[i], bytes);
    cursors[i] = to + bytes;
  }
}

/// Writes at each cursor the marker and a word, and advances the cursors.
void AppendWords(std::string_view marker, const uint64_t* words, size_t count, uint8_t bytes,
                 char** cursors) {
  switch (bytes) {
    case 1:
      return AppendWords<1>(marker, words, count, cursors);
    case 2:
      return AppendWords<2>(marker, words, count, cursors);
    case 4:
      return AppendWords<4>(marker, words, count, cursors);
    case 8:
      return AppendWords<8>(marker, words, count, cursors);
    default:
      for (size_t i = 0; i < count; ++i) {
        char* to = std::copy(marker.begin(), marker.end(), cursors[i]);
        StoreComponent(to, words[i], bytes);
        cursors[i] = to + bytes;
      }
  }
}

/// Writes at each cursor the head, a string and the tail, and advances the cursors. Head and tail are short.
void AppendStrings(std::string_view head, const std::string_view* strings, std::string_view tail,
                   size_t count, char** cursors) {
  for (size_t i = 0; i < count; ++i) {
    char* to = cursors[i];
    for (const char byte : head) *to++ = byte;
    std::memcpy(to, strings[i].data(), strings[i].size());
    to += strings[i].size();
    for (const char byte : tail) *to++ = byte;
    cursors[i] = to;
  }
}

/// Values of narrow signed types are kept with their sign.
void CutWords(uint8_t word_bytes, size_t count, uint64_t* words) {
  if (word_bytes == 8) return;
  const uint64_t mask = (uint64_t{1} << (8 * word_bytes)) - 1;
  for (size_t i = 0; i < count; ++i) words[i] &= mask;
}

}  // namespace

/// Loads parts of one batch.
class BlockReader::Loading {
 public:
  Loading(State& state, RowBatch* batch)
      : state_(state),
        batch_(*batch),
        rows_(state.BlockRows(batch->begin, batch->end)),
        count_(rows_.end - rows_.begin) {}

  absl::Status Keys(const char* keys);
  absl::Status Liveness(const char* section);
  /// The column, or the lane of it if it is a bundle.
  absl::Status Column(const BlockColumn& column, uint32_t lane, uint8_t word_bytes, ColumnVector* vector);

 private:
  bool forward() const { return state_.direction == Direction::kForward; }
  /// The row of the batch that is row `i` of rows_.
  uint32_t Place(uint32_t i) const { return forward() ? batch_.begin + i : batch_.end - 1 - i; }

  /// An array indexed by row of the batch.
  template <typename T>
  T* NewArray() {
    return state_.arena.AllocateArray<T>(batch_.end);
  }
  template <typename T>
  void Turn(T* array) const {
    if (!forward()) std::reverse(array + batch_.begin, array + batch_.end);
  }
  template <typename T>
  void Fill(T* array, T value) const {
    std::fill(array + batch_.begin, array + batch_.end, value);
  }

  /// Calls visit(i, word) for the words among [range.begin, range.end), i counting from range.begin.
  template <typename Visit>
  bool ForEach(const SparseWords& words, const char* section, RowRange range, Visit visit);
  absl::Status RowDeletions(const char* section);
  absl::Status Words(const BlockColumn& column, RowRange cells, uint8_t word_bytes, ColumnVector* vector);
  absl::Status Bytes(const BlockColumn& column, uint32_t lane, RowRange cells, ColumnVector* vector);
  absl::Status Extras(const BlockColumn& column, uint32_t lane, RowRange cells, ColumnVector* vector);
  absl::Status CellTimes(const BlockColumn& column, uint32_t lane, RowRange cells, ColumnVector* vector);
  absl::Status CheckComplexCells(const ColumnVector& vector);
  /// The row of rows_ that has cell `i` of the cells found last.
  uint32_t RowOfCell(const BlockColumn& column, uint32_t i) const {
    return column.presence.all() ? i : state_.rows[i];
  }

  State& state_;
  RowBatch& batch_;
  RowRange rows_;
  uint32_t count_;
};

template <typename Visit>
bool BlockReader::Loading::ForEach(const SparseWords& words, const char* section, RowRange range,
                                   Visit visit) {
  if (words.at.none()) return true;
  uint32_t first = range.begin;
  uint32_t found = range.end - range.begin;
  const bool all = words.at.all();
  if (!all) {
    if (!words.at.Rows(section, range.begin, range.end, &first, &state_.extra_rows)) return false;
    found = static_cast<uint32_t>(state_.extra_rows.size());
  }
  if (found == 0) return true;
  state_.numbers.resize(found);
  words.values.Decode(section, first, first + found, state_.numbers.data());
  for (uint32_t i = 0; i < found; ++i) visit(all ? i : state_.extra_rows[i], state_.numbers[i]);
  return true;
}

absl::Status BlockReader::Loading::Keys(const char* keys) {
  const std::vector<ClusteringComponent>& components = state_.components();
  const auto& columns = state_.header->keys.clustering;
  const size_t end_bytes = state_.header->whole_keys ? 0 : 1;  // kRowEnd
  size_t fixed_bytes = end_bytes;
  state_.key_sizes.assign(count_, 0);
  std::vector<std::string_view*>& strings = state_.component_strings;
  strings.assign(components.size(), nullptr);
  for (size_t c = 0; c < components.size(); ++c) {
    fixed_bytes += components[c].bytes + columns[c].strings.prefix.size();
    if (HasMarker(components[c].shape)) fixed_bytes += components[c].shape == Shape::kFixed ? 1 : 2;
    if (components[c].shape == Shape::kFixed) continue;
    strings[c] = state_.arena.AllocateArray<std::string_view>(count_);
    if (!columns[c].strings.suffixes.Decode(keys, rows_.begin, rows_.end, strings[c], &state_.scratch)) {
      return DamagedBlock("clustering keys");
    }
    for (uint32_t i = 0; i < count_; ++i) state_.key_sizes[i] += strings[c][i].size();
  }
  size_t total = 0;
  for (uint32_t i = 0; i < count_; ++i) total += fixed_bytes + state_.key_sizes[i];
  char* next = state_.arena.Allocate(total);
  auto* clustering = NewArray<std::string_view>();
  auto** cursors = state_.arena.AllocateArray<char*>(count_);
  for (uint32_t i = 0; i < count_; ++i) {
    clustering[batch_.begin + i] = std::string_view(next, fixed_bytes + state_.key_sizes[i]);
    cursors[i] = next;
    next += fixed_bytes + state_.key_sizes[i];
  }
  state_.numbers.resize(count_);
  for (size_t c = 0; c < components.size(); ++c) {
    const ClusteringComponent& component = components[c];
    const std::string_view marker(&kComponentMarker, HasMarker(component.shape) ? 1 : 0);
    if (component.shape != Shape::kFixed) {
      const char terminator = ComponentTerminator(component.shape);
      state_.key.assign(marker).append(columns[c].strings.prefix);
      AppendStrings(state_.key, strings[c], std::string_view(&terminator, marker.size()), count_, cursors);
      continue;
    }
    const uint8_t high = component.bytes > kHighBytes ? kHighBytes : 0;
    if (high != 0) {
      columns[c].high.Decode(keys, rows_.begin, rows_.end, state_.numbers.data());
      AppendWords(marker, state_.numbers.data(), count_, high, cursors);
    }
    columns[c].low.Decode(keys, rows_.begin, rows_.end, state_.numbers.data());
    AppendWords(high != 0 ? std::string_view() : marker, state_.numbers.data(), count_,
                component.bytes - high, cursors);
  }
  for (uint32_t i = 0; end_bytes != 0 && i < count_; ++i) *cursors[i] = kRowEnd;
  for (uint32_t i = 0; end_bytes == 0 && i < count_; ++i) {
    if (!IsKeyOfLayout(state_.layout->clustering, clustering[batch_.begin + i])) {
      return DamagedBlock("clustering keys");
    }
  }
  Turn(clustering);
  batch_.clustering = clustering;
  return absl::OkStatus();
}

absl::Status BlockReader::Loading::Liveness(const char* section) {
  const LivenessParts& parts = state_.header->liveness;
  auto* timestamps = NewArray<int64_t>();
  bool ok = true;
  uint64_t seen = 0;
  if (parts.timestamps.at.all()) {
    parts.timestamps.values.Decode(section, rows_.begin, rows_.end,
                                   reinterpret_cast<uint64_t*>(timestamps + batch_.begin));
    Turn(timestamps);
  } else {
    Fill(timestamps, kNoTimestamp);
    ok = ForEach(parts.timestamps, section, rows_,
                 [&](uint32_t i, uint64_t word) { timestamps[Place(i)] = static_cast<int64_t>(word); });
  }
  if (!parts.expiries.at.none()) {
    auto* expiries = NewArray<int64_t>();
    Fill(expiries, kNoExpiry);
    ok = ok && ForEach(parts.expiries, section, rows_,
                       [&](uint32_t i, uint64_t word) { expiries[Place(i)] = static_cast<int64_t>(word); });
    batch_.expiries = expiries;
  }
  if (!parts.flags.at.none()) {
    auto* flags = NewArray<uint8_t>();
    Fill(flags, row_flags::kMarker);
    ok = ok && ForEach(parts.flags, section, rows_, [&](uint32_t i, uint64_t word) {
           flags[Place(i)] = static_cast<uint8_t>(word);
           seen |= word;
         });
    ok = ok && (seen & ~kRowFlags) == 0;
    batch_.flags = flags;
  }
  if (!ok) return DamagedBlock("liveness");
  STOA_RETURN_IF_ERROR(RowDeletions(section));
  batch_.timestamps = timestamps;
  batch_.liveness_loaded = true;
  return absl::OkStatus();
}

absl::Status BlockReader::Loading::RowDeletions(const char* section) {
  const SparseDeletions& parts = state_.header->liveness.deletions;
  if (parts.at.none()) {
    // No row may say that it has one.
    for (uint32_t row = batch_.begin; batch_.flags != nullptr && row < batch_.end; ++row) {
      if ((batch_.flags[row] & row_flags::kDeletion) != 0) return DamagedBlock("row deletions");
    }
    return absl::OkStatus();
  }
  auto* deletions = NewArray<DeletionTime>();
  Fill(deletions, DeletionTime{});
  uint32_t first = rows_.begin;
  if (parts.at.all()) {
    for (uint32_t i = 0; i < count_; ++i) deletions[Place(i)] = parts.OfOrdinal(section, first + i);
  } else {
    if (!parts.at.Rows(section, rows_.begin, rows_.end, &first, &state_.extra_rows)) {
      return DamagedBlock("row deletions");
    }
    for (const uint32_t i : state_.extra_rows) deletions[Place(i)] = parts.OfOrdinal(section, first++);
  }
  // A row's flags and its deletion must agree.
  for (uint32_t row = batch_.begin; row < batch_.end; ++row) {
    const bool flagged = (batch_.RowFlags(row) & row_flags::kDeletion) != 0;
    if (flagged == deletions[row].live()) return DamagedBlock("row deletions");
  }
  batch_.deletions = deletions;
  return absl::OkStatus();
}

absl::Status BlockReader::Loading::Words(const BlockColumn& column, RowRange cells, uint8_t word_bytes,
                                         ColumnVector* vector) {
  auto* words = NewArray<uint64_t>();
  vector->words = words;
  if (column.presence.all()) {
    column.words().Decode(column.section, cells.begin, cells.end, words + batch_.begin);
    CutWords(word_bytes, count_, words + batch_.begin);
    Turn(words);
    return absl::OkStatus();
  }
  const uint32_t count = cells.end - cells.begin;
  state_.numbers.resize(count);
  column.words().Decode(column.section, cells.begin, cells.end, state_.numbers.data());
  CutWords(word_bytes, count, state_.numbers.data());
  Fill(words, uint64_t{0});
  for (uint32_t i = 0; i < count; ++i) words[Place(state_.rows[i])] = state_.numbers[i];
  return absl::OkStatus();
}

absl::Status BlockReader::Loading::Bytes(const BlockColumn& column, uint32_t lane, RowRange cells,
                                         ColumnVector* vector) {
  auto* bytes = NewArray<std::string_view>();
  vector->bytes = bytes;
  if (column.presence.all()) {
    const bool ok = column.lanes > 1
                        ? column.bytes().DecodeSteps(column.section, cells.begin * column.lanes + lane,
                                                     column.lanes, count_, bytes + batch_.begin)
                        : column.bytes().Decode(column.section, cells.begin, cells.end, bytes + batch_.begin,
                                                &state_.scratch);
    if (!ok) return DamagedBlock("byte column");
    Turn(bytes);
    return absl::OkStatus();
  }
  const uint32_t count = cells.end - cells.begin;
  state_.strings.resize(count);
  if (!column.bytes().Decode(column.section, cells.begin, cells.end, state_.strings.data(),
                             &state_.scratch)) {
    return DamagedBlock("byte column");
  }
  Fill(bytes, std::string_view());
  for (uint32_t i = 0; i < count; ++i) bytes[Place(state_.rows[i])] = state_.strings[i];
  return absl::OkStatus();
}

absl::Status BlockReader::Loading::Extras(const BlockColumn& column, uint32_t lane, RowRange cells,
                                          ColumnVector* vector) {
  const BlockColumn::Extras& extras = *column.ExtrasOf(lane);
  uint8_t* flags = nullptr;
  BlobReference reference;
  bool flags_ok = true;
  uint64_t seen = 0;
  bool ok = ForEach(extras.flags, column.section, cells, [&](uint32_t i, uint64_t word) {
    if (flags == nullptr) Fill(flags = NewArray<uint8_t>(), uint8_t{0});
    const uint32_t row = Place(RowOfCell(column, i));
    flags[row] = static_cast<uint8_t>(word);
    seen |= word;
    flags_ok = flags_ok && AreCellFlags(word, column.is_word()) &&
               ((word & cell_flags::kBlob) == 0 || ParseBlobReference(vector->bytes[row], &reference));
  });
  vector->flags = flags;
  if (!ok || !flags_ok) return DamagedBlock("cell flags");
  if (!extras.timestamps.at.none() || !extras.expiries.at.none()) {
    STOA_RETURN_IF_ERROR(CellTimes(column, lane, cells, vector));
  }
  return (seen & cell_flags::kComplex) != 0 ? CheckComplexCells(*vector) : absl::OkStatus();
}

/// Whoever merges them relies on their being well formed.
absl::Status BlockReader::Loading::CheckComplexCells(const ColumnVector& vector) {
  STOA_RETURN_IF_ERROR(batch_.EnsureLiveness());
  for (uint32_t row = batch_.begin; row < batch_.end; ++row) {
    if (!vector.Has(row) || (vector.flags[row] & cell_flags::kComplex) == 0) continue;
    if (!IsValidComplexCell(batch_.CellAt(vector, row), /*in_context=*/false)) {
      return DamagedBlock("complex cell");
    }
  }
  return absl::OkStatus();
}

absl::Status BlockReader::Loading::CellTimes(const BlockColumn& column, uint32_t lane, RowRange cells,
                                             ColumnVector* vector) {
  const BlockColumn::Extras& extras = *column.ExtrasOf(lane);
  STOA_RETURN_IF_ERROR(batch_.EnsureLiveness());
  int64_t* timestamps = nullptr;
  bool ok = ForEach(extras.timestamps, column.section, cells, [&](uint32_t i, uint64_t word) {
    if (timestamps == nullptr) {
      timestamps = NewArray<int64_t>();
      std::copy(batch_.timestamps + batch_.begin, batch_.timestamps + batch_.end, timestamps + batch_.begin);
    }
    timestamps[Place(RowOfCell(column, i))] = static_cast<int64_t>(word);
  });
  vector->timestamps = timestamps;
  int64_t* expiries = nullptr;
  ok = ok && ForEach(extras.expiries, column.section, cells, [&](uint32_t i, uint64_t word) {
         if (expiries == nullptr) {
           expiries = NewArray<int64_t>();
           for (uint32_t row = batch_.begin; row < batch_.end; ++row) expiries[row] = batch_.RowExpiry(row);
         }
         expiries[Place(RowOfCell(column, i))] = static_cast<int64_t>(word);
       });
  vector->expiries = expiries;
  return ok ? absl::OkStatus() : DamagedBlock("cell times");
}

absl::Status BlockReader::Loading::Column(const BlockColumn& column, uint32_t lane, uint8_t word_bytes,
                                          ColumnVector* vector) {
  RowRange cells = rows_;
  if (!column.presence.all()) {
    if (!column.presence.Rows(column.section, rows_.begin, rows_.end, &cells.begin, &state_.rows)) {
      return DamagedBlock("presence");
    }
    cells.end = cells.begin + static_cast<uint32_t>(state_.rows.size());
    if (cells.begin == cells.end) return absl::OkStatus();
    auto* present = state_.arena.AllocateArray<uint64_t>(BitWords(batch_.end));
    std::fill_n(present, BitWords(batch_.end), 0);
    for (const uint32_t i : state_.rows) present[Place(i) / 64] |= uint64_t{1} << (Place(i) % 64);
    vector->present = present;
  }
  if (column.is_word() != (word_bytes != 0)) return DamagedBlock("type of a column");
  STOA_RETURN_IF_ERROR(column.is_word() ? Words(column, cells, word_bytes, vector)
                                        : Bytes(column, lane, cells, vector));
  return column.extras != nullptr ? Extras(column, lane, cells, vector) : absl::OkStatus();
}

absl::Status BlockReader::LoadKeys(RowBatch* batch) {
  const char* keys = nullptr;
  STOA_RETURN_IF_ERROR(state_->Section(kKeySection, &keys));
  return Loading(*state_, batch).Keys(keys);
}

absl::Status BlockReader::LoadLiveness(RowBatch* batch) {
  const char* liveness = nullptr;
  STOA_RETURN_IF_ERROR(state_->Liveness(&liveness));
  return Loading(*state_, batch).Liveness(liveness);
}

absl::Status BlockReader::LoadColumns(RowBatch* batch) {
  State& state = *state_;
  const Projection& projection = *state.projection;
  Loading loading(state, batch);
  auto* vectors =
      state.arena.AllocateArray<ColumnVector>(std::min(projection.size(), state.header->columns.size()));
  size_t count = 0;
  const BlockHeader::ColumnPlace* hint = state.header->columns.data();
  batch->all_columns = batch->all_columns || !batch->clean;
  for (uint32_t index = 0; index < projection.size(); ++index) {
    if (!projection[index].wanted && !batch->all_columns) continue;
    const BlockHeader::ColumnPlace* place = state.FindColumn(projection[index].id, &hint);
    if (place == nullptr || batch->begin == batch->end) continue;
    const BlockColumn* column = nullptr;
    STOA_RETURN_IF_ERROR(state.Column(*place, &column));
    ColumnVector& vector = *new (&vectors[count]) ColumnVector();
    vector.index = index;
    STOA_RETURN_IF_ERROR(loading.Column(*column, place->lane, projection[index].word_bytes, &vector));
    if (vector.words != nullptr || vector.bytes != nullptr) ++count;
  }
  batch->columns = {vectors, count};
  batch->columns_loaded = true;
  state.Charge();
  return absl::OkStatus();
}

}  // namespace stoa
