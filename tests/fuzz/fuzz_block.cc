// Data blocks below their checksums and compression: no bytes do harm, and a block that holds a valid stream,
// built again, holds the same.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "base/coding.h"
#include "data/stream_validator.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/small_database.h"
#include "sstable/block_walk.h"
#include "sstable/stored_block.h"

namespace stoa {
namespace {

/// An input: layout:bytes header:bytes, and then the sections as they are when decompressed.
class InputBlock : public SectionSource {
 public:
  /// False when the input is none.
  bool Open(std::string_view input) {
    Decoder decoder(input);
    std::string_view layout_bytes, header_bytes;
    if (!decoder.LengthPrefixed(&layout_bytes) || !decoder.LengthPrefixed(&header_bytes)) return false;
    auto decoded = BlockLayout::Decode(layout_bytes);
    if (!decoded.ok()) return false;
    layout = *std::move(decoded);
    auto parsed = BlockHeader::Parse(header_bytes, layout);
    STOA_FUZZ_CHECK(parsed.ok() || absl::IsDataLoss(parsed.status()));
    if (!parsed.ok()) return false;
    header = *std::move(parsed);
    for (const BlockHeader::Section& section : header.sections) {
      std::string_view bytes;
      if (!decoder.Bytes(section.raw_bytes, &bytes)) return false;
      // As large as it is, so that reading past the end is noticed.
      sections_.emplace_back(new char[bytes.size()]);
      if (!bytes.empty()) std::memcpy(sections_.back().get(), bytes.data(), bytes.size());
    }
    for (const BlockLayout::ColumnType& column : layout.columns) {
      projection.push_back({column.id, static_cast<uint8_t>(DataType(column.kind).word_bytes())});
    }
    return true;
  }

  absl::StatusOr<std::string_view> Section(uint32_t number) override {
    if (number >= sections_.size()) return absl::DataLossError("no such section");
    return std::string_view(sections_[number].get(), header.sections[number].raw_bytes);
  }

  BlockLayout layout;
  BlockHeader header;
  Projection projection;

 private:
  std::vector<std::unique_ptr<char[]>> sections_;
};

/// The stream of one block.
class OneBlockSource : public RowSource {
 public:
  OneBlockSource(InputBlock* block) : block_(block), reader_(&block->layout, &block->projection) {}

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    if (done_) return false;
    done_ = true;
    absl::Status status = reader_.Open(&block_->header, block_);
    if (status.ok())
      status = reader_.Batch(0, block_->header.row_count, BlockReader::Direction::kForward, batch);
    if (status.ok()) status = batch->EnsureAll();
    if (!status.ok()) return status;
    return true;
  }
  absl::Status SkipTo(const PositionView&) override { return absl::UnimplementedError("SkipTo"); }

