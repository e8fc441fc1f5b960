// One column of a block: collected row by row, written into a section, read from it.
//
//     column      := parts:u8 descriptors payloads        all descriptors first, payloads in the same order
//     descriptors := presence(rows) values(cells) [flags(cells)] [timestamps(cells)] [expiries(cells)]
//
// Cells are the rows that have something in this column. Flags, timestamps and expiries are SparseWords over
// cells: what is not there is 0, the row's timestamp, the row's expiry.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <stoa/schema.h>

#include "data/row_batch.h"
#include "sstable/block.h"
#include "sstable/block_parts.h"
#include "sstable/block_parts_writer.h"

namespace stoa {

/// What is in a column of a block. `section` below is where the payloads begin.
struct BlockColumn {
  /// What few columns have.
  struct Extras {
    SparseWords flags;
    SparseWords timestamps;
    SparseWords expiries;
  };
  Presence presence;
  WordSequence words;
  std::optional<ByteSequence> bytes;  ///< instead of words
  std::shared_ptr<const Extras> extras;
  const char* section = nullptr;

  bool is_word() const { return !bytes.has_value(); }
  /// Parses a column of a block of `rows` rows from its bytes, which it views. False when they are malformed.
  bool Parse(std::string_view bytes, uint32_t rows);
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

 private:
  void FillFlagged(PendingColumn* column);

  PresenceWriter presence_;
  WordWriter words_;
  ByteWriter bytes_;
  SparseWriter flags_;
  SparseWriter timestamps_;
  SparseWriter expiries_;
};

}  // namespace stoa
