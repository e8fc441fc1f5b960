// What a file consists of, for those who want to know where its bytes go.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "sstable/cached_block.h"
#include "sstable/encoding.h"
#include "sstable/extent.h"
#include "sstable/sstable.h"
#include "sstable/table_reader.h"

namespace stoa {
namespace {

using Description = SSTable::Description;

/// Collects the use of each column over all blocks.
class ColumnUses {
 public:
  void Add(const BlockHeader& header, const BlockHeader::ColumnPlace& place) {
    const BlockHeader::Section& section = header.sections[place.section];
    Use& use = uses_[place.id];
    use.column.id = place.id;
    ++use.column.blocks;
    const uint64_t bytes = place.bytes / place.lanes;
    use.column.raw_bytes += bytes;
    if (section.raw_bytes > 0) use.column.stored_bytes += bytes * section.stored_bytes / section.raw_bytes;
    ++use.encodings[std::string(EncodingName(place.encoding))];
  }

  std::vector<Description::ColumnUse> Finish() {
    std::vector<Description::ColumnUse> columns;
    for (auto& [id, use] : uses_) {
      use.column.encodings.assign(use.encodings.begin(), use.encodings.end());
      columns.push_back(std::move(use.column));
    }
    return columns;
  }

 private:
  struct Use {
    Description::ColumnUse column;
    std::map<std::string, uint64_t> encodings;
  };
  std::map<ColumnId, Use> uses_;
};

void AddBlock(const BlockHeader& header, uint64_t block_bytes, Description* description,
              ColumnUses* columns) {
  uint64_t section_bytes = 0;
  size_t first_column_section = header.sections.size();
  for (const BlockHeader::Section& section : header.sections) section_bytes += section.stored_bytes;
  for (const BlockHeader::ColumnPlace& place : header.columns) {
    first_column_section = std::min<size_t>(first_column_section, place.section);
    columns->Add(header, place);
  }
  ++description->blocks;
  description->block_bytes += block_bytes;
  description->block_header_bytes += block_bytes - section_bytes;
  // The keys come first, then the liveness, unless there is nothing to say of it.
  if (first_column_section > 0) description->key_bytes += header.sections[0].stored_bytes;
  if (first_column_section > 1) description->liveness_bytes += header.sections[1].stored_bytes;
}

}  // namespace

absl::StatusOr<Description> SSTable::Describe() const {
  const TableReader& reader = *reader_;
  Description description;
  ColumnUses columns;
  description.index_bytes = reader.root_range().bytes;
  for (uint32_t number = 0; number < reader.root().entry_count(); ++number) {
    STOA_ASSIGN_OR_RETURN(const std::shared_ptr<Extent> extent, reader.GetExtent(number, nullptr));
    description.index_bytes += reader.root().Range(number).bytes;
    description.filter_bytes += extent->filter_range().bytes;
    for (uint32_t i = 0; i < extent->zone_count(); ++i)
      description.zone_bytes += extent->ZoneRangeOf(i).bytes;
    for (uint32_t i = 0; i < extent->page().entry_count(); ++i) {
      const FileRange range = extent->page().Range(i);
      STOA_ASSIGN_OR_RETURN(const std::shared_ptr<CachedBlock> block,
                            reader.GetBlock(range, CacheUse::kLeave, nullptr));
      AddBlock(block->header(), range.bytes, &description, &columns);
    }
  }
  description.columns = columns.Finish();
  return description;
}

}  // namespace stoa
