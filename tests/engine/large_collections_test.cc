// Collections of many elements, and of more than an SSTable takes in one row.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <stoa/composite.h>
#include <stoa/database.h>

#include "base/strings.h"
#include "data/complex_format.h"
#include "support/catch.h"
#include "support/status.h"
#include "support/temp_directory.h"

namespace stoa {
namespace {

const DataType kList = DataType::List(TypeKind::kInt);
const DataType kSet = DataType::Set(TypeKind::kInt);
const DataType kMap = DataType::Map(TypeKind::kInt, TypeKind::kInt);
const DataType kBlobs = DataType::List(TypeKind::kBlob);

/// A database on real files with one row of collections.
class Collections {
 public:
  explicit Collections(uint64_t memory_bytes) {
    options_.memory_budget_bytes = memory_bytes;
    options_.wal_bytes_max = uint64_t{4} << 30;
    Open();
    table_ = ValueOf(database_->CreateTable(ValueOf(TableSchema::Builder("t")
                                                        .PartitionKey("k", TypeKind::kInt)
                                                        .Regular("list", kList)
                                                        .Regular("set", kSet)
                                                        .Regular("map", kMap)
                                                        .Regular("blobs", kBlobs)
                                                        .Build())));
  }

  Database& database() { return *database_; }
  const Table& table() const { return table_; }
  ColumnId Id(const char* name) const { return table_->FindColumn(name)->id; }
  void Update(Assignments cells) {
    WriteBatch batch;
    REQUIRE_OK(batch.Update(table_, {1}, {}, cells));
    REQUIRE_OK(database_->Write(WriteOptions(), batch));
  }
  void Reopen() {
    REQUIRE_OK(database_->Close());
    Open();
  }
  Row Read(const char* column) {
    Row row;
    REQUIRE(ValueOf(database_->ReadRow(ReadOptions(), table_, {1}, {}, std::vector{Id(column)}, &row)));
    return row;
  }
  /// How many SSTables there are, and how often one was merged.
  uint64_t sstables() const { return database_->metrics().sstables; }

 private:
  void Open() { database_ = ValueOf(Database::Open(options_, directory_.path() + "/db")); }

