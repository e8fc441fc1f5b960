#include <algorithm>
#include <limits>
#include <utility>

#include "base/coding.h"
#include "base/strings.h"
#include "sstable/block.h"
#include "sstable/block_format.h"
#include "sstable/block_key.h"

namespace stoa {
namespace {

using Shape = ClusteringComponent::Shape;

absl::Status Malformed(std::string_view what) {
  return absl::DataLossError(StrCat("block header: bad ", what));
}

bool ParseCounts(Decoder* in, uint8_t flags, BlockHeader* header) {
  int64_t min_timestamp = 0;
  uint64_t range = 0;
  if (!in->Varint(&header->row_count) || !in->Varint(&header->run_count) ||
      !in->Varint(&header->change_count) || !in->SignedVarint(&min_timestamp) || !in->Varint(&range)) {
    return false;
  }
  header->min_timestamp = min_timestamp;
  header->max_timestamp = static_cast<int64_t>(static_cast<uint64_t>(min_timestamp) + range);
  if ((flags & block_flags::kOpenBefore) != 0 && (!in->SignedVarint(&header->open_before.timestamp) ||
                                                  !in->SignedVarint(&header->open_before.local_time))) {
    return false;
  }
  return header->row_count <= kBlockRowsMax && header->run_count >= 1 &&
         header->run_count <= kBlockElementsMax && header->change_count <= kBlockElementsMax;
}

bool ParseSections(Decoder* in, BlockHeader::Sections* sections) {
  uint64_t count = 0;
  if (!in->Varint(&count) || count > in->remaining() || count > std::numeric_limits<uint16_t>::max())
    return false;
  for (uint64_t i = 0; i < count; ++i) {
    uint8_t codec = 0;
    BlockHeader::Section section{};
    if (!in->Little(&codec) || codec > static_cast<uint8_t>(SectionCodec::kZstd) ||
        !in->Varint(&section.raw_bytes) || section.raw_bytes > kSectionRawBytesMax) {
      return false;
    }
    section.codec = static_cast<SectionCodec>(codec);
    section.stored_bytes = section.raw_bytes;
    if (section.codec == SectionCodec::kZstd && !in->Varint(&section.stored_bytes)) return false;
    sections->push_back(section);
  }
  return true;
}

bool ParseClustering(Decoder* in, const std::vector<ClusteringComponent>& components, uint32_t rows,
                     uint64_t* end, absl::InlinedVector<KeyColumn, 1>* columns) {
  for (const ClusteringComponent& component : components) {
    KeyColumn& column = columns->emplace_back();
    if (component.shape != Shape::kFixed) {
      if (!column.strings.Parse(in, rows, end)) return false;
      continue;
    }
    if (component.bytes > kHighBytes && !column.high.Parse(in, rows, end)) return false;
    if (!column.low.Parse(in, rows, end)) return false;
  }
  return true;
}

bool ParseKeys(Decoder* in, const BlockLayout& layout, BlockHeader* header) {
  KeyParts& keys = header->keys;
  const uint32_t runs = header->run_count;
  const uint32_t changes = header->change_count;
  uint64_t end = 0;
  if (!keys.partition_keys.Parse(in, runs, &end) || !keys.first_rows.Parse(in, runs, &end) ||
      !keys.partition_deletions.Parse(in, runs, &end)) {
    return false;
  }
  if (changes != 0) {
    auto parsed = std::make_shared<ChangeParts>();
    if (!parsed->Parse(in, changes, &end)) return false;
    keys.changes = std::move(parsed);
  }
  // Keys differ, so that many of them take bytes: this bounds what is allocated for them.
  const uint64_t bytes = header->sections[0].raw_bytes;
  return ParseClustering(in, header->Components(layout), header->row_count, &end, &keys.clustering) &&
         end == bytes && runs / 8 <= bytes && changes / 8 <= bytes;
}

bool ParseLiveness(Decoder* in, BlockHeader* header) {
  LivenessParts& liveness = header->liveness;
  const uint32_t rows = header->row_count;
  uint64_t end = 0;
  if (!liveness.timestamps.Parse(in, rows, &end) || !liveness.flags.Parse(in, rows, &end) ||
      !liveness.expiries.Parse(in, rows, &end) || !liveness.deletions.Parse(in, rows, &end)) {
    return false;
  }
  return header->has_liveness ? header->sections.size() > 1 && end == header->sections[1].raw_bytes
                              : end == 0;
}

/// The bytes of the column directory, which are unpacked into `*storage` where necessary.
absl::StatusOr<std::string_view> Directory(Decoder* in, bool packed, std::string* storage) {
  std::string_view bytes;
  if (!packed) {
    if (!in->LengthPrefixed(&bytes)) return Malformed("directory");
    return bytes;
  }
  uint32_t raw_bytes = 0;
  if (!in->Varint(&raw_bytes) || raw_bytes > kDirectoryBytesMax || !in->LengthPrefixed(&bytes)) {
    return Malformed("packed directory");
  }
  storage->resize(raw_bytes);
  if (!SectionDecompressor().Decompress(SectionCodec::kZstd, bytes, raw_bytes, storage->data()).ok()) {
    return Malformed("packed directory");
  }
  return std::string_view(*storage);
}

/// Reads the entry of a column, or of a bundle, which appends up to `columns_max` columns; 0 when it is
/// malformed.
uint64_t ParseEntry(Decoder* in, uint64_t columns_max, BlockHeader::ColumnPlace place,
                    BlockHeader::Columns* columns) {
  ColumnId last = columns->empty() ? 0 : columns->back().id;
  place.lanes = 1;
  for (place.lane = 0; place.lane < place.lanes; ++place.lane) {
    ColumnId delta = 0;
    if (!in->Varint(&delta) || delta == 0 || delta > ~last) return 0;
    place.id = last += delta;
    if (place.lane == 0) {
      if (!in->Little(&place.encoding) || !in->Varint(&place.bytes)) return 0;
      if (place.encoding == kEncodingBundle && (!in->Varint(&place.lanes) || place.lanes < 2)) return 0;
      if (place.lanes > columns_max) return 0;
    }
    columns->push_back(place);
  }
  return place.lanes;
}

/// Reads the entries of `count` columns, which must fill the sections from `first_section` on exactly.
bool ParseDirectory(std::string_view bytes, uint64_t count, size_t first_section, BlockHeader* header) {
  Decoder in(bytes);
  header->columns.reserve(count);
  for (size_t section = first_section; section < header->sections.size(); ++section) {
    uint64_t in_section = 0;
    uint64_t offset = 0;
    if (!in.Varint(&in_section) || in_section == 0 || in_section > count - header->columns.size())
      return false;
    for (uint64_t left = in_section; left > 0;) {
      BlockHeader::ColumnPlace place{};
      place.section = static_cast<uint16_t>(section);
      place.offset = static_cast<uint32_t>(offset);
      const uint64_t parsed = ParseEntry(&in, left, place, &header->columns);
      if (parsed == 0) return false;
      left -= parsed;
      offset += header->columns.back().bytes;
      if (offset > header->sections[section].raw_bytes) return false;
    }
    if (offset != header->sections[section].raw_bytes) return false;
  }
  return in.Done() && header->columns.size() == count;
}

template <typename T, size_t inlined>
size_t AllocatedBytes(const absl::InlinedVector<T, inlined>& list) {
  return list.capacity() > inlined ? list.capacity() * sizeof(T) : 0;
}

}  // namespace

absl::StatusOr<BlockHeader> BlockHeader::Parse(std::string_view bytes, const BlockLayout& layout) {
  BlockHeader header;
  Decoder in(bytes);
  uint8_t flags = 0;
  if (!in.Little(&flags)) return Malformed("size");
  if ((flags & ~block_flags::kKnown) != 0) {
    return absl::DataLossError(StrCat("block header: unknown flags ", flags & ~block_flags::kKnown));
  }
  header.clean = (flags & block_flags::kClean) != 0;
  header.first_starts = (flags & block_flags::kFirstStarts) != 0;
  header.whole_keys = (flags & block_flags::kWholeKeys) != 0;
  header.has_liveness = (flags & block_flags::kHasLiveness) != 0;
  if (!ParseCounts(&in, flags, &header)) return Malformed("counts");
  if (!ParseSections(&in, &header.sections) || header.sections.empty()) return Malformed("sections");
  if (!ParseKeys(&in, layout, &header)) return Malformed("keys");
  if (!ParseLiveness(&in, &header)) return Malformed("liveness");
  uint64_t column_count = 0;
  if (!in.Varint(&column_count) || column_count > kColumnsMax) return Malformed("column count");
  std::string storage;
  const auto directory = Directory(&in, (flags & block_flags::kPackedDirectory) != 0, &storage);
  if (!directory.ok()) return directory.status();
  if (!in.Done() || !ParseDirectory(*directory, column_count, header.has_liveness ? 2 : 1, &header)) {
    return Malformed("directory");
  }
  header.no_coverings =
      header.keys.partition_deletions.at.none() && header.change_count == 0 && header.open_before.live();
  header.only_timestamps = header.liveness.flags.at.none() && header.liveness.expiries.at.none() &&
                           header.liveness.deletions.at.none();
  return header;
}

size_t BlockHeader::memory_bytes() const {
  return sizeof(*this) + AllocatedBytes(sections) + AllocatedBytes(columns) + AllocatedBytes(keys.clustering);
}

}  // namespace stoa
