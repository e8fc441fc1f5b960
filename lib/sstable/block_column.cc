#include "sstable/block_column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "data/bits.h"
#include "data/blob_reference.h"
#include "data/complex_merge.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

constexpr uint8_t kHasFlags = 1;
constexpr uint8_t kHasTimestamps = 2;
constexpr uint8_t kHasExpiries = 4;
constexpr uint8_t kHasExtras = kHasFlags | kHasTimestamps | kHasExpiries;
constexpr uint8_t kIsBytes = 8;
constexpr uint8_t kKnownParts = 15;

/// Zone maps keep so much of a byte string at most; of what the least and the greatest do not begin with
/// alike so much, which says where a value stands between them to one in four billion.
constexpr size_t kZoneBytesMax = 32;
constexpr size_t kZoneBytesApart = 4;
static_assert(kZoneBytesMax < kBlobPrefixBytes);

/// Values of a lane have at least so many bytes on average: several of them to a cache line are no reason to
/// take columns apart.
constexpr size_t kLaneBytesMin = 16;
/// Noise is told by so many bytes: in as many of it there are 2,046 pairs of equal ones, give or take 45.
constexpr size_t kNoiseSampleBytes = 1 << 10;
constexpr size_t kNoiseSampleBytesMin = 256;

NumberKind NumbersOf(TypeKind kind) {
  if (kind == TypeKind::kDouble) return NumberKind::kDouble;
  return kind == TypeKind::kFloat ? NumberKind::kFloat : NumberKind::kInteger;
}

/// Words of narrow signed types are zero-extended; encodings want them close together.
uint64_t SignExtended(TypeKind kind, uint64_t word) {
  switch (kind) {
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt:
      return static_cast<uint64_t>(WordToOrdered(kind, word));
    default:
      return word;
  }
}

double NumberOf(TypeKind kind, uint64_t word) {
  return kind == TypeKind::kDouble ? std::bit_cast<double>(word)
                                   : static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(word)));
}
int64_t BitsOf(TypeKind kind, double number) {
  return kind == TypeKind::kDouble ? std::bit_cast<int64_t>(number)
                                   : int64_t{std::bit_cast<uint32_t>(static_cast<float>(number))};
}

/// Whether bytes look like encrypted or compressed ones: of two of them taken at random the odds to be the
/// same are less than 1 in 128, while of all 256 values alike they would be 1 in 256. Text of any script is
/// far above.
bool IsNoise(std::string_view bytes) {
  const std::string_view sample = bytes.substr(0, kNoiseSampleBytes);
  if (sample.size() < kNoiseSampleBytesMin) return false;
  std::array<uint64_t, 256> counts{};
  for (const char byte : sample) ++counts[static_cast<uint8_t>(byte)];
  uint64_t same = 0;
  for (const uint64_t count : counts) same += count * (count - 1);
  return same * 128 <= sample.size() * (sample.size() - 1);
}

/// The least string of at most `bytes_max` bytes that is not less than `value`; empty when there is none.
std::string RoundedUp(std::string_view value, size_t bytes_max) {
  std::string result(value.substr(0, bytes_max));
  if (value.size() <= bytes_max) return result;
  while (!result.empty() && result.back() == '\xff') result.pop_back();
  if (!result.empty()) ++result.back();
  return result;
}

}  // namespace

namespace {

/// Flags, timestamps and expiries of `cells` cells.
bool ParseExtras(Decoder* in, uint8_t parts, uint32_t cells, uint64_t* end, BlockColumn::Extras* extras) {
  if ((parts & kHasFlags) != 0 && !extras->flags.Parse(in, cells, end)) return false;
  if ((parts & kHasTimestamps) != 0 && !extras->timestamps.Parse(in, cells, end)) return false;
  return (parts & kHasExpiries) == 0 || extras->expiries.Parse(in, cells, end);
}

/// The lanes of a bundle, behind the values.
bool ParseLanes(Decoder* in, uint32_t rows, uint32_t lanes, uint64_t* end,
                std::shared_ptr<const std::vector<BlockColumn::Extras>>* extras) {
  std::vector<BlockColumn::Extras> parsed(lanes);
  uint8_t all_parts = 0;
  for (BlockColumn::Extras& of_lane : parsed) {
    uint8_t parts = 0;
    if (!in->Little(&parts) || (parts & ~kHasExtras) != 0 || !ParseExtras(in, parts, rows, end, &of_lane))
      return false;
    all_parts |= parts;
  }
  if (all_parts != 0) *extras = std::make_shared<const std::vector<BlockColumn::Extras>>(std::move(parsed));
  return true;
}

}  // namespace