  TempDirectory directory_;
  Options options_;
  std::unique_ptr<Database> database_;
  Table table_;
};

std::vector<Value> Integers(const std::vector<int32_t>& integers) {
  return std::vector<Value>(integers.begin(), integers.end());
}

// Goal: collections of more elements than 16 bits count are kept and read, whole and by element. Method: a
// list, a set and a map, grown by batches of which some are flushed; then changed at one place; read in
// memory, from several SSTables, from one, and reopened.
TEST_CASE("collections of more than 65,536 elements") {
  constexpr int32_t kBatches = 10;
  constexpr int32_t kBatchElements = 20'000;
  constexpr int32_t kElements = kBatches * kBatchElements;
  constexpr int32_t kChanged = 150'001;
  Collections collections(256 << 20);
  const ColumnId list = collections.Id("list");
  const ColumnId set = collections.Id("set");
  const ColumnId map = collections.Id("map");
  for (int32_t batch = 0; batch < kBatches; ++batch) {
    std::vector<int32_t> numbers(kBatchElements);
    std::vector<MapEntry> entries;
    for (int32_t i = 0; i < kBatchElements; ++i) {
      numbers[static_cast<size_t>(i)] = batch * kBatchElements + i;
      entries.push_back({batch * kBatchElements + i, -i});
    }
    const std::string of_list = ValueOf(SerializeComposite(kList, Integers(numbers)));
    const std::string of_set = ValueOf(SerializeComposite(kSet, Integers(numbers)));
    const std::string of_map = ValueOf(SerializeMap(kMap, entries));
    collections.Update({Assignment::Add(list, Value::Composite(of_list)),
                        Assignment::Add(set, Value::Composite(of_set)),
                        Assignment::Add(map, Value::Composite(of_map))});
    if (batch % 3 == 2) REQUIRE_OK(collections.database().Flush());
  }
  // What each column should hold: in the list a -1 in one place; that element neither in the set nor in the
  // map, where the one after it is 5; and one removed from the list by its value.
  const std::string changed = ValueOf(SerializeComposite(kSet, {kChanged}));
  const std::string removed = ValueOf(SerializeComposite(kList, {kChanged + 1}));
  collections.Update({Assignment::Put(list, kChanged, -1),
                      Assignment::Remove(list, Value::Composite(removed)),
                      Assignment::Remove(set, Value::Composite(changed)),
                      Assignment::Put(map, kChanged, nullptr), Assignment::Put(map, kChanged + 1, 5)});
  std::vector<int32_t> of_list, of_set;
  std::vector<MapEntry> of_map;
  for (int32_t i = 0; i < kElements; ++i) {
    if (i != kChanged + 1) of_list.push_back(i == kChanged ? -1 : i);
    if (i == kChanged) continue;
    of_set.push_back(i);
    of_map.push_back({i, i == kChanged + 1 ? 5 : -(i % kBatchElements)});
  }
  const auto check = [&] {
    CHECK((collections.Read("list")[0].bytes() == ValueOf(SerializeComposite(kList, Integers(of_list)))));
    CHECK((collections.Read("set")[0].bytes() == ValueOf(SerializeComposite(kSet, Integers(of_set)))));
    const Row row = collections.Read("map");
    CHECK((row[0].bytes() == ValueOf(SerializeMap(kMap, of_map))));
    Elements elements = row.view().elements(0);
    size_t right = 0;
    for (ElementView element; elements.Next(&element); ++right) {
      if (right == of_map.size() || element.key != of_map[right].key || element.value != of_map[right].value)
        break;
    }
    CHECK(right == of_map.size());
  };
  check();
  REQUIRE_OK(collections.database().Flush());
  check();
  REQUIRE_OK(collections.database().Compact("t"));
  CHECK(collections.sstables() == 1);
  check();
  collections.Reopen();
  check();
}

/// Bytes that differ from element to element, and do not take long to compress.
std::string Element(size_t number, size_t bytes) {
  std::string element(bytes, static_cast<char>('a' + number));
  element += StrCat(number);
  return element;
}

// Goal: a row that has outgrown an SSTable is flushed into several, merges of it are refused by name, and
// nothing else suffers; once it has shrunk, all is as before. Method: a list grown by blind appends beyond
// 264 MiB, in one memtable, before a snapshot and another row.
TEST_CASE("a collection larger than an SSTable takes") {
  constexpr size_t kElementBytes = 45 << 20;
  constexpr size_t kElements = 6;  // 270 MiB
  Collections collections(uint64_t{4} << 30);
  const ColumnId blobs = collections.Id("blobs");
  const auto append = [&](size_t number) {
    const std::string element = Element(number, kElementBytes);
    const std::string list = ValueOf(SerializeComposite(kBlobs, {Value::Bytes(element)}));
    collections.Update({Assignment::Add(blobs, Value::Composite(list))});
  };
  const auto check = [&](size_t elements, const ReadOptions& options) {
    Row row;
    REQUIRE(ValueOf(
        collections.database().ReadRow(options, collections.table(), {1}, {}, std::vector{blobs}, &row)));
    Elements list = row.view().elements(0);
    size_t right = 0;
    for (ElementView element; list.Next(&element); ++right) {
      if (element.value.bytes() != Element(right, kElementBytes)) break;
    }
    CHECK(right == elements);
  };
  for (size_t i = 0; i < kElements; ++i) append(i);
  std::unique_ptr<Snapshot> snapshot = ValueOf(collections.database().GetSnapshot());
  ReadOptions at_snapshot;
  at_snapshot.snapshot = snapshot.get();
  const auto write_other_row = [&](int value) {
    WriteBatch batch;
    const ColumnId map = collections.Id("map");
    REQUIRE_OK(batch.Update(collections.table(), {2}, {}, {Assignment::Put(map, 1, value)}));
    REQUIRE_OK(collections.database().Write(WriteOptions(), batch));
  };
  write_other_row(1);
  REQUIRE_OK(collections.database().Flush());
  CHECK(collections.sstables() == 3);  // two halves up to the snapshot, and the other row
  check(kElements, at_snapshot);
  Row row;
  const auto finds = [&](int key, const ReadOptions& options) {
    return ValueOf(collections.database().ReadRow(options, collections.table(), {key}, {}, {}, &row));
  };
  CHECK_FALSE(finds(2, at_snapshot));
  snapshot.reset();

  const absl::Status refused = collections.database().Compact("t");
  CHECK(refused.code() == absl::StatusCode::kOutOfRange);
  const std::string message(FromAbsl(refused.message()));
  INFO(message);
  CHECK(message.find("table t: column blobs: a row of partition 0x00000001 has 28311") == 0);
  CHECK(message.find(" bytes in this column; an SSTable takes at most 276824064") != std::string::npos);
  CHECK(collections.sstables() == 3);

  write_other_row(2);
  REQUIRE_OK(collections.database().Flush());
  collections.Reopen();
  check(kElements, {});
  CHECK(finds(2, {}));

  for (int i = 0; i < 3; ++i) collections.Update({Assignment::Put(blobs, 0, nullptr)});
  REQUIRE_OK(collections.database().Compact("t"));
  CHECK(collections.sstables() == 1);
  REQUIRE_OK(collections.database().Verify());
  collections.Update({{blobs, nullptr}});
  REQUIRE_OK(collections.database().Compact("t"));
  CHECK_FALSE(finds(1, {}));
  CHECK(finds(2, {}));
}

// Goal: a batch takes no more elements than an SSTable takes in one row, or its flush could not be cut.
// Method: a batch with one byte too much, at the end of a list and at an index of one; with a byte less it is
// flushed and read.
TEST_CASE("limits: elements of a batch") {
  constexpr size_t kMost = size_t{260} << 20;
  constexpr size_t kAround = 99;  // what the batch counts beside the one element of a list
  constexpr int kRows = 13;
  Collections collections(uint64_t{4} << 30);
  const ColumnId blobs = collections.Id("blobs");
  const std::string element(kMost / kRows - kAround, 'x');
  const std::string longer = element + "x";
  WriteBatch batch;
  const auto add = [&](int key, std::string_view bytes) {
    const std::string list = ValueOf(SerializeComposite(kBlobs, {Value::Bytes(bytes)}));
    return batch.Update(collections.table(), {key}, {}, {Assignment::Add(blobs, Value::Composite(list))});
  };
  const auto refused = [&](const absl::Status& status) {
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(FromAbsl(status.message()) ==
          StrCat("table t: column blobs: given elements, with which those of the batch take ", kMost + 1,
                 " bytes; a batch holds at most ", kMost));
  };
  REQUIRE_OK(add(1, "a"));
  REQUIRE_OK(collections.database().Write(WriteOptions(), batch));
  batch.Clear();
  CHECK(batch.element_bytes() == 0);
  for (int key = 2; key <= kRows; ++key) REQUIRE_OK(add(key, element));
  refused(add(1, longer));
  // An element that is found by its index has its path in full.
  const std::string_view put =
      std::string_view(longer).substr(complex_path::kListBytes - complex_path::kPendingBytes);
  REQUIRE_OK(batch.Update(collections.table(), {1}, {}, {Assignment::Put(blobs, 0, Value::Bytes(put))}));
  refused(collections.database().Write(WriteOptions(), batch));

  batch.Clear();
  for (int key = 1; key <= kRows; ++key) REQUIRE_OK(add(key, element));
  CHECK(batch.element_bytes() == kMost);
  REQUIRE_OK(collections.database().Write(WriteOptions(), batch));
  batch = WriteBatch();
  REQUIRE_OK(collections.database().Flush());
  collections.Reopen();
  for (int key = 1; key <= kRows; ++key) {
    Row row;
    const std::vector<ColumnId> wanted = {blobs};
    REQUIRE(ValueOf(collections.database().ReadRow({}, collections.table(), {key}, {}, wanted, &row)));
    Elements list = row.view().elements(0);
    ElementView read;
    if (key == 1) REQUIRE((list.Next(&read) && read.value.bytes() == "a"));
    CHECK((list.Next(&read) && read.value.bytes() == element));
    CHECK_FALSE(list.Next(&read));
  }

  const std::string longest(kCellBytesMax + 1, 'x');
  CHECK(FromAbsl(SerializeComposite(kBlobs, {Value::Bytes(longest)}).status().message()) ==
        "element 1: given 268435457 bytes; a cell holds at most 268435456");
}

}  // namespace
}  // namespace stoa
