#include "engine/unfinished_merge.h"

#include <algorithm>
#include <utility>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "sstable/bounds_codec.h"

namespace stoa {
namespace {

/// Whether one that ends at `to` ends at or before `position`.
bool EndsBy(const std::optional<Position>& to, const PositionView& position) {
  return to.has_value() && to->view() <= position;
}

}  // namespace

bool UnfinishedMerge::HasInput(uint64_t number) const {
  return std::binary_search(inputs.begin(), inputs.end(), number);
}

bool UnfinishedMerge::SharesInputs(const UnfinishedMerge& other) const {
  return std::any_of(inputs.begin(), inputs.end(), [&](uint64_t number) { return other.HasInput(number); });
}

uint64_t UnfinishedMerge::piece_bytes() const {
  uint64_t bytes = 0;
  for (const MergedPiece& piece : pieces) bytes += piece.file.file_bytes;
  return bytes;
}

absl::Status UnfinishedMerge::Add(const MergedPiece& piece) {
  if (EndsBy(piece.to, piece.from)) {
    return InvalidArgument("the piece ", SSTableName(piece.file.number), " of a merge covers nothing");
  }
  const auto next = std::find_if(pieces.begin(), pieces.end(),
                                 [&](const MergedPiece& other) { return piece.from < other.from; });
  const bool clear_before = next == pieces.begin() || EndsBy((next - 1)->to, piece.from);
  const bool clear_behind = next == pieces.end() || EndsBy(piece.to, next->from);
  if (!clear_before || !clear_behind) {
    return InvalidArgument("the piece ", SSTableName(piece.file.number),
                           " of a merge covers what another one covers");
  }
  pieces.insert(next, piece);
  return absl::OkStatus();
}

void PieceNote::Encode(std::string* out) const {
  AppendVarint(out, inputs.size());
  for (const uint64_t number : inputs) AppendVarint(out, number);
  AppendPosition(out, piece.from);
  AppendLittle<uint8_t>(out, piece.to.has_value() ? 1 : 0);
  if (piece.to.has_value()) AppendPosition(out, *piece.to);
  piece.file.Encode(out);
}

absl::StatusOr<PieceNote> PieceNote::Decode(std::string_view bytes) {
  PieceNote note;
  Decoder decoder(bytes);
  uint64_t count = 0, number = 0;
  decoder.Varint(&count);
  for (uint64_t i = 0; i < count && decoder.Varint(&number); ++i) note.inputs.push_back(number);
  const bool ascending =
      std::adjacent_find(note.inputs.begin(), note.inputs.end(), std::greater_equal<>()) == note.inputs.end();
  uint8_t has_end = 0;
  const bool intact = ReadPosition(&decoder, &note.piece.from) && decoder.Little(&has_end) && has_end <= 1 &&
                      (has_end == 0 || ReadPosition(&decoder, &note.piece.to.emplace()));
  if (!intact || !ascending || note.inputs.empty()) {
    return InvalidArgument("malformed piece of a merge of ", bytes.size(), " bytes");
  }
  STOA_ASSIGN_OR_RETURN(note.piece.file, SSTableMetadata::Decode(decoder.rest()));
  return note;
}

std::vector<PositionRange> Uncovered(const PositionRange& range, const std::vector<MergedPiece>& pieces) {
  std::vector<PositionRange> uncovered;
  PositionView at = range.start;
  const auto add = [&](const std::optional<PositionView>& end) {
    if (!end.has_value() || at < *end) uncovered.push_back({at, end});
  };
  for (const MergedPiece& piece : pieces) {
    if (range.end.has_value() && piece.from.view() >= *range.end) break;
    if (EndsBy(piece.to, at)) continue;
    add(piece.from.view());
    if (!piece.to.has_value()) return uncovered;
    at = piece.to->view();
  }
  add(range.end);
  return uncovered;
}

}  // namespace stoa
