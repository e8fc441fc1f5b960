#include "fuzz/intact.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "base/coding.h"
#include "base/hash.h"
#include "base/strings.h"
#include "fuzz/memory_file.h"
#include "sstable/extent.h"
#include "sstable/statistics.h"
#include "sstable/stored_block.h"
#include "wal/log_format.h"

namespace stoa::fuzz {
namespace {

constexpr size_t kManifestHeaderBytes = 32;
constexpr size_t kManifestRecordHeaderBytes = 16;

/// Parts may be said to lie over each other, as often as there are entries in the index.
constexpr uint64_t kTableBytesMax = 1 << 20;

class TableMender {
 public:
  explicit TableMender(std::string* table) : table_(*table) {}

  void Run() {
    if (table_.size() < kFileHeaderBytes + kFooterBytes) return;
    file_id_ = LoadLittle<uint64_t>(table_.data() + 24);
    StoreLittle(table_.data() + 56, SectionChecksum(std::string_view(table_).substr(0, 56), file_id_, 0));
    const uint64_t footer_at = table_.size() - kFooterBytes;
    char* const footer_bytes = table_.data() + footer_at;
    StoreLittle<uint64_t>(footer_bytes + 32, table_.size());
    StoreLittle(footer_bytes + 40, file_id_);
    StoreLittle(footer_bytes + 48, SectionChecksum({footer_bytes, 48}, file_id_, footer_at));
    const auto footer = DecodeFooter({footer_bytes, kFooterBytes}, table_.size(), file_id_, "fuzz");
    if (!footer.ok()) return;
    file_ =
        std::make_shared<TableFile>(std::make_unique<MemoryFile>(table_), "fuzz", file_id_, table_.size());
    MendParts(*footer);
  }

 private:
  void MendParts(const Footer& footer) {
    if (!MendSection(footer.statistics) || !MendSection(footer.index_root)) return;
    const auto statistics_bytes =
        file_->ReadSection(footer.statistics, SectionKind::kStatistics, cache_.decompressors(), nullptr);
    const auto root_bytes =
        file_->ReadSection(footer.index_root, SectionKind::kIndexRoot, cache_.decompressors(), nullptr);
    if (!statistics_bytes.ok() || !root_bytes.ok()) return;
    const auto statistics = Statistics::Decode(statistics_bytes->view());
    IndexPage root;
    std::string_view bytes = root_bytes->view();
    if (!statistics.ok() || !root.Parse(&bytes).ok()) return;
    for (uint32_t i = 0; i < root.entry_count(); ++i) MendExtent(root.Range(i), statistics->layout);
  }

  void MendExtent(const FileRange& range, const BlockLayout& layout) {
    if (!MendSection(range)) return;
    const auto extent = Extent::Load(*file_, range, &cache_, nullptr);
    if (!extent.ok()) return;
    const IndexPage& page = (*extent)->page();
    for (uint32_t i = 0; i < page.entry_count(); ++i) MendBlock(page.Range(i), layout);
    MendSection((*extent)->filter_range());
    for (uint32_t i = 0; i < (*extent)->zone_count(); ++i) MendSection((*extent)->ZoneRangeOf(i));
  }

  /// False when there is no room for a section.
  bool MendSection(const FileRange& range) {
    char* const section = Claim(range, kSectionHeaderBytes);
    if (section == nullptr) return false;
    StoreLittle(section, SectionChecksum({section + 8, range.bytes - 8}, file_id_, range.offset));
    return true;
  }

  void MendBlock(const FileRange& range, const BlockLayout& layout) {
    char* const block = Claim(range, kBlockFrameBytes);
    if (block == nullptr) return;
    const uint64_t front_bytes = BlockFrontBytes({block, kBlockFrameBytes});
    if (front_bytes > range.bytes) return;
    const uint64_t sections = LoadLittle<uint32_t>(block + 12);
    const uint64_t header_at = kBlockFrameBytes + 8 * sections;
    const auto header = BlockHeader::Parse({block + header_at, front_bytes - header_at}, layout);
    uint64_t at = front_bytes;
    for (size_t i = 0; header.ok() && i < std::min<size_t>(header->sections.size(), sections); ++i) {
      const uint64_t size = header->sections[i].stored_bytes;
      if (size > range.bytes - at) break;
      const uint64_t checksum = SectionChecksum({block + at, size}, file_id_, range.offset + at);
      StoreLittle(block + kBlockFrameBytes + 8 * i, checksum);
      at += size;
    }
    StoreLittle(block, SectionChecksum({block + 8, front_bytes - 8}, file_id_, range.offset));
  }

