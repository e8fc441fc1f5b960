// What the manifest keeps of a merge that has not come to its end.
//
// A merge installs its output at its end, all at once. So that a large one need not begin anew after a crash
// or a Close, the manifest notes each file that it finishes, with the positions that this piece covers: all
// that the inputs have there is in it, as far as it is not purged. The next opening merges what no piece
// covers and installs pieces and the rest together; until then nobody reads the pieces. Why that is right,
// however much time and however many openings lie between:
//
//  * A note is there only as long as all inputs are files of the table (DatabaseState::Apply), and files do
//    not change. So all pieces, whenever they were made, are of the same inputs; and what readers see in the
//    meantime is the inputs, with all their deletions.
//  * Pieces do not overlap, and the rest is exactly what they leave (Uncovered): every row is in one output,
//    once, as counters need it. Where a piece ends, no deletion is open in it (merge_task.h); one that was
//    purged from it is read again from the inputs, and does in the rest what it has to do there.
//  * What a piece has forgotten may stay forgotten. A deletion was purged because nothing outside of the
//  merge
//    was as old (CanPurge). What is outside when the merge is resumed was so then, though it may have moved
//    from the log or a memtable into files, or from files into others; or it has been written since, with a
//    greater timestamp, unless the writer chose an older one: then it takes the same chance as if the merge
//    had run all the time (TableOptions::gc_grace_seconds). The inputs themselves cannot have come to be
//    outside, for whoever merges one of them elsewhere ends the note. So too for the deltas of counters that
//    were folded: a deletion between them can no longer come, as it would have to be older than they are.
//  * While a merge waits to be resumed its inputs are busy, as if it were under way: nobody counts on
//    deletions in them that a piece may have forgotten.
//  * An alteration of the table is no hindrance: SSTables name columns by permanent ids, and those from
//    before and those from after it stand side by side in every table.
//
// A note costs one edit of the manifest. Losing one costs work, nothing else: a piece that cannot be opened
// is dropped, with its note, by the next opening.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "data/position.h"
#include "sstable/sstable.h"

namespace stoa {

/// A finished file of a merge, and the positions that it covers.
struct MergedPiece {
  Position from;               ///< included
  std::optional<Position> to;  ///< excluded; none: to the end of the table
  SSTableMetadata file;

  friend bool operator==(const MergedPiece&, const MergedPiece&) = default;
};

/// A merge of one table by its inputs, which tell it apart: a file is merged by one merge at a time.
struct UnfinishedMerge {
  std::vector<uint64_t> inputs;     ///< numbers of files, ascending; one at least
  std::vector<MergedPiece> pieces;  ///< in order of position

  bool HasInput(uint64_t number) const;
  bool SharesInputs(const UnfinishedMerge& other) const;
  uint64_t piece_bytes() const;

  /// InvalidArgument, naming the file, if the piece covers nothing, or something that another one does.
  absl::Status Add(const MergedPiece& piece);
};

/// What an edit of the manifest says of one piece. FORMAT.md describes the bytes.
struct PieceNote {
  std::vector<uint64_t> inputs;  ///< of the merge, ascending
  MergedPiece piece;             ///< `file` names the table

  void Encode(std::string* out) const;
  /// InvalidArgument on malformed bytes.
  static absl::StatusOr<PieceNote> Decode(std::string_view bytes);
};

/// The parts of `range` that no piece covers, in order. Views of `range` and `pieces`, which are in order of
/// position.
std::vector<PositionRange> Uncovered(const PositionRange& range, const std::vector<MergedPiece>& pieces);

}  // namespace stoa
