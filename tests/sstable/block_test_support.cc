#include "sstable/block_test_support.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/status_macros.h"
#include "data/stream_validator.h"
#include "schema/keys.h"
#include "schema/schema_editor.h"
#include "support/row_generator.h"
#include "support/status.h"

namespace stoa::testing {

Table::Table(const TableSchema::Builder& builder)
    : schema(SchemaEditor::Create(1, ValueOf(builder.Build()))),
      layout(BlockLayout::Of(schema)),
      projection(FullProjection(schema)) {}

ContentRow Table::Row(Values clustering, int64_t timestamp) const {
  ContentRow row;
  REQUIRE_OK(AppendClusteringKey(schema, clustering, &row.clustering));
  row.has_marker = true;
  row.marker_timestamp = timestamp;
  return row;
}

ContentPartition Partition(std::string key) {
  ContentPartition partition;
  partition.token = OrderedToken(PartitionToken(key));
  partition.key = std::move(key);
  return partition;
}

void SortPartitions(Content* content) {
  std::sort(content->begin(), content->end(), [](const ContentPartition& a, const ContentPartition& b) {
    return a.token != b.token ? a.token < b.token : a.key < b.key;
  });
}

ContentCell WordCell(uint64_t word, int64_t timestamp) {
  ContentCell cell;
  cell.timestamp = timestamp;
  cell.word = word;
  return cell;
}

ContentCell BytesCell(std::string bytes, int64_t timestamp) {
  ContentCell cell;
  cell.timestamp = timestamp;
  cell.empty = bytes.empty();
  cell.bytes = std::move(bytes);
  return cell;
}

std::string RandomBytes(Random* random, uint64_t size) {
  std::string bytes;
  for (uint64_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(random->Next()));
  return bytes;
}

absl::StatusOr<std::unique_ptr<MemoryBlock>> MemoryBlock::Open(const BuiltBlock& built,
                                                               const BlockLayout& layout) {
  auto block = std::make_unique<MemoryBlock>();
  STOA_ASSIGN_OR_RETURN(block->header, BlockHeader::Parse(built.header, layout));
  if (block->header.sections.size() != built.sections.size())
    return absl::DataLossError("number of sections");
  SectionDecompressor decompressor;
  for (size_t i = 0; i < built.sections.size(); ++i) {
    const BlockHeader::Section& section = block->header.sections[i];
    if (section.stored_bytes != built.sections[i].payload.size())
      return absl::DataLossError("size of a section");
    block->sections.emplace_back(section.raw_bytes);
    STOA_RETURN_IF_ERROR(decompressor.Decompress(section.codec, built.sections[i].payload, section.raw_bytes,
                                                 block->sections.back().data()));
  }
  block->loaded.resize(built.sections.size());
  return block;
}

absl::StatusOr<std::string_view> MemoryBlock::Section(uint32_t number) {
  loaded[number] = true;
  return std::string_view(sections[number].data(), sections[number].size());
}

absl::StatusOr<std::vector<BuiltBlock>> BuildBlocks(RowSource* source, const BlockLayout& layout,
                                                    const Projection& projection, int compression_level) {
  std::vector<BuiltBlock> blocks;
  BlockBuilder builder(&layout, &projection, compression_level);
  RowBatch batch;
  while (true) {
    STOA_ASSIGN_OR_RETURN(const bool more, source->Next(&batch));
    if (!more) break;
    while (true) {
      STOA_ASSIGN_OR_RETURN(const bool all, builder.Add(batch));
      if (all) break;
      STOA_ASSIGN_OR_RETURN(BuiltBlock built, builder.Finish());
      blocks.push_back(std::move(built));
    }
  }
  if (!builder.empty()) {
    STOA_ASSIGN_OR_RETURN(BuiltBlock built, builder.Finish());
    blocks.push_back(std::move(built));
  }
  return blocks;
}

std::vector<BuiltBlock> BlocksOf(const Content& content, const BlockLayout& layout,
                                 const Projection& projection, uint64_t seed, uint32_t batch_rows) {
  ScanSpec spec;
  spec.projection = &projection;
  VectorSourceOptions options;
  options.seed = seed;
  options.batch_rows = batch_rows;
  const std::unique_ptr<RowSource> source = NewVectorSource(content, spec, options);
  return ValueOf(BuildBlocks(source.get(), layout, projection));
}

std::vector<std::unique_ptr<MemoryBlock>> OpenBlocks(const std::vector<BuiltBlock>& built,
                                                     const BlockLayout& layout) {
  std::vector<std::unique_ptr<MemoryBlock>> blocks;
  for (const BuiltBlock& block : built) blocks.push_back(ValueOf(MemoryBlock::Open(block, layout)));
  return blocks;
}

namespace {

class BlockSource final : public RowSource {
 public:
  BlockSource(const std::vector<std::unique_ptr<MemoryBlock>>& blocks, const BlockLayout& layout,
              const Projection& projection, BlockReader::Direction direction, uint32_t rows_max,
              uint64_t seed)
      : blocks_(blocks),
        reader_(&layout, &projection),
        direction_(direction),
        rows_max_(rows_max),
        random_(seed) {}

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    while (true) {
      if (block_ == nullptr) {
        if (opened_ == blocks_.size()) return false;
        block_ = blocks_[forward() ? opened_ : blocks_.size() - 1 - opened_].get();
        ++opened_;
        done_ = 0;
        STOA_RETURN_IF_ERROR(reader_.Open(&block_->header, block_));
      }
      const uint32_t rows = block_->header.row_count;
      uint32_t take = rows - done_;
      if (rows_max_ != 0) take = std::min(take, 1 + static_cast<uint32_t>(random_.Uniform(rows_max_)));
      STOA_RETURN_IF_ERROR(forward() ? reader_.Batch(done_, done_ + take, direction_, batch)
                                     : reader_.Batch(rows - done_ - take, rows - done_, direction_, batch));
      done_ += take;
      if (done_ == rows) block_ = nullptr;
      if (batch->runs.empty()) continue;
      if (!forward() && !started_) {
        runs_.assign(batch->runs.begin(), batch->runs.end());
        runs_[0].starts = started_ = true;
        batch->runs = runs_;
      }
      return true;
    }
  }

