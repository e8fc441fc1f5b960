// What the parts of BlockReader share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/memory_budget.h"
#include "base/strings.h"
#include "sstable/block.h"
#include "sstable/block_column.h"

namespace stoa {

inline absl::Status DamagedBlock(std::string_view what) {
  return absl::DataLossError(StrCat("block: damaged ", what));
}

/// True when `flags` can be those of a cell: one of cell_flags, or none.
inline bool AreCellFlags(uint64_t flags, bool is_word) {
  return flags <= cell_flags::kEmpty ||
         (!is_word && (flags == cell_flags::kBlob || flags == cell_flags::kComplex));
}

/// The flags of rows that this version knows.
inline constexpr uint64_t kRowFlags = row_flags::kMarker | row_flags::kDeletion;

/// Of so few runs the wanted one is found soonest by its key, and tokens are made without being kept.
inline constexpr uint32_t kFewRuns = 4;

struct BlockReader::State {
  const BlockLayout* layout = nullptr;
  const Projection* projection = nullptr;
  const BlockHeader* header = nullptr;
  SectionSource* source = nullptr;
  std::vector<const char*> loaded;  // by section; null: not yet
  // The run that was found last, -1 if none was, and its token.
  int found_run = -1;
  uint64_t found_token = 0;

  // Of the last batch.
  uint32_t origin = 0;  // its rows are [origin, origin_end) of the block
  uint32_t origin_end = 0;
  Direction direction = Direction::kForward;
  Arena arena{kArenaChunkBytes, kArenaChunkBytesMax};

  std::vector<uint64_t> tokens;  // of all runs of the block, if they were wanted and not kept

  // Reused.
  std::string key;
  std::vector<uint64_t> numbers;
  std::vector<uint64_t> key_sizes;
  ByteSequence::Scratch scratch;
  std::vector<uint32_t> rows;
  std::vector<uint32_t> extra_rows;
  std::vector<std::string_view> strings;
  std::vector<std::string_view*> component_strings;
  BlockColumn parsed;

  MemoryCharge charge;
  /// What a batch has taken, mostly for its columns.
  size_t memory_bytes() const {
    return arena.allocated_bytes() + (numbers.capacity() + key_sizes.capacity()) * sizeof(uint64_t) +
           (rows.capacity() + extra_rows.capacity()) * sizeof(uint32_t) +
           strings.capacity() * sizeof(std::string_view);
  }
  void Charge() {
    if (charge.active()) charge.Resize(memory_bytes());
  }

  const std::vector<ClusteringComponent>& components() const { return header->Components(*layout); }

  /// The bytes of a section, loaded if they were not yet.
  absl::Status Section(uint32_t number, const char** bytes) {
    *bytes = loaded[number];
    return *bytes != nullptr ? absl::OkStatus() : LoadSection(number, bytes);
  }
  /// Of liveness; nothing where all of it stands in the header.
  absl::Status Liveness(const char** bytes) {
    *bytes = "";
    return header->has_liveness ? Section(kLivenessSection, bytes) : absl::OkStatus();
  }

  /// The tokens of all runs.
  absl::Status RunTokens(const char* keys, const uint64_t** run_tokens);
  /// The key of a run; the view is valid until the next call.
  absl::Status RunKey(const char* keys, uint32_t run, std::string_view* run_key);
  /// The first run at or after a partition, and whether it is the partition's.
  absl::Status LowerBoundRun(const char* keys, uint64_t token, std::string_view partition_key, uint32_t* run,
                             bool* exact);
  absl::Status RunRows(const char* keys, uint32_t run, RowRange* rows_of_run);
  struct RowSearch {
    bool exactly;                            ///< a row that is not there need not be told from its neighbours
    absl::FunctionRef<void(uint32_t)> near;  ///< as in WordSequence::EqualRange
  };
  /// The first row in `range` at or after `clustering`; of an exact search any if it is not there.
  absl::Status FindRow(const char* keys, RowRange range, std::string_view clustering, const RowSearch& search,
                       uint32_t* row, bool* exact);
  /// The range deletion open behind range-change `change` - 1 and before `change`, in run `run`.
  absl::Status OpenBefore(const char* keys, uint32_t change, uint32_t run, DeletionTime* open);

  /// A copy of a row's clustering key in the arena.
  absl::Status RowKey(const char* keys, uint32_t row, std::string_view* row_key);
  /// The same of a key of fixed components; false when it has others.
  bool FixedRowKey(const char* keys, uint32_t row, std::string_view* row_key);
  /// Puts the prefix of all keys before those of the runs.
  void PutPrefix(std::string_view prefix);
  absl::Status MakeRuns(const char* keys, uint32_t run_begin, uint32_t run_end, RowBatch* batch);
  absl::Status MakeChanges(const char* keys, uint32_t change_begin, uint32_t change_end, uint32_t run_begin,
                           uint32_t run_end, RowBatch* batch);

  /// Where a column is, or null. Columns are asked for ascending by id; `*hint` is where the search goes on.
  const BlockHeader::ColumnPlace* FindColumn(ColumnId id, const BlockHeader::ColumnPlace** hint) const;
  /// Where the column stands, or its bundle begins, in the header.
  uint32_t FirstPlace(const BlockHeader::ColumnPlace& place) const {
    return static_cast<uint32_t>(&place - header->columns.data()) - place.lane;
  }
  /// A column or its bundle, parsed by now; valid until the next call.
  absl::Status Column(const BlockHeader::ColumnPlace& place, const BlockColumn** column) {
    *column = source->KeptColumn(FirstPlace(place));
    return *column != nullptr ? absl::OkStatus() : ParseColumn(place, column);
  }

  struct RowLiveness {
    bool marker = true;
    int64_t timestamp = 0;
    int64_t expiry = kNoExpiry;
    DeletionTime deletion;
  };
  /// Asks for the memory that the cells of a row will be read from.
  void PrefetchRow(uint32_t row) const;
  absl::Status ReadLiveness(uint32_t row, RowLiveness* liveness);
  /// Adds the cells of a row in the lanes of a bundle, from `*place` on, that are projected, from `*index`
  /// on. None says anything of its own; `cell` has the times of the row. Advances both.
  absl::Status AddLanes(const BlockColumn& bundle, uint32_t row, Cell cell,
                        const BlockHeader::ColumnPlace** place, uint32_t* index, RowMerger* merger);

  /// Batch rows [begin, end) as rows of the block.
  RowRange BlockRows(uint32_t begin, uint32_t end) const {
    if (direction == Direction::kForward) return {origin + begin, origin + end};
    return {origin_end - end, origin_end - begin};
  }

 private:
  // A few rows take little memory; a scan soon keeps one chunk that a batch fits into.
  static constexpr size_t kArenaChunkBytes = 16 << 10;
  static constexpr size_t kArenaChunkBytesMax = 1 << 20;

  absl::Status LoadSection(uint32_t number, const char** bytes);
  absl::Status ParseColumn(const BlockHeader::ColumnPlace& place, const BlockColumn** column);
  /// Tries all runs for the key of one; false when none has it.
  bool FindKey(const char* keys, std::string_view partition_key, uint32_t* run) const;
};

}  // namespace stoa
