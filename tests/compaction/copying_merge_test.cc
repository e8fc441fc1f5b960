// Merges that copy blocks.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "compaction/merge_task.h"
#include "read/merge_support.h"
#include "sstable/sstable_fixture.h"
#include "sstable/table_reader.h"
#include "support/catch.h"

namespace stoa::testing {
namespace {

/// Hides where batches are from.
class WithoutOrigin final : public RowSource {
 public:
  explicit WithoutOrigin(std::unique_ptr<RowSource> source) : source_(std::move(source)) {}
  absl::StatusOr<bool> Next(RowBatch* batch) override {
    absl::StatusOr<bool> more = source_->Next(batch);
    batch->origin = nullptr;
    return more;
  }
  absl::Status SkipTo(const PositionView& position) override { return source_->SkipTo(position); }
  void LeaveOut(const CoveredStretch& stretch) override { source_->LeaveOut(stretch); }

 private:
  const std::unique_ptr<RowSource> source_;
};

enum class Copying { kAllowed, kNot };

/// SSTables, and merges of them.
class Merges {
 public:
  explicit Merges(const TableSchema& schema) {
    input_.schema = std::make_shared<const TableSchema>(schema);
    input_.new_file = [this] { return SmallBlocks(++number_, block_bytes_, 600); };
  }

  SSTableFixture& fixture() { return fixture_; }
  MergeTask::Input& input() { return input_; }
  void SetBlockBytes(size_t bytes) { block_bytes_ = bytes; }
  void Add(const Content& content) {
    inputs_.push_back(fixture_.Make(*input_.schema, content, SmallBlocks(++number_, block_bytes_, 600)));
  }
  const std::vector<std::shared_ptr<SSTable>>& inputs() const { return inputs_; }

  std::unique_ptr<MergeTask> Start(Copying copying) {
    std::vector<MergeTask::OpenSource> sources;
    for (const std::shared_ptr<SSTable>& sstable : inputs_) {
      sources.emplace_back([&sstable, copying](const ScanSpec& spec) -> std::unique_ptr<RowSource> {
        auto source = sstable->NewSource(spec, nullptr, CacheUse::kLeave);
        if (copying == Copying::kAllowed) return source;
        return std::make_unique<WithoutOrigin>(std::move(source));
      });
    }
    return ValueOf(MergeTask::Create(fixture_.directory(), input_, sources));
  }

  struct Result {
    std::string content;
    std::vector<SSTableMetadata> outputs;
    uint64_t bytes_copied = 0;
  };
  /// The outputs are verified.
  Result Run(Copying copying) {
    const std::unique_ptr<MergeTask> task = Start(copying);
    while (!ValueOf(task->Step())) {
    }
    Result result{"", task->outputs(), task->bytes_copied()};
    const Projection projection = FullProjection(*input_.schema);
    ScanSpec spec;
    spec.projection = &projection;
    std::vector<Content> read;
    for (const SSTableMetadata& metadata : result.outputs) {
      const auto output = ValueOf(SSTable::Open(fixture_.directory(), metadata, &fixture_.cache()));
      REQUIRE_OK(output->Verify());
      read.push_back(ValueOf(ReadContent(output->NewSource(spec, nullptr).get(), spec)));
    }
    result.content = Dump(MergeOf(read));
    return result;
  }