bool BlockColumn::Parse(std::string_view column_bytes, uint32_t rows, uint32_t lane_count) {
  Decoder in(column_bytes);
  uint8_t parts = 0;
  uint64_t end = 0;
  lanes = lane_count;
  if (lanes > 1) {
    presence.form = Presence::Form::kAll;
    presence.rows = presence.count = rows;
    if (!values.emplace<ByteSequence>().Parse(&in, rows * lanes, &end) ||
        !ParseLanes(&in, rows, lanes, &end, &extras))
      return false;
  } else {
    if (!in.Little(&parts) || (parts & ~kKnownParts) != 0 || !presence.Parse(&in, rows, &end)) return false;
    const uint32_t cells = presence.count;
    if ((parts & kIsBytes) != 0 ? !values.emplace<ByteSequence>().Parse(&in, cells, &end)
                                : !values.emplace<WordSequence>().Parse(&in, cells, &end)) {
      return false;
    }
    if ((parts & kHasExtras) != 0) {
      std::vector<Extras> parsed(1);
      if (!ParseExtras(&in, parts, cells, &end, &parsed[0])) return false;
      extras = std::make_shared<const std::vector<Extras>>(std::move(parsed));
    }
  }
  section = in.rest().data();
  return end == in.remaining();
}

void PendingColumn::Start(ColumnId id, TypeKind kind, uint8_t word_bytes) {
  id_ = id;
  kind_ = kind;
  word_bytes_ = word_bytes;
  cell_count_ = 0;
  dense_ = true;
  rows_.clear();
  words_.clear();
  bytes_.Clear();
  times_ = TimeBounds();
  has_plain_cell_ = false;
  flags_.Clear();
  timestamps_.Clear();
  expiries_.Clear();
}

void PendingColumn::Append(const RowBatch& batch, const ColumnVector& column, uint32_t begin, uint32_t end,
                           uint32_t first_row) {
  const bool plain = column.timestamps == nullptr && column.expiries == nullptr && column.flags == nullptr;
  if (dense_ && (first_row != cell_count_ || column.present != nullptr)) {
    dense_ = false;
    rows_.resize(cell_count_);
    std::iota(rows_.begin(), rows_.end(), uint64_t{0});
  }
  if (column.present == nullptr) {
    if (!dense_) {
      for (uint32_t row = begin; row < end; ++row) rows_.push_back(first_row + (row - begin));
    }
    if (plain) return AppendDense(column, begin, end);
    for (uint32_t row = begin; row < end; ++row) AddCell(batch, column, row);
    return;
  }
  ForEachBit(column.present, begin, end, [&](size_t row) {
    rows_.push_back(first_row + (row - begin));
    AddCell(batch, column, static_cast<uint32_t>(row));
  });
}

void PendingColumn::AppendDense(const ColumnVector& column, uint32_t begin, uint32_t end) {
  if (word_bytes_ != 0) {
    const size_t size = words_.size();
    words_.resize(size + (end - begin));
    uint64_t* out = words_.data() + size;
    for (uint32_t row = begin; row < end; ++row) out[row - begin] = SignExtended(kind_, column.words[row]);
  } else {
    for (uint32_t row = begin; row < end; ++row) bytes_.Add(column.bytes[row]);
  }
  cell_count_ += end - begin;
  has_plain_cell_ = true;
}

void PendingColumn::AddCell(const RowBatch& batch, const ColumnVector& column, uint32_t row) {
  const uint8_t flags = column.flags == nullptr ? 0 : column.flags[row];
  const uint32_t cell = cell_count_++;
  if (word_bytes_ != 0) {
    words_.push_back(flags != 0 ? 0 : SignExtended(kind_, column.words[row]));
  } else {
    bytes_.Add((flags & cell_flags::kNoValue) != 0 ? std::string_view() : column.bytes[row]);
  }
  if (flags != 0) flags_.Add(cell, flags);
  const int64_t row_expiry = batch.RowExpiry(row);
  const int64_t timestamp = column.timestamps == nullptr ? batch.timestamps[row] : column.timestamps[row];
  const int64_t expiry = column.expiries == nullptr ? row_expiry : column.expiries[row];
  const bool own_timestamp = timestamp != batch.timestamps[row];
  if (own_timestamp) timestamps_.Add(cell, static_cast<uint64_t>(timestamp));
  if (expiry != row_expiry) expiries_.Add(cell, static_cast<uint64_t>(expiry));
  if ((flags & cell_flags::kComplex) != 0) {
    times_.Add(SummaryOf(batch.CellAt(column, row)).times);
  } else if ((flags & cell_flags::kTombstone) != 0) {
    times_.AddDeletion({timestamp, expiry});
  } else if (own_timestamp || expiry != row_expiry) {
    times_.AddWrite(timestamp, expiry);
  } else {
    has_plain_cell_ = true;
  }
}

