// Point reads: one row of a block into a row merger.
#include <algorithm>
#include <array>
#include <span>

#include "base/prefetch.h"
#include "base/status_macros.h"
#include "data/blob_reference.h"
#include "data/complex_cell.h"
#include "sstable/block_reader_state.h"

namespace stoa {

const BlockHeader::ColumnPlace* BlockReader::State::FindColumn(ColumnId id,
                                                               const BlockHeader::ColumnPlace** hint) const {
  const BlockHeader::ColumnPlace* end = header->columns.data() + header->columns.size();
  const BlockHeader::ColumnPlace* place = *hint;
  if (place == end) return nullptr;
  if (place->id < id) {
    place = std::lower_bound(
        place + 1, end, id, [](const BlockHeader::ColumnPlace& a, ColumnId wanted) { return a.id < wanted; });
  }
  *hint = place;
  if (place == end || place->id != id) return nullptr;
  ++*hint;
  return place;
}

absl::Status BlockReader::State::ParseColumn(const BlockHeader::ColumnPlace& place,
                                             const BlockColumn** column) {
  const char* section = nullptr;
  STOA_RETURN_IF_ERROR(Section(place.section, &section));
  const std::string_view bytes(section + place.offset, place.bytes);
  parsed = BlockColumn();
  if (!parsed.Parse(bytes, header->row_count, place.lanes)) return DamagedBlock("column");
  source->KeepColumn(FirstPlace(place), parsed);
  *column = &parsed;
  return absl::OkStatus();
}

absl::Status BlockReader::State::ReadLiveness(uint32_t row, RowLiveness* liveness) {
  const LivenessParts& parts = header->liveness;
  const char* section = nullptr;
  STOA_RETURN_IF_ERROR(Liveness(&section));
  uint64_t timestamp = 0;
  if (header->only_timestamps) [[likely]] {
    if (!parts.timestamps.Get(section, row, static_cast<uint64_t>(kNoTimestamp), &timestamp))
      return DamagedBlock("liveness");
    liveness->timestamp = static_cast<int64_t>(timestamp);
    return absl::OkStatus();
  }
  uint64_t expiry = 0;
  uint64_t flags = 0;
  if (!parts.timestamps.Get(section, row, static_cast<uint64_t>(kNoTimestamp), &timestamp) ||
      !parts.expiries.Get(section, row, static_cast<uint64_t>(kNoExpiry), &expiry) ||
      !parts.flags.Get(section, row, row_flags::kMarker, &flags) ||
      !parts.deletions.Get(section, row, &liveness->deletion) || (flags & ~kRowFlags) != 0) {
    return DamagedBlock("liveness");
  }
  if (((flags & row_flags::kDeletion) != 0) == liveness->deletion.live())
    return DamagedBlock("row deletions");
  liveness->timestamp = static_cast<int64_t>(timestamp);
  liveness->expiry = static_cast<int64_t>(expiry);
  liveness->marker = (flags & row_flags::kMarker) != 0;
  return absl::OkStatus();
}

namespace {

/// What the cell says other than its row.
absl::Status ReadExtras(const BlockColumn& column, uint32_t lane, uint32_t ordinal, Cell* cell) {
  const BlockColumn::Extras& extras = *column.ExtrasOf(lane);
  uint64_t flags = 0;
  uint64_t timestamp = 0;
  uint64_t expiry = 0;
  if (!extras.flags.Get(column.section, ordinal, 0, &flags) ||
      !extras.timestamps.Get(column.section, ordinal, static_cast<uint64_t>(cell->timestamp), &timestamp) ||
      !extras.expiries.Get(column.section, ordinal, static_cast<uint64_t>(cell->expiry), &expiry)) {
    return DamagedBlock("cell");
  }
  cell->timestamp = static_cast<int64_t>(timestamp);
  cell->expiry = static_cast<int64_t>(expiry);
  if (!AreCellFlags(flags, column.is_word())) return DamagedBlock("cell flags");
  cell->tombstone = (flags & cell_flags::kTombstone) != 0;
  cell->empty = (flags & cell_flags::kEmpty) != 0;
  cell->blob = (flags & cell_flags::kBlob) != 0;
  cell->complex = (flags & cell_flags::kComplex) != 0;
  return absl::OkStatus();
}

/// The cell of a row, whose own timestamp and expiry are given in `*cell`.
absl::Status ReadCell(const BlockColumn& column, uint32_t lane, uint32_t row, uint8_t word_bytes, bool* found,
                      Cell* cell) {
  uint32_t ordinal = 0;
  if (column.is_word() != (word_bytes != 0)) return DamagedBlock("type of a column");
  const Presence::Found presence = column.presence.Find(column.section, row, &ordinal);
  *found = presence == Presence::Found::kPresent;
  if (presence == Presence::Found::kDamaged) return DamagedBlock("presence");
  if (!*found) return absl::OkStatus();
  if (column.extras != nullptr) {
    STOA_RETURN_IF_ERROR(ReadExtras(column, lane, ordinal, cell));
    if (cell->tombstone || cell->empty) return absl::OkStatus();
  }
  if (column.is_word()) {
    cell->word = column.words().Get(column.section, ordinal) & (~uint64_t{0} >> (64 - 8 * word_bytes));
    return absl::OkStatus();
  }
  if (!column.bytes().Get(column.section, ordinal * column.lanes + lane, &cell->bytes))
    return DamagedBlock("byte column");
  BlobReference reference;
  if (cell->blob && !ParseBlobReference(cell->bytes, &reference)) return DamagedBlock("reference to a blob");
  if (cell->complex && !IsValidComplexCell(*cell, /*in_context=*/false)) return DamagedBlock("complex cell");
  return absl::OkStatus();
}

}  // namespace

void BlockReader::State::PrefetchRow(uint32_t row) const {
  constexpr size_t kPrefetchedMax = 32;
  if (header->liveness.timestamps.at.all()) {
    const char* const section = header->has_liveness ? source->LoadedSection(kLivenessSection) : nullptr;
    if (section != nullptr) header->liveness.timestamps.values.Prefetch(section, row);
  }
  // What was kept of them is asked for first, and looked at when that may have come.
  struct Wanted {
    const BlockColumn* column;
    uint32_t lane, lanes_end;
  };
  std::array<Wanted, kPrefetchedMax> wanted;
  size_t count = 0;
  const BlockHeader::ColumnPlace* hint = header->columns.data();
  for (size_t i = 0; i < projection->size() && count < wanted.size(); ++i) {
    const BlockHeader::ColumnPlace* place = FindColumn((*projection)[i].id, &hint);
    if (place == nullptr) continue;
    const BlockColumn* column = source->KeptColumn(FirstPlace(*place));
    if (column == nullptr) continue;
    Prefetch(column, sizeof(*column));
    // Of a bundle, lanes that follow one another are wanted together most often.
    const ColumnId last = (place - place->lane + place->lanes - 1)->id;
    uint32_t lanes_end = place->lane + 1u;
    for (; i + 1 < projection->size() && (*projection)[i + 1].id <= last; ++i) ++lanes_end;
    wanted[count++] = {column, place->lane, std::min<uint32_t>(lanes_end, place->lanes)};
  }
  for (const auto& [column, lane, lanes_end] : std::span(wanted).first(count)) {
    if (!column->presence.all()) continue;
    const uint32_t first = row * column->lanes;
    column->is_word() ? column->words().Prefetch(column->section, row)
                      : column->bytes().Prefetch(column->section, first + lane, first + lanes_end);
  }
}

absl::Status BlockReader::State::AddLanes(const BlockColumn& bundle, uint32_t row, Cell cell,
                                          const BlockHeader::ColumnPlace** place, uint32_t* index,
                                          RowMerger* merger) {
  const BlockHeader::ColumnPlace* lane = *place;
  const BlockHeader::ColumnPlace* const end = lane - lane->lane + lane->lanes;
  // If no id is missing they follow from the first, and what stands of the lanes between need not be in
  // memory.
  const bool dense = end[-1].id - lane->id == static_cast<ColumnId>(end - lane) - 1;
  uint32_t i = *index;
  while (lane != end && i < projection->size()) {
    if (lane->id != (*projection)[i].id) {
      lane->id < (*projection)[i].id ? static_cast<void>(++lane) : static_cast<void>(++i);
      continue;
    }
    // Lanes that follow one another are wanted together most often: their values are found at once.
    uint32_t count = 0;
    for (; lane + count != end && i + count < projection->size(); ++count) {
      const ProjectedColumn& wanted = (*projection)[i + count];
      if ((dense ? lane->id + count : lane[count].id) != wanted.id) break;
      if (wanted.word_bytes != 0) return DamagedBlock("type of a column");
    }
    const uint32_t first = row * bundle.lanes + lane->lane;
    strings.resize(count);
    if (!bundle.bytes().Decode(bundle.section, first, first + count, strings.data(), &scratch))
      return DamagedBlock("byte column");
    for (const std::string_view bytes : strings) {
      cell.bytes = bytes;
      merger->AddCell(i++, cell);
    }
    lane += count;
  }
  *place = lane;
  *index = i;
  return absl::OkStatus();
}

absl::Status BlockReader::AddRow(uint32_t row, RowMerger* merger) {
  State& state = *state_;
  State::RowLiveness liveness;
  STOA_RETURN_IF_ERROR(state.ReadLiveness(row, &liveness));
  if (liveness.marker) merger->AddMarker(liveness.timestamp, liveness.expiry);
  if (!liveness.deletion.live()) merger->AddRowDeletion(liveness.deletion);
  const Projection& projection = *state.projection;
  const BlockHeader::ColumnPlace* hint = state.header->columns.data();
  for (uint32_t index = 0; index < projection.size();) {
    const BlockHeader::ColumnPlace* place = state.FindColumn(projection[index].id, &hint);
    if (place == nullptr) {
      ++index;
      continue;
    }
    const BlockColumn* column = nullptr;
    STOA_RETURN_IF_ERROR(state.Column(*place, &column));
    Cell cell;
    cell.timestamp = liveness.timestamp;
    cell.expiry = liveness.expiry;
    if (column->lanes > 1 && column->extras == nullptr) {
      hint = place;
      STOA_RETURN_IF_ERROR(state.AddLanes(*column, row, cell, &hint, &index, merger));
      continue;
    }
    bool found = false;
    STOA_RETURN_IF_ERROR(ReadCell(*column, place->lane, row, projection[index].word_bytes, &found, &cell));
    if (found) merger->AddCell(index, cell);
    ++index;
  }
  return absl::OkStatus();
}

}  // namespace stoa