 private:
  InputBlock* const block_;
  BlockReader reader_;
  bool done_ = false;
};

/// Appends an input to `out`. `sections` are as stored.
std::string MakeInput(const BlockLayout& layout, std::string_view header_bytes, const BlockHeader& header,
                      const std::vector<std::string_view>& sections) {
  std::string input, layout_bytes;
  layout.Encode(&layout_bytes);
  AppendLengthPrefixed(&input, layout_bytes);
  AppendLengthPrefixed(&input, header_bytes);
  SectionDecompressor decompressor;
  for (size_t i = 0; i < sections.size(); ++i) {
    const BlockHeader::Section& section = header.sections[i];
    std::string raw(section.raw_bytes, '\0');
    STOA_FUZZ_CHECK(decompressor.Decompress(section.codec, sections[i], section.raw_bytes, raw.data()).ok());
    input += raw;
  }
  return input;
}

/// If the block holds a valid stream of which nothing comes before or after: what it says, as a hash.
bool IsWhole(InputBlock* block, uint64_t* hash) {
  ScanSpec spec;
  spec.projection = &block->projection;
  const auto source = NewStreamValidator(std::make_unique<OneBlockSource>(block), spec);
  RowBatch batch;
  const auto first = source->Next(&batch);
  if (!first.ok() || batch.runs.empty() || !batch.runs[0].starts || !batch.open_deletion.live()) return false;
  *hash = testing::TouchBatch(batch, 0);
  return source->Next(&batch).ok();
}

void RoundTrip(InputBlock* block) {
  uint64_t hash = 0;
  if (!IsWhole(block, &hash)) return;
  OneBlockSource source(block);
  RowBatch batch;
  STOA_FUZZ_CHECK(source.Next(&batch).ok());
  BlockBuilder builder(&block->layout, &block->projection, 1, kSectionRawBytesMax);
  const auto taken = builder.Add(batch);
  STOA_FUZZ_CHECK(taken.ok() || absl::IsDataLoss(taken.status()));  // not a clustering key
  if (!taken.ok() || !*taken || builder.empty()) return;            // or larger than a block may be
  const auto built = builder.Finish();
  STOA_FUZZ_CHECK(built.ok());
  const auto header = BlockHeader::Parse(built->header, block->layout);
  STOA_FUZZ_CHECK(header.ok());
  std::vector<std::string_view> sections;
  for (const BlockSection& section : built->sections) sections.push_back(section.payload);
  InputBlock again;
  STOA_FUZZ_CHECK(again.Open(MakeInput(block->layout, built->header, *header, sections)));
  uint64_t hash_again = 0;
  STOA_FUZZ_CHECK(IsWhole(&again, &hash_again));
  STOA_FUZZ_CHECK(hash == hash_again);
}

}  // namespace
}  // namespace stoa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stoa::InputBlock block;
  if (!block.Open({reinterpret_cast<const char*>(data), size})) return 0;
  // Places that mean something in the seeds, and some that mean nothing.
  std::vector<stoa::Position> places(3);
  for (const char c : {'\0', '@', '\xff'}) {
    stoa::Position& place = places.emplace_back();
    place.key = std::string(4, c);
    place.token = stoa::OrderedToken(stoa::PartitionToken(place.key));
    place.clustering = std::string(9, c);
  }
  stoa::BlockReader reader(&block.layout, &block.projection);
  stoa::RowBatch batch;
  if (reader.Open(&block.header, &block).ok() &&
      reader.Batch(0, block.header.row_count, stoa::BlockReader::Direction::kForward, &batch).ok() &&
      !batch.runs.empty()) {
    places[0] = stoa::Position({batch.runs.back().token, batch.runs.back().key, batch.last_clustering});
    places[1] = stoa::Position({batch.runs[0].token, batch.runs[0].key, batch.first_clustering.substr(0, 3)});
  }
  for (const absl::Status& error :
       stoa::testing::WalkBlock(block.header, &block, block.layout, block.projection, places)) {
    STOA_FUZZ_CHECK(absl::IsDataLoss(error));
  }
  stoa::RoundTrip(&block);
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  const stoa::fuzz::SampleTables tables;
  for (const auto& table : tables.samples()) {
    const stoa::TableReader& reader = *table.reader;
    for (uint32_t i = 0; i < reader.root().entry_count(); ++i) {
      const auto extent = reader.GetExtent(i, nullptr);
      STOA_FUZZ_CHECK(extent.ok());
      for (uint32_t j = 0; j < (*extent)->page().entry_count(); ++j) {
        const stoa::FileRange range = (*extent)->page().Range(j);
        auto front = stoa::BlockFront::Decode(reader.file(), range, table.Bytes(range), reader.layout());
        STOA_FUZZ_CHECK(front.ok());
        const stoa::BlockHeader& header = front->header();
        const uint64_t header_at = stoa::kBlockFrameBytes + 8 * header.sections.size();
        uint64_t at = front->bytes();
        std::vector<std::string_view> sections;
        for (const auto& section : header.sections) {
          sections.push_back(table.Bytes(range).substr(at, section.stored_bytes));
          at += section.stored_bytes;
        }
        seeds.push_back(stoa::MakeInput(reader.layout(),
                                        table.Bytes(range).substr(header_at, front->bytes() - header_at),
                                        header, sections));
      }
    }
  }
  return seeds;
}