  /// The bytes at `range`; null when they do not lie in the file, are fewer than `bytes_min`, or it has
  /// become too much.
  char* Claim(const FileRange& range, uint64_t bytes_min) {
    if (range.offset > table_.size() || range.bytes > table_.size() - range.offset ||
        range.bytes < bytes_min || range.bytes > left_) {
      return nullptr;
    }
    left_ -= range.bytes;
    return table_.data() + range.offset;
  }

  std::string& table_;
  uint64_t file_id_ = 0;
  uint64_t left_ = kTableBytesMax;
  BlockCache cache_{0};
  std::shared_ptr<const TableFile> file_;
};

}  // namespace

uint64_t MakeSegmentIntact(uint64_t database_id, uint64_t number, std::string* segment) {
  if (segment->size() < kLogSegmentHeaderBytes) return 0;
  LogSegmentHeader header;
  header.database_id = database_id;
  header.number = number;
  char* const bytes = segment->data();
  header.previous_number = LoadLittle<uint64_t>(bytes + 32);
  header.previous_bytes = LoadLittle<uint64_t>(bytes + 40);
  header.previous_chain = LoadLittle<uint64_t>(bytes + 48);
  header.previous_synced_bytes = LoadLittle<uint64_t>(bytes + 56);
  header.after_sequence = LoadLittle<uint64_t>(bytes + 64);
  uint64_t chain = EncodeLogSegmentHeader(header, bytes);
  const uint64_t key = LogSegmentKey(database_id, number);
  for (size_t at = kLogSegmentHeaderBytes; segment->size() - at >= kLogRecordHeaderBytes;) {
    char* const from = bytes + at;
    LogRecordHeader record;
    record.payload_bytes = LoadLittle<uint32_t>(from + 4);
    record.kind = static_cast<LogRecordKind>(from[8]);
    record.synced_bytes = LoadLittle<uint32_t>(from + 12);
    record.sequence = LoadLittle<uint64_t>(from + 16);
    record.timestamp = LoadLittle<int64_t>(from + 24);
    record.now_seconds = LoadLittle<int64_t>(from + 32);
    const size_t payload_at = at + kLogRecordHeaderBytes;
    const std::string_view payload = std::string_view(*segment).substr(payload_at, record.payload_bytes);
    chain = EncodeLogRecordHeader(record, Hash64(payload), chain, key, at, from);
    if (payload.size() < record.payload_bytes) break;
    at = payload_at + payload.size();
  }
  return chain;
}

void MakeManifestIntact(uint64_t number, std::string* manifest) {
  if (manifest->size() < kManifestHeaderBytes) return;
  char* const bytes = manifest->data();
  StoreLittle(bytes + 16, number);
  StoreLittle(bytes + 24, Hash64({bytes, 24}));
  uint64_t chain = Hash64({bytes, kManifestHeaderBytes});
  for (uint64_t at = kManifestHeaderBytes; manifest->size() - at >= kManifestRecordHeaderBytes;) {
    char* const record = bytes + at;
    const auto length = LoadLittle<uint32_t>(record);
    char place[20];
    StoreLittle(place, number);
    StoreLittle(place + 8, at);
    StoreLittle(place + 16, length);
    StoreLittle(record + 4, static_cast<uint32_t>(Hash64({place, sizeof(place)})));
    at += kManifestRecordHeaderBytes;
    if (length > manifest->size() - at) return;
    chain = Hash64({bytes + at, length}, chain);
    StoreLittle(record + 8, chain);
    at += length;
  }
}

void MakeCurrentIntact(std::string* current) {
  current->resize(std::min(current->find(' '), current->size()));
  std::string checksum;
  AppendBig<uint64_t>(&checksum, Hash64(*current));
  *current = StrCat(*current, " ", HexDump(checksum), "\n");
}

void MakeTableIntact(std::string* table) { TableMender(table).Run(); }

}  // namespace stoa::fuzz
