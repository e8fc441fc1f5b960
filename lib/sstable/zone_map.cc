#include "sstable/zone_map.h"

#include <algorithm>
#include <bit>

#include "base/status_macros.h"
#include "types/type_rules.h"

namespace stoa {
namespace {

/// A zone that takes at least this part of the range is about as wide.
constexpr double kWide = 0.875;

bool IsWord(TypeKind kind) { return DataType(kind).is_word(); }

/// The number that an ordered word of a floating-point type stands for.
double ToNumber(TypeKind kind, int64_t ordered) {
  if (kind == TypeKind::kFloat) return double{std::bit_cast<float>(static_cast<uint32_t>(ordered))};
  return std::bit_cast<double>(ordered);
}

bool WordLess(TypeKind kind, int64_t a, int64_t b) {
  return IsFloating(kind) ? ToNumber(kind, a) < ToNumber(kind, b) : a < b;
}

/// Bytes as a number: the eight that follow the first `skip`.
double BytesAsNumber(std::string_view bytes, size_t skip) {
  char padded[8] = {};
  if (bytes.size() > skip) bytes.substr(skip).copy(padded, sizeof(padded));
  return static_cast<double>(LoadBig<uint64_t>(padded));
}

/// Whether a zone of byte strings is about as wide as `range`, which contains it.
bool IsWide(const ZoneView& zone, const ZoneView& range) {
  const auto apart = std::mismatch(range.bytes_min.begin(), range.bytes_min.end(), range.bytes_max.begin(),
                                   range.bytes_max.end());
  const auto common = static_cast<size_t>(apart.first - range.bytes_min.begin());
  const auto width = [common](const ZoneView& of) {
    return BytesAsNumber(of.bytes_max, common) - BytesAsNumber(of.bytes_min, common);
  };
  return width(zone) >= kWide * width(range);
}

constexpr ZoneView kAnyValue{ZoneState::kAnything, 0, 0, {}, {}};

bool IsState(uint8_t state) { return state <= static_cast<uint8_t>(ZoneState::kRange); }

}  // namespace

std::optional<TypeKind> KindOf(const BlockLayout& layout, ColumnId column) {
  auto it = std::lower_bound(layout.columns.begin(), layout.columns.end(), column,
                             [](const BlockLayout::ColumnType& type, ColumnId id) { return type.id < id; });
  if (it == layout.columns.end() || it->id != column) return std::nullopt;
  return it->kind;
}

bool MayMatch(TypeKind kind, const ZoneView& zone, const ColumnBounds& bounds) {
  if (zone.state != ZoneState::kRange) return zone.state == ZoneState::kAnything;
  if (bounds.is_word != IsWord(kind)) return true;
  if (bounds.is_word) {
    return !WordLess(kind, zone.word_max, bounds.word_low) &&
           !WordLess(kind, bounds.word_high, zone.word_min);
  }
  return zone.bytes_max >= bounds.bytes_low &&
         (!bounds.bytes_high.has_value() || zone.bytes_min <= *bounds.bytes_high);
}

void ZoneRange::Add(TypeKind kind, const ZoneView& zone) {
  if (zone.state == ZoneState::kNothing || state == ZoneState::kAnything) return;
  if (state == ZoneState::kNothing || zone.state == ZoneState::kAnything) {
    state = zone.state;
    word_min = zone.word_min;
    word_max = zone.word_max;
    bytes_min = zone.bytes_min;
    bytes_max = zone.bytes_max;
    return;
  }
  if (WordLess(kind, zone.word_min, word_min)) word_min = zone.word_min;
  if (WordLess(kind, word_max, zone.word_max)) word_max = zone.word_max;
  if (zone.bytes_min < bytes_min) bytes_min = zone.bytes_min;
  if (zone.bytes_max > bytes_max) bytes_max = zone.bytes_max;
}

void ZoneRange::Encode(bool is_word, std::string* out) const {
  AppendLittle(out, static_cast<uint8_t>(state));
  if (is_word) {
    AppendLittle(out, word_min);
    AppendLittle(out, word_max);
    return;
  }
  AppendLittle(out, static_cast<uint32_t>(bytes_min.size()));
  AppendLittle(out, static_cast<uint32_t>(bytes_max.size()));
  out->append(bytes_min);
  out->append(bytes_max);
}

bool ReadZone(Decoder* decoder, bool is_word, ZoneView* zone) {
  uint8_t state = 0;
  if (!decoder->Little(&state) || !IsState(state)) return false;
  zone->state = static_cast<ZoneState>(state);
  if (is_word) return decoder->Little(&zone->word_min) && decoder->Little(&zone->word_max);
  uint32_t min_bytes = 0, max_bytes = 0;
  return decoder->Little(&min_bytes) && decoder->Little(&max_bytes) &&
         decoder->Bytes(min_bytes, &zone->bytes_min) && decoder->Bytes(max_bytes, &zone->bytes_max);
}

ZoneView ViewOf(const ColumnZone& zone, uint32_t row_count) {
  if (zone.null_count == row_count) return {};
  if (!zone.known) return kAnyValue;
  return ZoneView{ZoneState::kRange, zone.word_min, zone.word_max, zone.bytes_min, zone.bytes_max};
}

std::string EncodeZones(TypeKind kind, const ColumnZones& column, const std::vector<uint32_t>& rows) {
  const bool is_word = IsWord(kind);
  ZoneRange range;
  for (const ColumnZones::Zone& zone : column.zones) range.Add(kind, zone.range.view());
  std::vector<ZoneView> views(rows.size());
  std::vector<uint32_t> null_counts = rows;
  for (const ColumnZones::Zone& zone : column.zones) {
    null_counts[zone.entry] = zone.null_count;
    ZoneView& view = views[zone.entry];
    view = zone.range.view();
    if (!is_word && range.state == ZoneState::kRange && IsWide(view, range.view())) view = kAnyValue;
  }

  std::string out, bytes;
  AppendLittle(&out, static_cast<uint32_t>(rows.size()));
  range.Encode(is_word, &out);
  for (const ZoneView& view : views) AppendLittle(&out, static_cast<uint8_t>(view.state));
  for (uint32_t count : null_counts) AppendLittle(&out, count);
  if (is_word) {
    for (const ZoneView& view : views) AppendLittle(&out, view.word_min);
    for (const ZoneView& view : views) AppendLittle(&out, view.word_max);
    return out;
  }
  for (const ZoneView& view : views) {
    bytes.append(view.bytes_min);
    AppendLittle(&out, static_cast<uint32_t>(bytes.size()));
    bytes.append(view.bytes_max);
    AppendLittle(&out, static_cast<uint32_t>(bytes.size()));
  }
  return out + bytes;
}

absl::StatusOr<std::shared_ptr<ZonePage>> ZonePage::Load(const TableFile& file, const FileRange& range,
                                                         TypeKind kind, DecompressorPool& decompressors,
                                                         ReadStats* stats) {
  auto page = std::make_shared<ZonePage>();
  STOA_ASSIGN_OR_RETURN(page->payload_, file.ReadSection(range, SectionKind::kZones, decompressors, stats));
  page->is_word_ = IsWord(kind);
  if (!page->Parse()) return file.Corrupt(range.offset, "malformed zone page");
  return page;
}

bool ZonePage::Parse() {
  Decoder decoder(payload_.view());
  uint32_t entries = 0;
  std::string_view null_counts, ends;
  if (!decoder.Little(&entries) || !ReadZone(&decoder, is_word_, &range_) ||
      !decoder.Bytes(entries, &states_) || !decoder.Bytes(size_t{entries} * 4, &null_counts) ||
      !decoder.Bytes(size_t{entries} * (is_word_ ? 16 : 8), &ends)) {
    return false;
  }
  if (!std::all_of(states_.begin(), states_.end(),
                   [](char state) { return IsState(static_cast<uint8_t>(state)); })) {
    return false;
  }
  null_counts_ = null_counts.data();
  (is_word_ ? words_ : ends_) = ends.data();
  bytes_ = decoder.rest();
  uint32_t end = 0;
  for (size_t i = 0; !is_word_ && i < size_t{entries} * 2; ++i) {
    const auto next = LoadLittle<uint32_t>(ends_ + i * 4);
    if (next < end) return false;
    end = next;
  }
  return end == bytes_.size();
}

ZoneView ZonePage::Zone(uint32_t entry) const {
  ZoneView zone;
  zone.state = static_cast<ZoneState>(states_[entry]);
  if (zone.state == ZoneState::kAnything) return range_;
  if (is_word_) {
    zone.word_min = LoadLittle<int64_t>(words_ + size_t{entry} * 8);
    zone.word_max = LoadLittle<int64_t>(words_ + (states_.size() + entry) * 8);
    return zone;
  }
  const size_t at = size_t{entry} * 2;
  const uint32_t begin = at == 0 ? 0 : LoadLittle<uint32_t>(ends_ + (at - 1) * 4);
  const auto middle = LoadLittle<uint32_t>(ends_ + at * 4);
  const auto end = LoadLittle<uint32_t>(ends_ + (at + 1) * 4);
  zone.bytes_min = bytes_.substr(begin, middle - begin);
  zone.bytes_max = bytes_.substr(middle, end - middle);
  return zone;
}

uint32_t ZonePage::NullCount(uint32_t entry) const {
  return LoadLittle<uint32_t>(null_counts_ + size_t{entry} * 4);
}

}  // namespace stoa