ColumnZone PendingColumn::Zone(uint32_t row_count) const {
  ColumnZone zone;
  zone.id = id_;
  zone.is_word = word_bytes_ != 0;
  zone.known = true;
  zone.null_count = row_count - cell_count_;
  for (const uint64_t flags : flags_.values) {
    if ((flags & cell_flags::kTombstone) != 0) {
      ++zone.null_count;
    } else if (zone.is_word || (flags & cell_flags::kComplex) != 0) {
      zone.known = false;  // an empty word has no place among the others, nor have many values in one cell
    }
  }
  if (!zone.known || zone.null_count == row_count) return zone;
  if (zone.is_word) {
    ZoneOfWords(&zone);
  } else {
    ZoneOfBytes(&zone);
  }
  return zone;
}

void PendingColumn::ZoneOfWords(ColumnZone* zone) const {
  const bool integers = NumbersOf(kind_) == NumberKind::kInteger;
  int64_t low = std::numeric_limits<int64_t>::max();
  int64_t high = std::numeric_limits<int64_t>::min();
  double number_low = std::numeric_limits<double>::infinity();
  double number_high = -number_low;
  size_t flagged = 0;
  for (uint32_t cell = 0; cell < cell_count_; ++cell) {
    if (flagged < flags_.at.size() && flags_.at[flagged] == cell) {
      ++flagged;
    } else if (integers) {
      const int64_t value = WordToOrdered(kind_, words_[cell]);
      low = std::min(low, value);
      high = std::max(high, value);
    } else {
      const double value = NumberOf(kind_, words_[cell]);
      if (std::isnan(value)) zone->known = false;
      number_low = std::min(number_low, value);
      number_high = std::max(number_high, value);
    }
  }
  // Both zeros are equal: a zone that ends in one includes the other, however its bits are compared.
  zone->word_min = integers ? low : BitsOf(kind_, number_low == 0 ? -0.0 : number_low);
  zone->word_max = integers ? high : BitsOf(kind_, number_high == 0 ? 0.0 : number_high);
}

void PendingColumn::ZoneOfBytes(ColumnZone* zone) const {
  std::string_view low;
  std::string_view high;
  bool any = false;
  size_t flagged = 0;
  for (uint32_t cell = 0; cell < cell_count_; ++cell) {
    std::string_view value = bytes_[cell];
    if (flagged < flags_.at.size() && flags_.at[flagged] == cell) {
      // A tombstone; or an empty value, which is the least of all; or a blob, of which the beginning is
      // known. That it goes on after that is what rounding up is for: the beginning is longer than what zones
      // keep.
      const uint64_t flags = flags_.values[flagged++];
      if ((flags & cell_flags::kTombstone) != 0) continue;
      if ((flags & cell_flags::kBlob) != 0) value = PrefixOfBlob(value);
    }
    if (!any || value < low) low = value;
    if (!any || value > high) high = value;
    any = true;
  }
  const auto apart = std::mismatch(low.begin(), low.end(), high.begin(), high.end()).first;
  const size_t bytes = std::min(static_cast<size_t>(apart - low.begin()) + kZoneBytesApart, kZoneBytesMax);
  zone->bytes_min = low.substr(0, bytes);
  zone->bytes_max = RoundedUp(high, bytes);
  if (zone->bytes_max.empty()) zone->bytes_max = RoundedUp(high, kZoneBytesMax);
  if (zone->bytes_max.empty() && !high.empty()) zone->known = false;
}

