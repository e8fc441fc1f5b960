// Whole SSTables: as they are, and with every checksum made right. Opened, scanned, read by key and verified,
// no bytes do harm; and where verification finds nothing, every way to read tells the same.
#include <memory>

#include "data/stream_validator.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/intact.h"
#include "fuzz/small_database.h"
#include "support/batch_touch.h"

namespace stoa {
namespace {

constexpr size_t kPointReadsMax = 20;

void CheckError(const absl::Status& status) {
  const bool expected = absl::IsDataLoss(status) || absl::IsUnimplemented(status);
  if (!expected) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  STOA_FUZZ_CHECK(expected);
}

class Table {
 public:
  explicit Table(std::shared_ptr<SSTable> sstable) : sstable_(std::move(sstable)) {
    for (const BlockLayout::ColumnType& column : sstable_->layout().columns) {
      projection_.push_back({column.id, static_cast<uint8_t>(DataType(column.kind).word_bytes())});
    }
  }

  void ReadAll() {
    const absl::Status verified = sstable_->Verify();
    if (!verified.ok()) CheckError(verified);
    if (const auto described = sstable_->Describe(); !described.ok()) CheckError(described.status());
    ScanSpec spec;
    spec.projection = &projection_;
    Require(Scan(spec, verified.ok()), verified);
    if (verified.ok()) STOA_FUZZ_CHECK(rows_ == sstable_->metadata().row_count);
    const uint64_t rows = rows_;
    rows_ = 0;
    // Reverse scans are of one partition.
    spec.reverse = true;
    for (const Position& partition : partitions_) {
      spec.range = {partition, std::nullopt};
      Require(Scan(spec, verified.ok()), verified);
    }
    if (verified.ok() && !too_many_) STOA_FUZZ_CHECK(rows_ == rows);
    PointReadScratch scratch;
    RowMerger merger(&projection_);
    for (const Position& place : places_) {
      scratch.Start(&projection_);
      merger.Start();
      Require(sstable_->GetRow(place.token, place.key, place.clustering, &scratch, &merger, nullptr),
              verified);
    }
    Predicates(verified);
  }

 private:
  /// An error is not for a table in which verification found none.
  static void Require(const absl::Status& status, const absl::Status& verified) {
    if (status.ok()) return;
    CheckError(status);
    STOA_FUZZ_CHECK(!verified.ok());
  }

  absl::Status Scan(const ScanSpec& spec, bool valid) {
    std::unique_ptr<RowSource> source = sstable_->NewSource(spec, nullptr);
    if (valid) source = NewStreamValidator(std::move(source), spec);
    uint64_t batches = 0;
    RowBatch batch;
    while (true) {
      const auto more = source->Next(&batch);
      if (!more.ok()) return more.status();
      if (!*more) return absl::OkStatus();
      if (++batches > 1000) return absl::DataLossError("goes on and on");
      if (absl::Status status = batch.EnsureAll(); !status.ok()) return status;
      hash_ = testing::TouchBatch(batch, hash_);
      rows_ += batch.row_count();
      if (!spec.reverse) Remember(batch);
    }
  }

  void Remember(const RowBatch& batch) {
    for (size_t run = 0; run < batch.runs.size(); ++run) {
      const PositionView partition{batch.runs[run].token, batch.runs[run].key, {}};
      if (partitions_.size() >= kPointReadsMax) {
        too_many_ = true;
        return;
      }
      if (batch.runs[run].starts) partitions_.emplace_back(partition);
      for (uint32_t row = batch.runs[run].first_row; row < batch.RunEnd(run); ++row) {
        if (places_.size() >= kPointReadsMax) break;
        places_.emplace_back(PositionView{partition.token, partition.key, batch.clustering[row]});
      }
    }
  }

  void Predicates(const absl::Status& verified) {
    ScanSpec spec;
    spec.projection = &projection_;
    for (uint32_t index = 0; index < projection_.size() && index < 8; ++index) {
      ColumnBounds bounds;
      bounds.index = index;
      bounds.is_word = projection_[index].word_bytes != 0;
      Require(sstable_->NewSource(spec, nullptr)->NextPossibleMatch(bounds, PositionView{}).status(),
              verified);
    }
  }

  const std::shared_ptr<SSTable> sstable_;
  Projection projection_;
  uint64_t rows_ = 0;
  uint64_t hash_ = 0;
  bool too_many_ = false;
  std::vector<Position> partitions_;
  std::vector<Position> places_;
};

void ReadTable(std::string bytes) {
  SimFileSystem files;
  STOA_FUZZ_CHECK(files.CreateDirectory("t").ok());
  STOA_FUZZ_CHECK(files.WriteFile("t/000001.sst", std::move(bytes)).ok());
  const auto directory = files.OpenDirectory("t");
  STOA_FUZZ_CHECK(directory.ok());
  BlockCache cache(1 << 20);
  auto sstable = SSTable::OpenFile(**directory, "000001.sst", &cache);
  if (!sstable.ok()) return CheckError(sstable.status());
  Table(*std::move(sstable)).ReadAll();
}

}  // namespace
}  // namespace stoa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  stoa::ReadTable(bytes);
  stoa::fuzz::MakeTableIntact(&bytes);
  stoa::ReadTable(std::move(bytes));
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  const stoa::fuzz::SampleTables tables;
  for (const auto& table : tables.samples()) seeds.push_back(table.bytes);
  return seeds;
}