  absl::Status SkipTo(const PositionView&) override { return absl::UnimplementedError("SkipTo"); }

 private:
  bool forward() const { return direction_ == BlockReader::Direction::kForward; }

  const std::vector<std::unique_ptr<MemoryBlock>>& blocks_;
  BlockReader reader_;
  const BlockReader::Direction direction_;
  const uint32_t rows_max_;
  Random random_;
  size_t opened_ = 0;
  MemoryBlock* block_ = nullptr;
  uint32_t done_ = 0;
  bool started_ = false;
  std::vector<PartitionRun> runs_;
};

}  // namespace

std::unique_ptr<RowSource> NewBlockSource(const std::vector<std::unique_ptr<MemoryBlock>>& blocks,
                                          const BlockLayout& layout, const Projection& projection,
                                          BlockReader::Direction direction, uint32_t rows_max,
                                          uint64_t seed) {
  return std::make_unique<BlockSource>(blocks, layout, projection, direction, rows_max, seed);
}

absl::StatusOr<Content> ReadBlocks(const std::vector<std::unique_ptr<MemoryBlock>>& blocks,
                                   const BlockLayout& layout, const Projection& projection,
                                   BlockReader::Direction direction, uint32_t rows_max, uint64_t seed) {
  ScanSpec spec;
  spec.projection = &projection;
  spec.reverse = direction == BlockReader::Direction::kReverse;
  const std::unique_ptr<RowSource> source =
      NewStreamValidator(NewBlockSource(blocks, layout, projection, direction, rows_max, seed), spec);
  return ReadContent(source.get(), spec);
}

}  // namespace stoa::testing
