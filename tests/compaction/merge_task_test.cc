#include "compaction/merge_task.h"

#include "read/merge_support.h"
#include "sstable/sstable_fixture.h"
#include "support/catch.h"

namespace stoa::testing {
namespace {

constexpr int64_t kRows = 40'000;

/// Two partitions of many rows, spread over three sources; the deletions that a fourth has hide nothing. In
/// the first, a range deletion is open over half of the rows; the second is deleted.
std::vector<Content> SpreadContents() {
  const Content all = SimpleContent(2, kRows);
  std::vector<Content> contents(4);
  for (size_t p = 0; p < all.size(); ++p) {
    for (Content& content : contents) {
      content.push_back(ContentPartition{all[p].token, all[p].key, {}, {}, {}});
    }
    for (size_t i = 0; i < all[p].rows.size(); ++i) contents[i % 3][p].rows.push_back(all[p].rows[i]);
  }
  contents[3][0].ranges.push_back(
      ContentRange{SimpleClustering(kRows / 4), SimpleClustering(kRows * 3 / 4), DeletionTime{0, 10}});
  contents[3][1].deletion = DeletionTime{0, 10};
  return contents;
}

// Goal: wherever the output is cut, the files hold together what the merge holds, each is whole by itself and
// they do not overlap; it is not cut where a deletion is open. Method: files ended as soon as they may be,
// each verified, read and merged again.
TEST_CASE("a merge into many files") {
  const TableSchema schema = SimpleSchema();
  const std::vector<Content> contents = SpreadContents();
  SSTableFixture fixture;
  MergeTask::Input input;
  input.schema = std::make_shared<const TableSchema>(schema);
  uint64_t number = 0;
  input.new_file = [&number] { return SmallBlocks(++number, 3000, 3000); };
  input.file_bytes_max = 1;
  std::vector<MergeTask::OpenSource> sources;
  for (const Content& content : contents) {
    sources.emplace_back([&content](const ScanSpec& spec) { return NewVectorSource(content, spec); });
  }
  const std::unique_ptr<MergeTask> task = ValueOf(MergeTask::Create(fixture.directory(), input, sources));
  while (!ValueOf(task->Step())) {
  }
  CHECK(task->outputs().size() == number);
  // 4,096 rows at most are a batch; a half of the first partition and all of the second are never cut.
  CHECK(number >= 4);
  CHECK(number <= 14);

  const Projection projection = FullProjection(schema);
  ScanSpec spec;
  spec.projection = &projection;
  std::vector<Content> read;
  const SSTableMetadata* before = nullptr;
  for (const SSTableMetadata& metadata : task->outputs()) {
    const std::shared_ptr<SSTable> sstable =
        ValueOf(SSTable::Open(fixture.directory(), metadata, &fixture.cache()));
    REQUIRE_OK(sstable->Verify());
    read.push_back(ValueOf(ReadContent(sstable->NewSource(spec, nullptr).get(), spec)));
    if (before != nullptr) CHECK(!before->bounds.Overlaps(metadata.bounds));
    before = &metadata;
  }
  CHECK(Dump(MergeOf(read)) == Dump(MergeOf(contents)));
}

// Goal: a merge may be broken off after any file, and gone on with by another task from where that one had
// got; deletions that the first has forgotten do in the rest what they have to do. Method: broken off as
// often as can be, deletions kept and purged; the files hold together what one merge holds.
TEST_CASE("a merge that is broken off is gone on with [rule]") {
  const bool purges = GENERATE(false, true);
  CAPTURE(purges);
  const TableSchema schema = SimpleSchema();
  std::vector<Content> contents = SpreadContents();
  contents[3][0].ranges[0].deletion = DeletionTime{1'000'000, 10};  // hides some of the rows, or all
  SSTableFixture fixture;
  MergeTask::Input input;
  input.schema = std::make_shared<const TableSchema>(schema);
  uint64_t number = 0;
  input.new_file = [&number] { return SmallBlocks(++number, 3000, 3000); };
  if (purges) {
    input.purge.now_seconds = 1000;
    input.purge.min_timestamp_outside = [](uint64_t, std::string_view) { return INT64_MAX; };
  }
  std::vector<MergeTask::OpenSource> sources;
  for (const Content& content : contents) {
    sources.emplace_back([&content](const ScanSpec& spec) { return NewVectorSource(content, spec); });
  }
  const Projection projection = FullProjection(schema);
  ScanSpec spec;
  spec.projection = &projection;
  const auto read_all = [&](const std::vector<SSTableMetadata>& files) {
    std::vector<Content> read;
    for (const SSTableMetadata& metadata : files) {
      const std::shared_ptr<SSTable> sstable =
          ValueOf(SSTable::Open(fixture.directory(), metadata, &fixture.cache()));
      read.push_back(ValueOf(ReadContent(sstable->NewSource(spec, nullptr).get(), spec)));
    }
    return Dump(MergeOf(read));
  };
  const auto run = [&](uint64_t limit_bytes, Position* from, std::vector<SSTableMetadata>* files) {
    input.range.start = *from;
    const std::unique_ptr<MergeTask> task = ValueOf(MergeTask::Create(fixture.directory(), input, sources));
    bool complete = ValueOf(task->Step());
    task->LimitFiles(limit_bytes);
    while (!complete && task->outputs().empty()) complete = ValueOf(task->Step());
    files->insert(files->end(), task->outputs().begin(), task->outputs().end());
    const Position reached = task->reached();
    REQUIRE((complete || reached > *from));
    *from = reached;
    return complete;
  };
  Position start;
  std::vector<SSTableMetadata> whole, pieces;
  REQUIRE(run(UINT64_MAX, &start, &whole));
  REQUIRE(whole.size() == 1);
  while (!run(1, &start, &pieces)) {
  }
  CHECK(pieces.size() >= 4);
  for (size_t i = 1; i < pieces.size(); ++i) CHECK(!pieces[i - 1].bounds.Overlaps(pieces[i].bounds));
  CHECK(read_all(pieces) == read_all(whole));
}

// Goal: a task merges its range alone. Method: the two partitions, each by a task.
TEST_CASE("a merge of a range") {
  const TableSchema schema = SimpleSchema();
  const Content content = SimpleContent(2, 10);
  SSTableFixture fixture;
  for (size_t p = 0; p < 2; ++p) {
    MergeTask::Input input;
    input.schema = std::make_shared<const TableSchema>(schema);
    input.new_file = [p] { return SmallBlocks(p + 1, 3000, 3000); };
    if (p == 0) input.range.end = PositionView{content[1].token, {}, {}};
    if (p == 1) input.range.start.token = content[1].token;
    const std::unique_ptr<MergeTask> task = ValueOf(
        MergeTask::Create(fixture.directory(), input,
                          {[&content](const ScanSpec& spec) { return NewVectorSource(content, spec); }}));
    while (!ValueOf(task->Step())) {
    }
    REQUIRE(task->outputs().size() == 1);
    const std::shared_ptr<SSTable> sstable =
        ValueOf(SSTable::Open(fixture.directory(), task->outputs()[0], &fixture.cache()));
    CHECK(DumpAll(*sstable, schema) == Dump({content[p]}));
  }
}

}  // namespace
}  // namespace stoa::testing
