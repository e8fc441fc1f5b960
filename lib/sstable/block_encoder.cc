#include "sstable/block_encoder.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/coding.h"
#include "base/status_macros.h"
#include "sstable/block_format.h"

namespace stoa {
namespace {

using Shape = ClusteringComponent::Shape;

/// Columns share a section until it has so many bytes.
constexpr size_t kColumnSectionBytes = 4 << 10;
/// Such a column gets a section of its own, so that nobody loads it for the sake of a small one.
constexpr size_t kBigColumnBytes = 64 << 10;

struct Extent {
  int64_t low = std::numeric_limits<int64_t>::max();
  int64_t high = std::numeric_limits<int64_t>::min();
  explicit Extent(const std::vector<uint64_t>& values) {
    for (const uint64_t value : values) {
      low = std::min(low, static_cast<int64_t>(value));
      high = std::max(high, static_cast<int64_t>(value));
    }
  }
};

void AddDeletions(const PendingDeletions& deletions, TimeBounds* times) {
  for (size_t i = 0; i < deletions.at.size(); ++i) {
    times->AddDeletion(
        {static_cast<int64_t>(deletions.timestamps[i]), static_cast<int64_t>(deletions.local_times[i])});
  }
}

TimeBounds TimesOf(const PendingBlock& block, const std::vector<PendingColumn*>& columns) {
  TimeBounds times;
  times.AddDeletion(block.open_before);
  AddDeletions(block.partition_deletions, &times);
  AddDeletions(block.change_deletions, &times);
  AddDeletions(block.deletions, &times);
  // What has the timestamp and expiry of its row: the marker, and cells that say nothing else.
  bool plain = block.flags.at.size() < block.row_count ||
               std::any_of(block.flags.values.begin(), block.flags.values.end(),
                           [](uint64_t flags) { return (flags & row_flags::kMarker) != 0; });
  for (const PendingColumn* column : columns) {
    times.Add(column->times());
    plain |= column->has_plain_cell();
  }
  if (block.timestamps.at.empty()) return times;
  const Extent timestamps(block.timestamps.values);
  times.min_timestamp = std::min(times.min_timestamp, timestamps.low);
  times.max_timestamp = std::max(times.max_timestamp, timestamps.high);
  if (!plain) return times;
  if (block.expiries.at.size() < block.row_count) times.AddWrite(timestamps.low, kNoExpiry);
  if (!block.expiries.at.empty()) {
    const Extent expiries(block.expiries.values);
    times.AddWrite(timestamps.low, expiries.low);
    times.AddWrite(timestamps.low, expiries.high);
  }
  return times;
}

bool IsClean(const PendingBlock& block, const TimeBounds& times) {
  return !times.has_tombstones && !times.has_expiring && block.flags.at.empty() &&
         block.expiries.at.empty() && block.change_rows.empty();
}

}  // namespace

BlockEncoder::BlockEncoder(const BlockLayout* layout, int compression_level)
    : compressor_(compression_level), clustering_(std::max<size_t>(layout->clustering.size(), 1)) {}

SectionBuffer& BlockEncoder::NewSection() {
  if (section_count_ == sections_.size()) sections_.emplace_back();
  sections_[section_count_].Clear();
  return sections_[section_count_++];
}

void BlockEncoder::PlanKeys(const PendingBlock& block) {
  const auto runs = static_cast<uint32_t>(block.runs.size());
  const auto changes = static_cast<uint32_t>(block.change_rows.size());
  partition_keys_.Plan(block.runs);
  first_rows_.Plan(block.first_rows);
  partition_deletions_.Plan(block.partition_deletions, runs);
  change_runs_.Plan(block.change_runs);
  change_rows_.Plan(block.change_rows);
  change_bounds_.Plan(block.change_bounds);
  change_deletions_.Plan(block.change_deletions, changes);
  components_ = block.components;
  for (size_t i = 0; i < components_->size(); ++i) {
    clustering_[i].high.Plan(block.clustering[i].high);
    clustering_[i].low.Plan(block.clustering[i].low);
    clustering_[i].strings.Plan(block.clustering[i].strings);
  }
  timestamps_.Plan(block.timestamps, block.row_count);
  flags_.Plan(block.flags, block.row_count);
  expiries_.Plan(block.expiries, block.row_count);
  deletions_.Plan(block.deletions, block.row_count);
}

void BlockEncoder::AppendKeyDescriptors(std::string* out) const {
  partition_keys_.AppendDescriptor(out);
  first_rows_.AppendDescriptor(out);
  partition_deletions_.AppendDescriptor(out);
  if (change_rows_.sequence().count != 0) {
    change_runs_.AppendDescriptor(out);
    change_rows_.AppendDescriptor(out);
    change_bounds_.AppendDescriptor(out);
    change_deletions_.AppendDescriptor(out);
  }
  for (size_t i = 0; i < components_->size(); ++i) {
    const ClusteringComponent& component = (*components_)[i];
    if (component.shape != Shape::kFixed) {
      clustering_[i].strings.AppendDescriptor(out);
    } else {
      if (component.bytes > kHighBytes) clustering_[i].high.AppendDescriptor(out);
      clustering_[i].low.AppendDescriptor(out);
    }
  }
}

void BlockEncoder::AppendKeyPayloads(SectionBuffer* out) const {
  partition_keys_.AppendPayload(out);
  first_rows_.AppendPayload(out);
  partition_deletions_.AppendPayload(out);
  if (change_rows_.sequence().count != 0) {
    change_runs_.AppendPayload(out);
    change_rows_.AppendPayload(out);
    change_bounds_.AppendPayload(out);
    change_deletions_.AppendPayload(out);
  }
  for (size_t i = 0; i < components_->size(); ++i) {
    const ClusteringComponent& component = (*components_)[i];
    if (component.shape != Shape::kFixed) {
      clustering_[i].strings.AppendPayload(out);
    } else {
      if (component.bytes > kHighBytes) clustering_[i].high.AppendPayload(out);
      clustering_[i].low.AppendPayload(out);
    }
  }
}

/// How many of `columns`, from the first on, make a bundle; 1 when the first stays by itself.
size_t BlockEncoder::CountLanes(std::span<PendingColumn* const> columns, uint32_t row_count) {
  if (columns.size() < 2) return 1;
  size_t lanes = 0;
  size_t value_bytes = 0;
  for (const PendingColumn* column : columns) {
    value_bytes += column->value_bytes();
    if (value_bytes >= kBigColumnBytes || !column_.IsLane(*column, row_count)) break;
    ++lanes;
  }
  return std::max<size_t>(lanes, 1);
}

void BlockEncoder::EncodeColumns(PendingBlock& block, BuiltBlock* built) {
  columns_in_section_.clear();
  size_t section_bytes = kColumnSectionBytes;
  const std::vector<PendingColumn*> columns = block.SortedColumns();
  for (size_t first = 0, lanes = 0; first < columns.size(); first += lanes) {
    lanes = CountLanes(std::span(columns).subspan(first), block.row_count);
    if (section_bytes >= kColumnSectionBytes || columns[first]->value_bytes() >= kBigColumnBytes) {
      NewSection();
      columns_in_section_.push_back(0);
    }
    SectionBuffer& section = sections_[section_count_ - 1];
    const size_t before = section.bytes.size();
    const std::span together = std::span(columns).subspan(first, lanes);
    uint8_t encoding = kEncodingBundle;
    if (lanes == 1) {
      encoding = column_.Append(*columns[first], block.row_count, &section);
    } else {
      column_.AppendBundle(together, block.row_count, &section);
    }
    section_bytes = section.bytes.size();
    for (const PendingColumn* column : together) {
      built->zones.push_back(column->Zone(block.row_count));
      ++columns_in_section_.back();
      built->column_bytes.push_back({column->id(), encoding, static_cast<uint32_t>(section_bytes - before),
                                     static_cast<uint16_t>(lanes)});
    }
  }
}

absl::Status BlockEncoder::CompressSections(BuiltBlock* built) {
  raw_bytes_ = 0;
  for (size_t i = 0; i < section_count_; ++i) {
    raw_bytes_ += sections_[i].bytes.size();
    STOA_ASSIGN_OR_RETURN(BlockSection section, compressor_.Compress(std::move(sections_[i])));
    built->sections.push_back(std::move(section));
  }
  return absl::OkStatus();
}

absl::Status BlockEncoder::AppendDirectory(const BuiltBlock& built, std::string* header) {
  SectionBuffer directory;
  size_t column = 1;  // 0 is keys and liveness
  ColumnId last = 0;
  for (const uint32_t count : columns_in_section_) {
    AppendVarint(&directory.bytes, count);
    uint32_t lane = 0;
    for (uint32_t i = 0; i < count; ++i, ++column) {
      const BuiltBlock::ColumnBytes& entry = built.column_bytes[column];
      AppendVarint(&directory.bytes, entry.id - last);
      last = entry.id;
      if (lane == 0) {
        directory.bytes.push_back(static_cast<char>(entry.encoding));
        AppendVarint(&directory.bytes, entry.bytes);
        if (entry.lanes > 1) AppendVarint(&directory.bytes, entry.lanes);
      }
      if (++lane == entry.lanes) lane = 0;
    }
  }
  AppendVarint(header, built.column_bytes.size() - 1);
  BlockSection packed;
  if (directory.bytes.size() >= kPackedDirectoryBytesMin) {
    STOA_ASSIGN_OR_RETURN(packed, compressor_.Compress(SectionBuffer(directory)));
  }
  if (packed.codec == SectionCodec::kZstd) {
    (*header)[0] = static_cast<char>((*header)[0] | block_flags::kPackedDirectory);
    AppendVarint(header, directory.bytes.size());
    AppendLengthPrefixed(header, packed.payload);
  } else {
    AppendLengthPrefixed(header, directory.bytes);
  }
  return absl::OkStatus();
}

absl::Status BlockEncoder::AppendHeader(const PendingBlock& block, bool has_liveness, BuiltBlock* built) {
  uint8_t flags = 0;
  if (IsClean(block, built->times)) flags |= block_flags::kClean;
  if (block.first_starts) flags |= block_flags::kFirstStarts;
  if (has_liveness) flags |= block_flags::kHasLiveness;
  if (!block.open_before.live()) flags |= block_flags::kOpenBefore;
  if (block.keys_are_whole()) flags |= block_flags::kWholeKeys;
  std::string& header = built->header;
  header.push_back(static_cast<char>(flags));
  AppendVarint(&header, block.row_count);
  AppendVarint(&header, block.runs.size());
  AppendVarint(&header, block.change_rows.size());
  AppendVarint(&header, ZigZag(built->times.min_timestamp));
  AppendVarint(&header, static_cast<uint64_t>(built->times.max_timestamp) -
                            static_cast<uint64_t>(built->times.min_timestamp));
  if (!block.open_before.live()) {
    AppendVarint(&header, ZigZag(block.open_before.timestamp));
    AppendVarint(&header, ZigZag(block.open_before.local_time));
  }
  AppendVarint(&header, built->sections.size());
  for (const BlockSection& section : built->sections) {
    header.push_back(static_cast<char>(section.codec));
    AppendVarint(&header, section.raw_bytes);
    if (section.codec == SectionCodec::kZstd) AppendVarint(&header, section.payload.size());
  }
  AppendKeyDescriptors(&header);
  timestamps_.AppendDescriptor(&header);
  flags_.AppendDescriptor(&header);
  expiries_.AppendDescriptor(&header);
  deletions_.AppendDescriptor(&header);
  return AppendDirectory(*built, &header);
}

absl::StatusOr<BuiltBlock> BlockEncoder::Encode(PendingBlock& block) {
  BuiltBlock built;
  built.row_count = block.row_count;
  built.partition_starts = block.partition_starts;
  built.times = TimesOf(block, block.SortedColumns());
  built.first = block.first;
  built.last = Position(PositionView{block.tokens.back(), block.runs.back(), block.last_clustering});
  built.open_before = block.open_before;
  built.open_after = block.open_after;
  built.tokens = block.tokens;

  section_count_ = 0;
  PlanKeys(block);
  AppendKeyPayloads(&NewSection());
  SectionBuffer& liveness = NewSection();
  timestamps_.AppendPayload(&liveness);
  flags_.AppendPayload(&liveness);
  expiries_.AppendPayload(&liveness);
  deletions_.AppendPayload(&liveness);
  const bool has_liveness = !liveness.bytes.empty();
  if (!has_liveness) --section_count_;
  uint32_t key_bytes = 0;
  for (size_t i = 0; i < section_count_; ++i) key_bytes += static_cast<uint32_t>(sections_[i].bytes.size());
  built.column_bytes.push_back({0, 0, key_bytes});
  EncodeColumns(block, &built);
  STOA_RETURN_IF_ERROR(CompressSections(&built));

  STOA_RETURN_IF_ERROR(AppendHeader(block, has_liveness, &built));
  return built;
}

}  // namespace stoa