void ColumnWriter::FillFlagged(PendingColumn* column) {
  // Tombstones and empty cells have no value: they repeat their neighbour's, so that they cost nothing.
  const std::vector<uint64_t>& flagged = column->flags_.at;
  std::vector<uint64_t>& words = column->words_;
  size_t first = 0;
  while (first < flagged.size() && flagged[first] == first) ++first;
  if (first < words.size()) std::fill_n(words.begin(), first, words[first]);
  for (size_t i = first; i < flagged.size(); ++i) words[flagged[i]] = words[flagged[i] - 1];
}

uint8_t ColumnWriter::ExtrasWriter::Plan(const PendingColumn& column) {
  parts_ = 0;
  if (!column.flags_.at.empty()) parts_ |= kHasFlags;
  if (!column.timestamps_.at.empty()) parts_ |= kHasTimestamps;
  if (!column.expiries_.at.empty()) parts_ |= kHasExpiries;
  flags_.Plan(column.flags_, column.cell_count_);
  timestamps_.Plan(column.timestamps_, column.cell_count_);
  expiries_.Plan(column.expiries_, column.cell_count_);
  return parts_;
}

void ColumnWriter::ExtrasWriter::AppendDescriptors(std::string* out) const {
  if ((parts_ & kHasFlags) != 0) flags_.AppendDescriptor(out);
  if ((parts_ & kHasTimestamps) != 0) timestamps_.AppendDescriptor(out);
  if ((parts_ & kHasExpiries) != 0) expiries_.AppendDescriptor(out);
}

void ColumnWriter::ExtrasWriter::AppendPayloads(SectionBuffer* out) const {
  if ((parts_ & kHasFlags) != 0) flags_.AppendPayload(out);
  if ((parts_ & kHasTimestamps) != 0) timestamps_.AppendPayload(out);
  if ((parts_ & kHasExpiries) != 0) expiries_.AppendPayload(out);
}

uint8_t ColumnWriter::Append(PendingColumn& column, uint32_t row_count, SectionBuffer* out) {
  const bool is_word = column.word_bytes_ != 0;
  if (column.dense_) {
    column.rows_.resize(column.cell_count_);
    std::iota(column.rows_.begin(), column.rows_.end(), uint64_t{0});
  }
  presence_.Plan(column.rows_, row_count);
  if (is_word) {
    FillFlagged(&column);
    words_.Plan(column.words_, NumbersOf(column.kind_));
  } else {
    bytes_.Plan(column.bytes_);
  }
  extras_.resize(std::max<size_t>(extras_.size(), 1));
  const uint8_t parts = extras_[0].Plan(column);
  out->bytes.push_back(static_cast<char>(parts | (is_word ? 0 : kIsBytes)));
  presence_.AppendDescriptor(&out->bytes);
  is_word ? words_.AppendDescriptor(&out->bytes) : bytes_.AppendDescriptor(&out->bytes);
  extras_[0].AppendDescriptors(&out->bytes);
  presence_.AppendPayload(out);
  is_word ? words_.AppendPayload(out) : bytes_.AppendPayload(out);
  extras_[0].AppendPayloads(out);
  if (is_word) return EncodingNumber(words_.sequence());
  return bytes_.dictionary() ? kEncodingByteDictionary : kEncodingBytes;
}

bool ColumnWriter::IsLane(const PendingColumn& column, uint32_t row_count) {
  if (column.word_bytes_ != 0 || !column.dense_ || column.cell_count_ != row_count) return false;
  if (column.bytes_.bytes.size() < kLaneBytesMin * row_count || !IsNoise(column.bytes_.bytes)) return false;
  bytes_.Plan(column.bytes_);
  return !bytes_.dictionary();
}

void ColumnWriter::AppendBundle(std::span<PendingColumn* const> columns, uint32_t row_count,
                                SectionBuffer* out) {
  bundle_.Clear();
  for (uint32_t row = 0; row < row_count; ++row) {
    for (const PendingColumn* column : columns) bundle_.Add(column->bytes_[row]);
  }
  bytes_.Plan(bundle_);
  bytes_.AppendDescriptor(&out->bytes);
  extras_.resize(std::max(extras_.size(), columns.size()));
  for (size_t lane = 0; lane < columns.size(); ++lane) {
    out->bytes.push_back(static_cast<char>(extras_[lane].Plan(*columns[lane])));
    extras_[lane].AppendDescriptors(&out->bytes);
  }
  bytes_.AppendPayload(out);
  for (size_t lane = 0; lane < columns.size(); ++lane) extras_[lane].AppendPayloads(out);
}

}  // namespace stoa