 private:
  SSTableFixture fixture_;
  MergeTask::Input input_;
  size_t block_bytes_ = 400;
  uint64_t number_ = 0;
  std::vector<std::shared_ptr<SSTable>> inputs_;
};

/// What is in `content`, in `count` pieces, which get stretches of the rows by turns; and the deletions at
/// random.
std::vector<Content> Deal(const Content& content, size_t count, uint64_t stretch, Random* random) {
  std::vector<Content> contents(count);
  uint64_t to = 0;
  for (const ContentPartition& partition : content) {
    std::vector<ContentPartition> pieces(count);
    for (ContentPartition& piece : pieces) {
      piece.token = partition.token;
      piece.key = partition.key;
    }
    pieces[random->Uniform(count)].deletion = partition.deletion;
    for (const ContentRow& row : partition.rows) {
      if (random->OneIn(stretch)) to = random->Uniform(count);
      pieces[to].rows.push_back(row);
    }
    for (const ContentRange& range : partition.ranges) {
      pieces[random->Uniform(count)].ranges.push_back(range);
    }
    for (size_t i = 0; i < count; ++i) contents[i].push_back(pieces[i]);
  }
  return contents;
}

// Goal: whether blocks are copied or encoded anew makes no difference to who reads. Method: random content,
// from plain to full of deletions and expiring cells, dealt out in stretches to files that are merged both
// ways, into one file or many, keeping or purging what may be purged.
TEST_CASE("merges that copy blocks give what others give", "[rule]") {
  uint64_t bytes_copied = 0;
  for (uint64_t seed = 1; seed <= 80; ++seed) {
    INFO("seed " << seed);
    GeneratorOptions options;
    options.partitions = seed % 2 == 0 ? 3 : 400;
    options.rows_per_partition = seed % 2 == 0 ? 400 : 4;
    options.deletion_percent = seed % 4 == 0 ? 25 : seed % 4;
    options.ttl_percent = seed % 5 == 0 ? 15 : 1;
    options.marker_percent = seed % 3 == 0 ? 70 : 100;
    options.complex_columns = seed % 3 == 0 ? 2 : 0;
    options.blobs = seed % 7 == 0;
    options.irregular_percent = seed % 6 == 0 ? 8 : 1;
    RowGenerator generator(seed, options);
    Random& random = generator.random();
    const Content content = generator.NextContent(900);
    Merges merges(generator.schema());
    merges.SetBlockBytes(150 + random.Uniform(400));
    for (const Content& piece : Deal(content, 1 + seed % 4, 10 + random.Uniform(100), &random)) {
      if (RowCount(piece) > 0) merges.Add(piece);
    }
    if (random.OneIn(2)) merges.input().file_bytes_max = 1 + random.Uniform(5000);
    if (random.OneIn(2)) {
      merges.input().purge.now_seconds = 1000;
      merges.input().purge.min_timestamp_outside = [](uint64_t, std::string_view) { return INT64_MAX; };
    }
    const Merges::Result copied = merges.Run(Copying::kAllowed);
    const Merges::Result encoded = merges.Run(Copying::kNot);
    REQUIRE(copied.content == encoded.content);
    CHECK(encoded.bytes_copied == 0);
    bytes_copied += copied.bytes_copied;
  }
  CHECK(bytes_copied > 300'000);
}

// Goal: what files hold at other places is copied, nearly all of it, also where rows are large and blocks
// have few; and where a partition is cut between outputs. Method: rows of one partition in stretches of whole
// blocks by turns, small and large ones.
TEST_CASE("merges copy what lies beside each other") {
  const TableSchema schema = SimpleSchema();
  for (const size_t text_bytes : {5, 500}) {
    for (const uint64_t file_bytes_max : {uint64_t{1}, UINT64_MAX}) {
      Content content = SimpleContent(1, 6000);
      Random random(1);
      for (ContentRow& row : content[0].rows) {
        std::string& text = row.cells[schema.FindColumn("text")->id].bytes;
        for (size_t i = 0; i < text_bytes; ++i) text.push_back(static_cast<char>('a' + random.Uniform(26)));
      }
      std::vector<Content> pieces(3, {ContentPartition{content[0].token, content[0].key, {}, {}, {}}});
      for (size_t i = 0; i < content[0].rows.size(); ++i) {
        pieces[i / 1000 % 3][0].rows.push_back(content[0].rows[i]);
      }
      Merges merges(schema);
      merges.SetBlockBytes(2000);
      for (const Content& piece : pieces) merges.Add(piece);
      merges.input().file_bytes_max = file_bytes_max;
      const Merges::Result result = merges.Run(Copying::kAllowed);
      CHECK(result.content == Dump(content));
      CHECK((result.outputs.size() > 10) == (file_bytes_max == 1));
      uint64_t bytes = 0;
      for (const auto& sstable : merges.inputs()) bytes += ValueOf(sstable->Describe()).block_bytes;
      CHECK(result.bytes_copied > bytes * 3 / 4);
    }
  }
}

// Goal: a merge that copies can be given up at any step, and fails where a block of an input is damaged,
// which it names; either way no output is left. Method: both, at every step, and in every block.
TEST_CASE("merges that copy end at any step", "[rule]") {
  const TableSchema schema = SimpleSchema();
  Merges merges(schema);
  merges.SetBlockBytes(2000);
  merges.Add(SimpleContent(2, 1000));
  const uint64_t files = ValueOf(merges.fixture().directory().List()).size();
  uint64_t steps = 0;
  for (bool complete = false; !complete; ++steps) {
    const std::unique_ptr<MergeTask> task = merges.Start(Copying::kAllowed);
    for (uint64_t i = 0; i < steps && !complete; ++i) complete = ValueOf(task->Step());
    if (steps > 3 && !complete) CHECK(task->bytes_copied() > 0);
    if (!complete) CHECK(task->outputs().empty());
    // What is finished keeps its name until its owner removes it.
    for (const SSTableMetadata& output : task->outputs()) {
      REQUIRE_OK(merges.fixture().directory().Unlink(SSTableName(output.number), {}));
    }
  }
  CHECK(steps > 5);
  CHECK(ValueOf(merges.fixture().directory().List()).size() == files);

  const auto reader = ValueOf(
      TableReader::Open(merges.fixture().directory(), SSTableName(1), nullptr, &merges.fixture().cache()));
  const std::string intact = merges.fixture().ReadFile(1);
  for (uint32_t number = 0; number < reader->root().entry_count(); ++number) {
    const auto extent = ValueOf(reader->GetExtent(number, nullptr));
    for (uint32_t i = 0; i < extent->page().entry_count(); ++i) {
      std::string damaged = intact;
      damaged[extent->page().Range(i).end() - 1] ^= 1;  // of the last section, which nobody decodes
      merges.fixture().ReplaceFile(1, damaged);
      const std::unique_ptr<MergeTask> task = merges.Start(Copying::kAllowed);
      absl::StatusOr<bool> complete = false;
      while (complete.ok() && !*complete) complete = task->Step();
      REQUIRE(absl::IsDataLoss(complete.status()));
      CHECK(FromAbsl(complete.status().message()).starts_with("corruption in 000001.sst"));
      CHECK(task->outputs().empty());
    }
  }
  CHECK(ValueOf(merges.fixture().directory().List()).size() == files);
}

}  // namespace
}  // namespace stoa::testing
