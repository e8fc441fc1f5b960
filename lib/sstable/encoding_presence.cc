#include "sstable/encoding_presence.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"

namespace stoa {
namespace {

/// The bitmap is followed by the number of bits set before each of its parts.
constexpr uint32_t kPartRows = 512;
/// Bits of more rows cannot be counted in 16 bits.
constexpr uint32_t kBitmapRowsMax = 32768;

uint64_t BitmapBytes(uint32_t rows) { return (uint64_t{rows} + 63) / 64 * 8; }
uint64_t PartCount(uint32_t rows) { return (uint64_t{rows} + kPartRows - 1) / kPartRows; }

}  // namespace

bool Presence::Parse(Decoder* in, uint32_t row_count, uint64_t* payload_end) {
  uint8_t head = 0;
  if (!in->Little(&head) || head > static_cast<uint8_t>(Form::kList)) return false;
  form = static_cast<Form>(head);
  rows = row_count;
  count = form == Form::kAll ? rows : 0;
  if (form != Form::kBitmap && form != Form::kList) return true;
  if (!in->Varint(&count) || count == 0 || count >= rows) return false;
  if (form == Form::kList) {
    auto parsed = std::make_shared<WordSequence>();
    if (!parsed->Parse(in, count, payload_end)) return false;
    list = std::move(parsed);
    return true;
  }
  if (rows > kBitmapRowsMax || *payload_end > ~uint32_t{0}) return false;
  offset = static_cast<uint32_t>(*payload_end);
  *payload_end += BitmapBytes(rows) + 2 * PartCount(rows);
  return true;
}

uint32_t Presence::Rank(const char* section, uint32_t row) const {
  const uint32_t part = row / kPartRows;
  uint32_t rank = LoadLittle<uint16_t>(section + offset + BitmapBytes(rows) + 2 * part);
  const uint32_t last = row / 64;
  for (uint32_t i = part * (kPartRows / 64); i < last; ++i) {
    rank += static_cast<uint32_t>(std::popcount(BitWord(section, i)));
  }
  const uint64_t below = BitWord(section, last) & ((uint64_t{1} << (row % 64)) - 1);
  return rank + static_cast<uint32_t>(std::popcount(below));
}

Presence::Found Presence::FindSlow(const char* section, uint32_t row, uint32_t* ordinal) const {
  STOA_DCHECK(row < rows);
  if (form == Form::kList) {
    *ordinal = list->LowerBound(section, 0, count, row);
    return *ordinal < count && list->Get(section, *ordinal) == row ? Found::kPresent : Found::kAbsent;
  }
  if ((BitWord(section, row / 64) >> (row % 64) & 1) == 0) return Found::kAbsent;
  *ordinal = Rank(section, row);
  return *ordinal < count ? Found::kPresent : Found::kDamaged;
}

bool Presence::Rows(const char* section, uint32_t begin, uint32_t end, uint32_t* first_ordinal,
                    std::vector<uint32_t>* out) const {
  STOA_DCHECK(form != Form::kAll && begin <= end && end <= rows);
  out->clear();
  *first_ordinal = 0;
  if (form == Form::kNone || begin == end) return true;
  if (form == Form::kList) {
    *first_ordinal = list->LowerBound(section, 0, count, begin);
    for (uint32_t k = *first_ordinal; k < count; ++k) {
      const uint64_t row = list->Get(section, k);
      if (row >= end) break;
      if (row < begin + (out->empty() ? 0 : uint64_t{out->back()} + 1)) return false;
      out->push_back(static_cast<uint32_t>(row) - begin);
    }
    return true;
  }
  *first_ordinal = Rank(section, begin);
  for (uint32_t i = begin / 64; i <= (end - 1) / 64; ++i) {
    for (uint64_t bits = BitWord(section, i); bits != 0; bits &= bits - 1) {
      const uint32_t row = i * 64 + static_cast<uint32_t>(std::countr_zero(bits));
      if (row >= begin && row < end) out->push_back(row - begin);
    }
  }
  return uint64_t{*first_ordinal} + out->size() <= count;
}

void PresenceWriter::Plan(std::span<const uint64_t> rows_present, uint32_t rows) {
  using Form = Presence::Form;
  present_ = rows_present;
  rows_ = rows;
  if (present_.empty() || present_.size() == rows) {
    form_ = present_.empty() ? Form::kNone : Form::kAll;
  } else if (rows <= kBitmapRowsMax && present_.size() > rows / 16) {
    form_ = Form::kBitmap;
  } else {
    form_ = Form::kList;
    list_.Plan(present_);
  }
}

void PresenceWriter::AppendDescriptor(std::string* out) const {
  out->push_back(static_cast<char>(form_));
  if (form_ == Presence::Form::kNone || form_ == Presence::Form::kAll) return;
  AppendVarint(out, present_.size());
  if (form_ == Presence::Form::kList) list_.AppendDescriptor(out);
}

void PresenceWriter::AppendPayload(SectionBuffer* out) const {
  if (form_ == Presence::Form::kList) list_.AppendPayload(out);
  if (form_ != Presence::Form::kBitmap) return;
  const size_t at = out->bytes.size();
  out->bytes.resize(at + BitmapBytes(rows_) + 2 * PartCount(rows_));
  char* bits = out->bytes.data() + at;
  for (const uint64_t row : present_) bits[row / 8] = static_cast<char>(bits[row / 8] | 1 << (row % 8));
  char* ranks = bits + BitmapBytes(rows_);
  size_t rank = 0;
  for (uint64_t part = 0; part < PartCount(rows_); ++part) {
    while (rank < present_.size() && present_[rank] < part * kPartRows) ++rank;
    StoreLittle(ranks + 2 * part, static_cast<uint16_t>(rank));
  }
}

}  // namespace stoa
