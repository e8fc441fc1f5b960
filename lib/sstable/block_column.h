// One column of a block: collected row by row, written into a section, read from it.
//
//     column      := parts:u8 descriptors payloads        all descriptors first, payloads in the same order
//     descriptors := presence(rows) values(cells) [flags(cells)] [timestamps(cells)] [expiries(cells)]
//
// Cells are the rows that have something in this column. Flags, timestamps and expiries are SparseWords over
// cells: what is not there is 0, the row's timestamp, the row's expiry.
//
// Columns whose values do not compress are better off row by row, for whoever reads one row: ten columns of
// 100 bytes stand in 17 cache lines instead of 25, behind one descriptor instead of ten (of five lines each),
// and nothing is lost, for there was nothing to gain from their being alike. Such columns, which have a byte
// string in every row, share a *bundle*:
//
//     bundle      := descriptors payloads
//     descriptors := values(rows * lanes) (parts:u8 [flags(rows)] [timestamps(rows)] [expiries(rows)])*
//
// The columns are its lanes, and the value of a row in a lane is number row * lanes + lane.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <stoa/schema.h>

#include "data/row_batch.h"
#include "sstable/block.h"
#include "sstable/block_parts.h"
#include "sstable/block_parts_writer.h"

namespace stoa {

/// What is in a column of a block, or in a bundle of them. `section` below is where the payloads begin.
struct BlockColumn {
  /// What few columns have.
  struct Extras {
    SparseWords flags;
    SparseWords timestamps;
    SparseWords expiries;
  };
  Presence presence;
  std::variant<WordSequence, ByteSequence> values;
  std::shared_ptr<const std::vector<Extras>> extras;  ///< of each lane; null: none has any
  const char* section = nullptr;
  uint32_t lanes = 1;

  bool is_word() const { return values.index() == 0; }
  /// REQUIRES: is_word().
  const WordSequence& words() const { return *std::get_if<WordSequence>(&values); }
  /// REQUIRES: !is_word().
  const ByteSequence& bytes() const { return *std::get_if<ByteSequence>(&values); }
  const Extras* ExtrasOf(uint32_t lane) const { return extras == nullptr ? nullptr : &(*extras)[lane]; }
  /// Parses a column of a block of `rows` rows, or a bundle if it has more than one lane, from its bytes,
  /// which it views. False when they are malformed.
  bool Parse(std::string_view column_bytes, uint32_t rows, uint32_t lane_count);
};

/// The cells of one column in a block being built. Memory is reused from block to block.
class PendingColumn {
 public:
  /// Begins a block. `word_bytes` as in ProjectedColumn.
  void Start(ColumnId id, TypeKind kind, uint8_t word_bytes);

  /// Takes the cells of rows [begin, end) of the batch, whose first is row `first_row` of the block.
  void Append(const RowBatch& batch, const ColumnVector& column, uint32_t begin, uint32_t end,
              uint32_t first_row);

  ColumnId id() const { return id_; }
  /// Bytes of the values as they came.
  size_t value_bytes() const { return words_.size() * word_bytes_ + bytes_.bytes.size(); }
  /// Bounds of the cells that are tombstones or have a timestamp or expiry of their own.
  const TimeBounds& times() const { return times_; }
  /// True when some live cell has the row's timestamp and expiry.
  bool has_plain_cell() const { return has_plain_cell_; }
  ColumnZone Zone(uint32_t row_count) const;

 private:
  friend class ColumnWriter;

  void AppendDense(const ColumnVector& column, uint32_t begin, uint32_t end);
  void AddCell(const RowBatch& batch, const ColumnVector& column, uint32_t row);
  void ZoneOfWords(ColumnZone* zone) const;
  void ZoneOfBytes(ColumnZone* zone) const;

  ColumnId id_ = 0;
  TypeKind kind_ = TypeKind::kInt;
  uint8_t word_bytes_ = 0;
  uint32_t cell_count_ = 0;
  bool dense_ = true;  // the cells are those of rows 0 to cell_count_ - 1, and rows_ is empty
  std::vector<uint64_t> rows_;
  std::vector<uint64_t> words_;
  ByteStrings bytes_;
  TimeBounds times_;
  bool has_plain_cell_ = false;
  PendingWords flags_;  // by cell
  PendingWords timestamps_;
  PendingWords expiries_;
};

/// Writes pending columns into sections. Reused.
class ColumnWriter {
 public:
  /// Appends `column` to `out`; returns its encoding number.
  uint8_t Append(PendingColumn& column, uint32_t row_count, SectionBuffer* out);

  /// Whether the column may be a lane of a bundle: every row has a byte string, and they do not compress.
  bool IsLane(const PendingColumn& column, uint32_t row_count);
  /// Appends the bundle of columns that may be lanes of one.
  void AppendBundle(std::span<PendingColumn* const> columns, uint32_t row_count, SectionBuffer* out);

 private:
  /// Flags, timestamps and expiries of the cells of a column.
  class ExtrasWriter {
   public:
    /// Returns which there are, as `parts`.
    uint8_t Plan(const PendingColumn& column);
    void AppendDescriptors(std::string* out) const;
    void AppendPayloads(SectionBuffer* out) const;

   private:
    uint8_t parts_ = 0;
    SparseWriter flags_;
    SparseWriter timestamps_;
    SparseWriter expiries_;
  };

  void FillFlagged(PendingColumn* column);

  PresenceWriter presence_;
  WordWriter words_;
  ByteWriter bytes_;
  std::vector<ExtrasWriter> extras_;  // of each lane
  ByteStrings bundle_;
};

}  // namespace stoa
