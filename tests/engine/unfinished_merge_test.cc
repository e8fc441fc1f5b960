// Pieces of merges as values, and as edits of the manifest.
#include "engine/unfinished_merge.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "engine/version_edit.h"
#include "io/random.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

constexpr TableId kTable = 1;

Position At(uint64_t token, const std::string& key = "", const std::string& clustering = "") {
  return Position(PositionView{token, key, clustering});
}

SSTableMetadata File(uint64_t number) {
  SSTableMetadata metadata;
  metadata.number = number;
  metadata.table = kTable;
  metadata.file_bytes = 1000 + number;
  return metadata;
}

/// `to`: UINT64_MAX is the end of the table.
MergedPiece Piece(uint64_t from, uint64_t to, uint64_t number) {
  MergedPiece piece;
  piece.from = At(from);
  if (to != UINT64_MAX) piece.to = At(to);
  piece.file = File(number);
  return piece;
}

uint64_t EndOf(const MergedPiece& piece) { return piece.to.has_value() ? piece.to->token : UINT64_MAX; }

/// A table with files 1 to 6.
DatabaseState SixFiles() {
  VersionEdit edit;
  edit.tables.push_back(std::make_shared<const TableSchema>(
      ValueOf(TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Build())));
  for (uint64_t number = 1; number <= 6; ++number) edit.added_files.push_back(File(number));
  for (SSTableMetadata& file : edit.added_files) file.table = edit.tables.front()->id();
  DatabaseState state;
  REQUIRE_OK(state.Apply(edit));
  return state;
}

TableState& TheTable(DatabaseState* state) { return state->tables.begin()->second; }

/// An edit that notes a piece of the table of `state`.
VersionEdit NoteOf(const DatabaseState& state, std::vector<uint64_t> inputs, MergedPiece piece) {
  piece.file.table = state.tables.begin()->first;
  VersionEdit edit;
  edit.merged_pieces.push_back({std::move(inputs), std::move(piece)});
  return edit;
}

absl::Status Applied(DatabaseState state, const VersionEdit& edit) { return state.Apply(edit); }

std::string Encoded(const VersionEdit& edit) {
  std::string bytes;
  edit.Encode(&bytes);
  return bytes;
}

}  // namespace

// Goal: pieces and what they leave are everything, once. Method: random disjoint pieces of a line of 40
// positions, and random ranges of it; each position is counted.
TEST_CASE("pieces and the rest cover each position once [rule]") {
  Random random(1);
  for (int round = 0; round < 2000; ++round) {
    CAPTURE(round);
    UnfinishedMerge merge{{1}, {}};
    for (int i = 0; i < 5; ++i) {
      const uint64_t from = random.Uniform(40);
      uint64_t to = from + 1 + random.Uniform(10);
      if (to >= 40) to = UINT64_MAX;
      const MergedPiece piece = Piece(from, to, 10 + static_cast<uint64_t>(i));
      const bool is_free = std::none_of(merge.pieces.begin(), merge.pieces.end(), [&](const auto& other) {
        return from < EndOf(other) && other.from.token < to;
      });
      REQUIRE(merge.Add(piece).ok() == is_free);
    }
    const Position start = At(random.Uniform(40));
    const Position end = At(start.token + 1 + random.Uniform(40 - start.token));
    PositionRange range{start, end.view()};
    if (end.token == 40) range.end.reset();
    const std::vector<PositionRange> rest = Uncovered(range, merge.pieces);
    for (uint64_t token = 0; token < 42; ++token) {
      const PositionView at{token, {}, {}};
      const auto holds = [&](const PositionRange& part) { return part.Contains(at); };
      const bool covered = std::any_of(merge.pieces.begin(), merge.pieces.end(), [&](const auto& piece) {
        return piece.from.token <= token && token < EndOf(piece);
      });
      REQUIRE(std::count_if(rest.begin(), rest.end(), holds) == (range.Contains(at) && !covered ? 1 : 0));
    }
    for (const PositionRange& part : rest) REQUIRE((!part.end.has_value() || part.start < *part.end));
  }
}

