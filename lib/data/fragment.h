// Row fragments: what one write says about one row, as bytes. The same bytes are part of the batch, of the
// log record and, copied once, of the memtable.
//
//     fragment := flags:u8 [timestamp:svarint] [ttl:varint] [deletion] cell_count:varint cell*
//     flags    := 1 row marker | 2 own timestamp | 4 ttl | 8 row deletion | 16 the deletion has its own times
//     deletion := (with flag 16) timestamp:svarint local_time:svarint
//     cell     := column_id_delta:varint header:u8 [timestamp:svarint] [expiry:svarint] value
//     header   := size class (low 3 bits) | 8 tombstone | 16 own timestamp | 32 own expiry
//     size class and value := 0 empty | 1, 2, 3, 4: 1, 2, 4, 8 bytes little-endian (a word)
//                           | 5 length:varint bytes (not empty)
//                           | 6 length:varint reference to a blob (data/blob_reference.h)
//                           | 7 length:varint complex cell (data/complex_cell.h), in context or resolved
//
// Column ids ascend; each is stored as the difference to the one before (the first to 0). What a write leaves
// open is taken from the FragmentContext of the commit it belongs to: the timestamp where it has no own, the
// second from which its ttl counts, and the local time of its deletions and tombstones. A fragment folded
// from several in the memtable has own times everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/coding.h"
#include "data/row_batch.h"

namespace stoa {

struct FragmentContext {
  int64_t timestamp = 0;  ///< microseconds
  int64_t now_seconds = 0;
};

namespace fragment_flags {
inline constexpr uint8_t kMarker = 1;
inline constexpr uint8_t kTimestamp = 2;
inline constexpr uint8_t kTtl = 4;
inline constexpr uint8_t kDeletion = 8;
inline constexpr uint8_t kDeletionTimes = 16;
inline constexpr uint8_t kAll = 31;
}  // namespace fragment_flags

/// Bits of a cell's header beside its size class, and the size class that others need to know.
namespace fragment_cell {
inline constexpr uint8_t kTombstone = 8;
inline constexpr uint8_t kTimestamp = 16;
inline constexpr uint8_t kExpiry = 32;
inline constexpr uint8_t kSizeClassMask = 7;
inline constexpr uint8_t kSizeClassBlob = 6;
inline constexpr uint8_t kSizeClassComplex = 7;
}  // namespace fragment_cell

/// The header of a cell of bytes, but of one that holds a reference.
inline uint8_t BlobCellHeader(uint8_t header) {
  return static_cast<uint8_t>((header & ~fragment_cell::kSizeClassMask) | fragment_cell::kSizeClassBlob);
}

/// Reads a fragment. The bytes are validated as they are read: after use, ok() says whether all was well
/// formed (bytes from a log whose checksum holds always are).
class FragmentReader {
 public:
  FragmentReader(std::string_view fragment, const FragmentContext& context);

  bool has_marker() const { return (flags_ & fragment_flags::kMarker) != 0; }
  int64_t timestamp() const { return timestamp_; }
  /// Of the marker and of cells without their own.
  int64_t expiry() const { return expiry_; }
  /// The row deletion, live() if there is none.
  const DeletionTime& deletion() const { return deletion_; }
  uint32_t cell_count() const { return cell_count_; }

  /// The next cell; false at the end or on malformed bytes.
  bool NextCell(ColumnId* column, Cell* cell);
  /// Passes over the cells up to the first that is more than a short value with the fragment's timestamp and
  /// expiry; returns how many. The next cell is that one.
  uint32_t SkipPlainCells();
  /// Of the value of the last cell: 1, 2, 4 or 8 if it is a word, else 0.
  uint8_t word_bytes() const { return word_bytes_; }
  bool ok() const { return decoder_.ok(); }
  /// Where the header of the last cell stands in the fragment.
  const char* cell_header() const { return cell_header_; }

 private:
  bool ReadHeader();
  bool ReadPlainCell(Cell* cell);
  bool ReadCell(Cell* cell);
  bool ReadValue(uint8_t size_class, Cell* cell);
  /// Makes the reader as of an empty fragment, with ok() false.
  void Fail();

  Decoder decoder_;
  uint8_t flags_ = 0;
  int64_t timestamp_ = 0;
  int64_t now_seconds_ = 0;
  int64_t expiry_ = kNoExpiry;
  DeletionTime deletion_;
  uint32_t cell_count_ = 0;
  uint32_t cells_read_ = 0;
  uint8_t word_bytes_ = 0;
  uint64_t column_ = 0;
  const char* cell_header_ = nullptr;
};

/// Begins a fragment of so many cells. `flags`: kMarker, kDeletion or neither; those of the timestamp and of
/// the time to live, which is 0 where there is none, are added.
void AppendFragmentHead(std::string* out, uint8_t flags, const std::optional<int64_t>& timestamp,
                        int32_t ttl_seconds, size_t cells);
/// The same, and a word cell, where there is room: returns the end of what was written.
inline constexpr size_t kFragmentHeadBytesMax = 1 + 3 * kVarint64BytesMax;
char* StoreFragmentHead(char* to, uint8_t flags, const std::optional<int64_t>& timestamp, int32_t ttl_seconds,
                        size_t cells);
inline constexpr size_t kWordCellBytesMax = kVarint64BytesMax + 1 + sizeof(uint64_t);
inline char* StoreWordCell(char* to, ColumnId delta, uint64_t word, uint8_t word_bytes) {
  to = StoreVarint(to, delta);
  *to++ = static_cast<char>(std::bit_width(word_bytes));
  StoreLittle(to, word);
  return to + word_bytes;
}
/// Append a cell whose times are the row's. `delta` is the column id's difference to the cell before.
void AppendWordCell(std::string* out, ColumnId delta, uint64_t word, uint8_t word_bytes);
void AppendBytesCell(std::string* out, ColumnId delta, std::string_view value);
void AppendTombstoneCell(std::string* out, ColumnId delta);
/// `content` is what a ComplexCellBuilder has made. (A column of complex cells has no others: it is deleted
/// by a complex cell with ComplexCellBuilder::DeleteAt, not by a tombstone.)
void AppendComplexCell(std::string* out, ColumnId delta, std::string_view content);
/// The timestamp and expiry that cells of a fragment have unless they say otherwise.
struct FragmentTimes {
  int64_t timestamp = 0;
  int64_t expiry = kNoExpiry;
};
/// Appends any cell, with its own times where they are not the fragment's, as in a folded one.
void AppendCell(std::string* out, ColumnId delta, const Cell& cell, uint8_t word_bytes,
                const FragmentTimes& times);

/// True when `fragment` is well formed to its end, with ascending column ids.
bool IsValidFragment(std::string_view fragment);

}  // namespace stoa
