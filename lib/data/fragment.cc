#include "data/fragment.h"

#include "base/check.h"
#include "data/blob_reference.h"
#include "data/complex_cell.h"
#include "schema/schema_validation.h"

namespace stoa {
namespace {

using fragment_cell::kSizeClassBlob;
using fragment_cell::kSizeClassComplex;
using fragment_cell::kSizeClassMask;
constexpr uint8_t kSizeClassEmpty = 0;
constexpr uint8_t kSizeClassWordMax = 4;
constexpr uint8_t kSizeClassBytes = 5;
constexpr uint8_t kCellHeaderAll =
    kSizeClassMask | fragment_cell::kTombstone | fragment_cell::kTimestamp | fragment_cell::kExpiry;
constexpr size_t kCellBytesMin = 2;
/// Of a varint the bytes below this are one to themselves.
constexpr uint8_t kVarintByteEnd = 0x80;

void AppendCellStart(std::string* out, ColumnId delta, uint8_t header) {
  AppendVarint(out, delta);
  out->push_back(static_cast<char>(header));
}

uint8_t SizeClassOfWord(uint8_t word_bytes) {
  STOA_DCHECK(word_bytes == 1 || word_bytes == 2 || word_bytes == 4 || word_bytes == 8);
  return static_cast<uint8_t>(std::bit_width(word_bytes));
}

uint8_t WordBytes(uint8_t size_class) { return static_cast<uint8_t>(1U << (size_class - 1)); }

uint64_t LittleWord(std::string_view bytes) {
  switch (bytes.size()) {
    case 1:
      return LoadLittle<uint8_t>(bytes.data());
    case 2:
      return LoadLittle<uint16_t>(bytes.data());
    case 4:
      return LoadLittle<uint32_t>(bytes.data());
    default:
      return LoadLittle<uint64_t>(bytes.data());
  }
}

/// Where in the bytes from a cell on its value begins and ends.
struct PlainCell {
  uint8_t delta;
  bool is_word;
  size_t value;
  size_t end;
};

/// Most cells are a word, or a value of fewer than 128 bytes, with the fragment's times, in a column whose id
/// is close to that of the one before: two or three bytes and the value. False where it is anything else.
inline bool FindPlainCell(std::string_view bytes, PlainCell* cell) {
  if (bytes.size() <= kCellBytesMin) return false;
  cell->delta = static_cast<uint8_t>(bytes[0]);
  const auto header = static_cast<uint8_t>(bytes[1]);
  const auto size = static_cast<uint8_t>(bytes[2]);
  cell->is_word = header != kSizeClassBytes;
  if (cell->is_word) {
    if (header == kSizeClassEmpty || header > kSizeClassWordMax) return false;
    cell->value = kCellBytesMin;
    cell->end = kCellBytesMin + WordBytes(header);
  } else {
    if (size == 0 || size >= kVarintByteEnd) return false;
    cell->value = kCellBytesMin + 1;
    cell->end = kCellBytesMin + 1 + size;
  }
  return cell->delta < kVarintByteEnd && cell->end <= bytes.size();
}

/// Whether a cell so much behind the one before, the last of `cells`, may stand there.
inline bool MayFollow(uint64_t delta, uint32_t cells, uint64_t column) {
  return (delta != 0 || cells == 0) && column + delta <= std::numeric_limits<ColumnId>::max();
}

void AppendWord(std::string* out, uint64_t word, uint8_t word_bytes) {
  char bytes[sizeof(word)];
  StoreLittle(bytes, word);
  out->append(bytes, word_bytes);
}

}  // namespace

FragmentReader::FragmentReader(std::string_view fragment, const FragmentContext& context)
    : decoder_(fragment), timestamp_(context.timestamp), now_seconds_(context.now_seconds) {
  if (!ReadHeader()) Fail();
}

bool FragmentReader::ReadHeader() {
  uint8_t flags = 0;
  if (!decoder_.Little(&flags) || (flags & ~fragment_flags::kAll) != 0) return false;
  if ((flags & fragment_flags::kTimestamp) != 0 &&
      (!decoder_.SignedVarint(&timestamp_) || timestamp_ == kNoTimestamp)) {
    return false;
  }
  if ((flags & fragment_flags::kTtl) != 0) {
    uint64_t ttl = 0;
    if (!decoder_.Varint(&ttl) || ttl > kTimeToLiveSecondsMax ||
        __builtin_add_overflow(now_seconds_, static_cast<int64_t>(ttl), &expiry_)) {
      return false;
    }
  }
  if ((flags & fragment_flags::kDeletion) != 0) {
    deletion_ = DeletionTime{timestamp_, now_seconds_};
    if ((flags & fragment_flags::kDeletionTimes) != 0 &&
        (!decoder_.SignedVarint(&deletion_.timestamp) || !decoder_.SignedVarint(&deletion_.local_time) ||
         deletion_.live())) {
      return false;
    }
  } else if ((flags & fragment_flags::kDeletionTimes) != 0) {
    return false;
  }
  uint32_t cell_count = 0;
  if (!decoder_.Varint(&cell_count) || cell_count > decoder_.remaining() / kCellBytesMin) return false;
  if (cell_count == 0 && decoder_.remaining() != 0) return false;
  flags_ = flags;
  cell_count_ = cell_count;
  return true;
}

void FragmentReader::Fail() {
  flags_ = 0;
  deletion_ = DeletionTime{};
  cell_count_ = cells_read_ = 0;
  std::string_view none;
  decoder_.Bytes(decoder_.remaining() + 1, &none);  // more than there is: spends the decoder
}

bool FragmentReader::NextCell(ColumnId* column, Cell* cell) {
  if (cells_read_ == cell_count_) return false;
  if ((!ReadPlainCell(cell) && !ReadCell(cell)) ||
      (++cells_read_ == cell_count_ && decoder_.remaining() != 0)) {
    Fail();
    return false;
  }
  *column = static_cast<ColumnId>(column_);
  return true;
}

uint32_t FragmentReader::SkipPlainCells() {
  std::string_view rest = decoder_.rest();
  const uint32_t end = cell_count_;
  uint32_t cells = cells_read_;
  uint64_t column = column_;
  for (PlainCell cell; cells < end && FindPlainCell(rest, &cell) && MayFollow(cell.delta, cells, column);) {
    column += cell.delta;
    ++cells;
    rest.remove_prefix(cell.end);
  }
  const uint32_t skipped = cells - cells_read_;
  cells_read_ = cells;
  column_ = column;
  decoder_.Skip(decoder_.remaining() - rest.size());
  if (cells == end && !rest.empty()) Fail();
  return skipped;
}

/// (Two thirds of the instructions for a cell of ycsb/d as by ReadCell.)
inline bool FragmentReader::ReadPlainCell(Cell* cell) {
  const std::string_view rest = decoder_.rest();
  PlainCell plain;
  if (!FindPlainCell(rest, &plain) || !MayFollow(plain.delta, cells_read_, column_)) return false;
  *cell = Cell{};
  cell->timestamp = timestamp_;
  cell->expiry = expiry_;
  const std::string_view value = rest.substr(plain.value, plain.end - plain.value);
  word_bytes_ = plain.is_word ? static_cast<uint8_t>(value.size()) : uint8_t{0};
  if (plain.is_word) {
    cell->word = LittleWord(value);
  } else {
    cell->bytes = value;
  }
  column_ += plain.delta;
  cell_header_ = &rest[1];
  decoder_.Skip(plain.end);
  return true;
}

bool FragmentReader::ReadCell(Cell* cell) {
  ColumnId delta = 0;
  uint8_t header = 0;
  if (!decoder_.Varint(&delta)) return false;
  cell_header_ = decoder_.rest().data();
  if (!decoder_.Little(&header) || (header & ~kCellHeaderAll) != 0) return false;
  if (!MayFollow(delta, cells_read_, column_)) return false;
  column_ += delta;

  *cell = Cell{};
  cell->tombstone = (header & fragment_cell::kTombstone) != 0;
  cell->timestamp = timestamp_;
  if ((header & fragment_cell::kTimestamp) != 0 &&
      (!decoder_.SignedVarint(&cell->timestamp) || cell->timestamp == kNoTimestamp)) {
    return false;
  }
  cell->expiry = cell->tombstone ? now_seconds_ : expiry_;
  if ((header & fragment_cell::kExpiry) != 0 && !decoder_.SignedVarint(&cell->expiry)) return false;
  return ReadValue(header & kSizeClassMask, cell);
}

bool FragmentReader::ReadValue(uint8_t size_class, Cell* cell) {
  word_bytes_ = 0;
  if (cell->tombstone) return size_class == kSizeClassEmpty;
  switch (size_class) {
    case kSizeClassEmpty:
      cell->empty = true;
      return true;
    case 1:
    case 2:
    case 3:
    case kSizeClassWordMax: {
      std::string_view word;
      word_bytes_ = WordBytes(size_class);
      if (!decoder_.Bytes(word_bytes_, &word)) return false;
      cell->word = LittleWord(word);
      return true;
    }
    case kSizeClassBytes:
      return decoder_.LengthPrefixed(&cell->bytes) && !cell->bytes.empty();
    case kSizeClassBlob: {
      BlobReference reference;
      cell->blob = true;
      return decoder_.LengthPrefixed(&cell->bytes) && ParseBlobReference(cell->bytes, &reference);
    }
    case kSizeClassComplex:
      cell->complex = true;
      return decoder_.LengthPrefixed(&cell->bytes) && !cell->bytes.empty();
    default:
      return false;
  }
}

void AppendFragmentHead(std::string* out, uint8_t flags, const std::optional<int64_t>& timestamp,
                        int32_t ttl_seconds, size_t cells) {
  char bytes[kFragmentHeadBytesMax];
  const char* end = StoreFragmentHead(bytes, flags, timestamp, ttl_seconds, cells);
  out->append(bytes, static_cast<size_t>(end - bytes));
}

char* StoreFragmentHead(char* to, uint8_t flags, const std::optional<int64_t>& timestamp, int32_t ttl_seconds,
                        size_t cells) {
  if (timestamp) flags |= fragment_flags::kTimestamp;
  if (ttl_seconds > 0) flags |= fragment_flags::kTtl;
  *to++ = static_cast<char>(flags);
  if (timestamp) to = StoreVarint(to, ZigZag(*timestamp));
  if (ttl_seconds > 0) to = StoreVarint(to, static_cast<uint64_t>(ttl_seconds));
  return StoreVarint(to, cells);
}

void AppendWordCell(std::string* out, ColumnId delta, uint64_t word, uint8_t word_bytes) {
  char bytes[kWordCellBytesMax];
  const char* end = StoreWordCell(bytes, delta, word, word_bytes);
  out->append(bytes, static_cast<size_t>(end - bytes));
}

void AppendBytesCell(std::string* out, ColumnId delta, std::string_view value) {
  if (value.empty()) return AppendCellStart(out, delta, kSizeClassEmpty);
  char start[2 * kVarint64BytesMax + 1];
  char* end = StoreVarint(start, delta);
  *end++ = static_cast<char>(kSizeClassBytes);
  end = StoreVarint(end, value.size());
  out->append(start, static_cast<size_t>(end - start));
  out->append(value);
}

void AppendTombstoneCell(std::string* out, ColumnId delta) {
  AppendCellStart(out, delta, fragment_cell::kTombstone);
}

void AppendComplexCell(std::string* out, ColumnId delta, std::string_view content) {
  AppendCellStart(out, delta, kSizeClassComplex);
  AppendLengthPrefixed(out, content);
}

void AppendCell(std::string* out, ColumnId delta, const Cell& cell, uint8_t word_bytes,
                const FragmentTimes& times) {
  const bool has_value = !cell.tombstone && !cell.empty && (word_bytes != 0 || !cell.bytes.empty());
  uint8_t header = 0;
  if (cell.timestamp != times.timestamp) header |= fragment_cell::kTimestamp;
  if (cell.tombstone || cell.expiry != times.expiry) header |= fragment_cell::kExpiry;
  if (cell.tombstone) header |= fragment_cell::kTombstone;
  if (has_value) {
    header |= word_bytes != 0 ? SizeClassOfWord(word_bytes)
              : cell.blob     ? kSizeClassBlob
              : cell.complex  ? kSizeClassComplex
                              : kSizeClassBytes;
  }
  AppendCellStart(out, delta, header);
  if ((header & fragment_cell::kTimestamp) != 0) AppendVarint(out, ZigZag(cell.timestamp));
  if ((header & fragment_cell::kExpiry) != 0) AppendVarint(out, ZigZag(cell.expiry));
  if (!has_value) return;
  if (word_bytes != 0) {
    AppendWord(out, cell.word, word_bytes);
  } else {
    AppendLengthPrefixed(out, cell.bytes);
  }
}

bool IsValidFragment(std::string_view fragment) {
  FragmentReader reader(fragment, FragmentContext{});
  ColumnId column = 0;
  Cell cell;
  while (reader.NextCell(&column, &cell)) {
    if (cell.complex && !IsValidComplexCell(cell, /*in_context=*/true)) return false;
  }
  return reader.ok();
}

}  // namespace stoa