// Goal: notes survive encoding, and damaged ones are refused. Method: round trips, every length, inputs out
// of order.
TEST_CASE("notes of pieces are decoded as they were encoded") {
  MergedPiece piece = Piece(5, UINT64_MAX, 77);
  piece.from = At(5, "key", "clustering");
  for (const bool has_end : {false, true}) {
    if (has_end) piece.to = At(6, "", "");
    std::string bytes;
    PieceNote{{3, 4, 900}, piece}.Encode(&bytes);
    const PieceNote note = ValueOf(PieceNote::Decode(bytes));
    CHECK(note.inputs == std::vector<uint64_t>{3, 4, 900});
    CHECK(note.piece == piece);
    for (size_t length = 0; length < bytes.size(); ++length) {
      CHECK(absl::IsInvalidArgument(PieceNote::Decode(std::string_view(bytes).substr(0, length)).status()));
    }
    CHECK(absl::IsInvalidArgument(PieceNote::Decode(bytes + "x").status()));
  }
  for (const std::vector<uint64_t>& inputs : {std::vector<uint64_t>{}, {4, 3}, {3, 3}}) {
    std::string bytes;
    PieceNote{inputs, piece}.Encode(&bytes);
    CHECK(absl::IsInvalidArgument(PieceNote::Decode(bytes).status()));
  }
}

// Goal: a note is in the state as long as all inputs are; no two merges share one; a manifest that begins
// anew has it. Method: edits that fit and edits that do not.
TEST_CASE("a note goes with the first of its inputs [rule]") {
  DatabaseState state = SixFiles();
  REQUIRE_OK(state.Apply(NoteOf(state, {1, 3, 5}, Piece(0, 10, 20))));
  REQUIRE_OK(state.Apply(NoteOf(state, {1, 3, 5}, Piece(30, UINT64_MAX, 22))));
  REQUIRE_OK(state.Apply(NoteOf(state, {1, 3, 5}, Piece(10, 20, 21))));
  REQUIRE_OK(state.Apply(NoteOf(state, {2, 4}, Piece(5, 15, 23))));
  CHECK(state.next_file_number == 24);
  REQUIRE(TheTable(&state).merges.size() == 2);
  CHECK(TheTable(&state).merges.at(1).pieces.size() == 3);
  CHECK(TheTable(&state).merges.at(1).piece_bytes() == 3063);

  CHECK_FALSE(Applied(state, NoteOf(state, {1, 3, 5}, Piece(15, 25, 24))).ok());  // overlaps
  CHECK_FALSE(Applied(state, NoteOf(state, {1, 3, 5}, Piece(25, 25, 24))).ok());  // covers nothing
  CHECK_FALSE(Applied(state, NoteOf(state, {1, 3}, Piece(20, 25, 24))).ok());     // other inputs
  CHECK_FALSE(Applied(state, NoteOf(state, {3, 6}, Piece(20, 25, 24))).ok());     // shares one
  CHECK_FALSE(Applied(state, NoteOf(state, {6, 7}, Piece(20, 25, 24))).ok());     // reads no file
  CHECK_FALSE(Applied(state, NoteOf(state, {6}, Piece(20, 25, 2))).ok());         // is a file
  REQUIRE_OK(Applied(state, NoteOf(state, {1, 3, 5}, Piece(20, 30, 24))));

  const VersionEdit whole = ValueOf(VersionEdit::Decode(Encoded(state.AsEdit())));
  DatabaseState again;
  REQUIRE_OK(again.Apply(whole));
  CHECK(Encoded(again.AsEdit()) == Encoded(state.AsEdit()));
  CHECK(TheTable(&again).merges.at(2).pieces == TheTable(&state).merges.at(2).pieces);

  const TableId table = state.tables.begin()->first;
  VersionEdit abandon;
  abandon.abandoned_merges.push_back({table, 2});
  REQUIRE_OK(again.Apply(ValueOf(VersionEdit::Decode(Encoded(abandon)))));
  CHECK(TheTable(&again).merges.size() == 1);
  CHECK_FALSE(Applied(again, abandon).ok());

  VersionEdit remove;
  remove.removed_files.push_back({table, 5});
  REQUIRE_OK(state.Apply(remove));
  CHECK(TheTable(&state).merges.size() == 1);
  CHECK(TheTable(&state).merges.contains(2));
  DatabaseState later;
  REQUIRE_OK(later.Apply(state.AsEdit()));
}

}  // namespace stoa
