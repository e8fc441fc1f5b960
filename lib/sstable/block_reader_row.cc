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
  if (!parsed.Parse(bytes, header->row_count)) return DamagedBlock("column");
  source->KeepColumn(static_cast<uint32_t>(&place - header->columns.data()), parsed);
  *column = &parsed;
  return absl::OkStatus();
}

absl::Status BlockReader::State::ReadLiveness(uint32_t row, RowLiveness* liveness) {
  const LivenessParts& parts = header->liveness;
  const char* section = nullptr;
  STOA_RETURN_IF_ERROR(Liveness(&section));
  uint64_t timestamp = 0;
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

absl::Status BlockReader::State::ReadCell(const BlockHeader::ColumnPlace& place, uint32_t row,
                                          uint8_t word_bytes, bool* found, Cell* cell) {
  const BlockColumn* found_column = nullptr;
  uint32_t ordinal = 0;
  STOA_RETURN_IF_ERROR(Column(place, &found_column));
  const BlockColumn& column = *found_column;
  if (column.is_word() != (word_bytes != 0)) return DamagedBlock("type of a column");
  const Presence::Found presence = column.presence.Find(column.section, row, &ordinal);
  *found = presence == Presence::Found::kPresent;
  if (presence == Presence::Found::kDamaged) return DamagedBlock("presence");
  if (!*found) return absl::OkStatus();
  if (column.extras != nullptr) {
    const BlockColumn::Extras& extras = *column.extras;
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
    if ((flags & cell_flags::kNoValue) != 0) return absl::OkStatus();
  }
  if (column.is_word()) {
    cell->word = column.words.Get(column.section, ordinal) & (~uint64_t{0} >> (64 - 8 * word_bytes));
    return absl::OkStatus();
  }
  if (!column.bytes->Get(column.section, ordinal, &cell->bytes)) return DamagedBlock("byte column");
  BlobReference reference;
  if (cell->blob && !ParseBlobReference(cell->bytes, &reference)) return DamagedBlock("reference to a blob");
  if (cell->complex && !IsValidComplexCell(*cell, /*in_context=*/false)) return DamagedBlock("complex cell");
  return absl::OkStatus();
}

void BlockReader::State::PrefetchRow(uint32_t row) const {
  constexpr size_t kPrefetchedMax = 32;
  // What was kept of them is asked for first, and looked at when that may have come.
  std::array<const BlockColumn*, kPrefetchedMax> columns;
  size_t count = 0;
  const BlockHeader::ColumnPlace* hint = header->columns.data();
  for (const ProjectedColumn& projected : *projection) {
    const BlockHeader::ColumnPlace* place = FindColumn(projected.id, &hint);
    if (place == nullptr) continue;
    const BlockColumn* column = source->KeptColumn(static_cast<uint32_t>(place - header->columns.data()));
    if (column == nullptr) continue;
    Prefetch(column, sizeof(*column));
    columns[count++] = column;
    if (count == columns.size()) break;
  }
  for (const BlockColumn* column : std::span(columns).first(count)) {
    if (!column->presence.all()) continue;
    column->is_word() ? column->words.Prefetch(column->section, row)
                      : column->bytes->Prefetch(column->section, row);
  }
}

absl::Status BlockReader::AddRow(uint32_t row, RowMerger* merger) {
  State& state = *state_;
  State::RowLiveness liveness;
  STOA_RETURN_IF_ERROR(state.ReadLiveness(row, &liveness));
  if (liveness.marker) merger->AddMarker(liveness.timestamp, liveness.expiry);
  if (!liveness.deletion.live()) merger->AddRowDeletion(liveness.deletion);
  const Projection& projection = *state.projection;
  const BlockHeader::ColumnPlace* hint = state.header->columns.data();
  for (uint32_t index = 0; index < projection.size(); ++index) {
    const BlockHeader::ColumnPlace* place = state.FindColumn(projection[index].id, &hint);
    if (place == nullptr) continue;
    Cell cell;
    cell.timestamp = liveness.timestamp;
    cell.expiry = liveness.expiry;
    bool found = false;
    STOA_RETURN_IF_ERROR(state.ReadCell(*place, row, projection[index].word_bytes, &found, &cell));
    if (found) merger->AddCell(index, cell);
  }
  return absl::OkStatus();
}

}  // namespace stoa
