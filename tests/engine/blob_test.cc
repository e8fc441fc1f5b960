// Large values in files of their own: what the engine promises of them beside what the model tests compare.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <stoa/database.h>

#include "base/strings.h"
#include "engine/inspection.h"
#include "io/env.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/sanitizers.h"
#include "support/status.h"
#include "support/temp_directory.h"

namespace stoa {
namespace {

constexpr uint64_t kInlineBytesMax = 1000;
constexpr size_t kLarge = 5000;

TableSchema PictureSchema(const std::string& name = "pictures") {
  return ValueOf(TableSchema::Builder(name)
                     .PartitionKey("album", TypeKind::kText)
                     .Clustering("number", TypeKind::kInt)
                     .Regular("title", TypeKind::kText)
                     .Regular("content", TypeKind::kBlob)
                     .Build());
}

std::string Content(char letter, size_t size = kLarge) { return std::string(size, letter); }

absl::Status Put(Database& database, const Table& table, int32_t number, std::string_view content,
                 Durability durability = Durability::kProcess) {
  WriteBatch batch;
  const ColumnId title = table->FindColumn("title")->id;
  const ColumnId bytes = table->FindColumn("content")->id;
  const std::string name = StrCat("picture ", number);
  REQUIRE_OK(batch.Upsert(table, {"a"}, {number}, {{title, name}, {bytes, Value::Bytes(content)}}));
  return database.Write(WriteOptions{durability}, batch);
}

/// A database in simulated files, with one table.
struct Pictures {
  Pictures() : sim(files, 1) {
    options.env = &sim.env;
    options.memory_budget_bytes = 4 << 20;
    options.inline_value_bytes_max = kInlineBytesMax;
    database = ValueOf(Database::Open(options, "db"));
    table = ValueOf(database->CreateTable(PictureSchema()));
  }
  absl::Status Open() {
    database.reset();
    absl::StatusOr<std::unique_ptr<Database>> opened = Database::Open(options, "db");
    if (!opened.ok()) return opened.status();
    database = std::move(*opened);
    table = ValueOf(database->OpenTable("pictures"));
    return absl::OkStatus();
  }
  absl::Status Put(int32_t number, std::string_view content) {
    return stoa::Put(*database, table, number, content);
  }

  /// The contents of the album row by row, as letters; checks that all forms of reading agree.
  std::string Letters(const Snapshot* snapshot = nullptr) {
    ReadOptions read;
    read.snapshot = snapshot;
    Query query(table);
    query.Partition({"a"}).Columns({table->FindColumn("content")->id});
    Cursor rows = ValueOf(database->Read(read, query));
    std::string letters;
    while (rows.Next()) {
      const std::string_view content = rows.row()[0].bytes();
      REQUIRE(content.find_first_not_of(content[0]) == std::string_view::npos);
      letters.push_back(content[0]);
      Row row;
      REQUIRE(ValueOf(database->ReadRow(read, table, {"a"}, {rows.row().clustering(0)}, {}, &row)));
      REQUIRE(row[1].bytes() == content);
      REQUIRE(row[0].text() == StrCat("picture ", row.view().clustering(0).integer()));
    }
    REQUIRE_OK(rows.status());
    Cursor columns = ValueOf(database->Read(read, query));
    size_t row = 0;
    while (const size_t count = columns.NextBatch()) {
      const ColumnData content = columns.column(0);
      for (size_t i = 0; i < count; ++i) REQUIRE(content.bytes()[i][0] == letters[row++]);
    }
    REQUIRE_OK(columns.status());
    REQUIRE(row == letters.size());
    return letters;
  }

  std::vector<std::string> BlobPaths() const {
    std::vector<std::string> paths;
    for (const std::string& path : files.ListFiles()) {
      if (path.find(".blob") != std::string::npos) paths.push_back(path);
    }
    return paths;
  }
  size_t blobs() const { return BlobPaths().size(); }
  DirectoryVerification VerifyFiles() {
    const std::unique_ptr<Directory> directory = ValueOf(files.OpenDirectory("db"));
    return ValueOf(VerifyDirectory(*directory));
  }

  SimFileSystem files;
  SimEnv sim;
  Options options;
  std::unique_ptr<Database> database;
  Table table;
};

}  // namespace

// Goal: large values are read like others, from memtables and SSTables, across reopening with and without a
// clean end, and their files are those of the values that there are. Method: write, overwrite, delete, flush,
// merge, reopen; all forms of reading at each step.
TEST_CASE("large values from write to removal") {
  Pictures pictures;
  for (int32_t number = 0; number < 4; ++number) {
    REQUIRE_OK(pictures.Put(number, Content(static_cast<char>('a' + number))));
  }
  REQUIRE_OK(pictures.Put(4, Content('s', kInlineBytesMax)));  // small
  CHECK(pictures.Letters() == "abcds");
  CHECK(pictures.blobs() == 4);
  REQUIRE_OK(pictures.Put(1, Content('B')));
  CHECK(pictures.Letters() == "aBcds");
  CHECK(pictures.blobs() == 5);

  REQUIRE_OK(pictures.Open());  // replays the log
  CHECK(pictures.Letters() == "aBcds");
  CHECK(pictures.blobs() == 4);
  REQUIRE_OK(pictures.Put(2, Content('C')));
  REQUIRE_OK(pictures.Put(3, Content('x', 10)));
  WriteBatch batch;
  REQUIRE_OK(batch.DeleteRow(pictures.table, {"a"}, {int32_t{0}}));
  REQUIRE_OK(pictures.database->Write(WriteOptions(), batch));
  REQUIRE_OK(pictures.database->Flush());
  CHECK(pictures.Letters() == "BCxs");
  CHECK(pictures.blobs() == 5);  // what is overwritten is still in the older SSTable
  CHECK(ValueOf(pictures.database->Verify()).blobs == 5);
  REQUIRE_OK(pictures.database->Compact("pictures"));
  CHECK(pictures.Letters() == "BCxs");
  CHECK(pictures.blobs() == 2);

  REQUIRE_OK(pictures.Put(1, Content('D')));
  REQUIRE_OK(pictures.database->Close());
  const DirectoryVerification verified = pictures.VerifyFiles();
  CHECK(verified.blobs == 3);
  const std::string path = pictures.BlobPaths().back();
  const std::unique_ptr<Directory> directory = ValueOf(pictures.files.OpenDirectory("db"));
  CHECK(ValueOf(DescribeDirectory(*directory, 0)).find("3 blobs with 15408 bytes\n") != std::string::npos);
  CHECK(ValueOf(DescribeDirectory(*directory, 0)).find(path.substr(3)) != std::string::npos);
  CHECK(ValueOf(DescribeFile(*directory, path.substr(3))).find("value of 5000") != std::string::npos);
  CHECK(verified.leftover_blobs == 0);
  REQUIRE_OK(pictures.Open());
  CHECK(pictures.database->recovery_report().clean);
  CHECK(pictures.Letters() == "DCxs");
  REQUIRE_OK(pictures.database->Compact("pictures"));
  CHECK(pictures.blobs() == 2);
  REQUIRE_OK(pictures.database->TruncateTable("pictures"));
  CHECK(pictures.blobs() == 0);
  REQUIRE_OK(pictures.Put(1, Content('E')));
  REQUIRE_OK(pictures.database->DropTable("pictures"));
  CHECK(pictures.blobs() == 0);
}

// Goal: a value that was replaced stays readable for a snapshot and a cursor, from memtables and from
// SSTables, and its file goes when they have gone. Method: snapshots around overwriting, flushing and
// merging.
TEST_CASE("snapshots and cursors keep replaced large values") {
  Pictures pictures;
  REQUIRE_OK(pictures.Put(1, Content('a')));
  std::unique_ptr<Snapshot> first = ValueOf(pictures.database->GetSnapshot());
  REQUIRE_OK(pictures.Put(1, Content('b')));
  REQUIRE_OK(pictures.database->Flush());  // 'a' and 'b' are in SSTables of their own: the snapshot cuts
  std::unique_ptr<Snapshot> second = ValueOf(pictures.database->GetSnapshot());
  REQUIRE_OK(pictures.Put(1, Content('c')));
  REQUIRE_OK(pictures.database->Compact("pictures"));
  CHECK(pictures.Letters(first.get()) == "a");
  CHECK(pictures.Letters(second.get()) == "b");
  CHECK(pictures.Letters() == "c");
  CHECK(pictures.blobs() == 3);
  Query query(pictures.table);
  query.Partition({"a"});
  {
    ReadOptions as_of_second;
    as_of_second.snapshot = second.get();
    Cursor cursor = ValueOf(pictures.database->Read(as_of_second, query));
    second.reset();
    first.reset();
    REQUIRE_OK(pictures.Put(2, Content('d')));
    REQUIRE_OK(pictures.database->Flush());
    REQUIRE(cursor.Next());
    CHECK(cursor.row()[1].bytes() == Content('b'));
    CHECK(pictures.blobs() == 4);  // c, d, and in SSTables that the cursor's view holds a, b
  }
  REQUIRE_OK(pictures.Put(3, Content('e')));
  REQUIRE_OK(pictures.database->Flush());
  CHECK(pictures.blobs() == 3);  // c, d, e
}

// Goal: conditions see the value behind a reference, also where its beginning does not tell. Method: values
// that differ after the prefix, conditions on both sides of them.
TEST_CASE("conditions on large values") {
  Pictures pictures;
  const std::string beginning = Content('m', 2000);
  for (int32_t i = 0; i < 3; ++i) {
    REQUIRE_OK(pictures.Put(i, beginning + static_cast<char>('a' + i)));
  }
  REQUIRE_OK(pictures.Put(3, "m"));
  REQUIRE_OK(pictures.Put(4, Content('n', 3000)));
  for (const bool flushed : {false, true}) {
    if (flushed) REQUIRE_OK(pictures.database->Flush());
    const auto count = [&](Comparison comparison, const std::string& value) {
      Query query(pictures.table);
      query.Where(pictures.table->FindColumn("content")->id, comparison, Value::Bytes(value));
      Cursor cursor = ValueOf(pictures.database->Read(ReadOptions(), query));
      int rows = 0;
      while (cursor.Next()) ++rows;
      REQUIRE_OK(cursor.status());
      return rows;
    };
    CHECK(count(Comparison::kEqual, beginning + "b") == 1);
    CHECK(count(Comparison::kEqual, beginning) == 0);
    CHECK(count(Comparison::kGreater, beginning + "a") == 3);
    CHECK(count(Comparison::kGreaterOrEqual, beginning + "a") == 4);
    CHECK(count(Comparison::kLess, beginning + "b") == 2);
    CHECK(count(Comparison::kLess, "m") == 0);
    CHECK(count(Comparison::kLessOrEqual, Content('n', 3000)) == 5);
    CHECK(count(Comparison::kGreater, "n") == 1);
  }
}

// Goal: a full disk while a large value is written is met before anything happened, leaves no file, and the
// same write succeeds once there is space. Method: less space than the second of two values takes.
TEST_CASE("disk full while large values are written") {
  Pictures pictures;
  REQUIRE_OK(pictures.Put(1, Content('a')));
  const uint64_t used = pictures.files.used_bytes();
  WriteBatch batch;
  const ColumnId content = pictures.table->FindColumn("content")->id;
  REQUIRE_OK(batch.Upsert(pictures.table, {"a"}, {int32_t{1}}, {{content, Value::Bytes(Content('b'))}}));
  REQUIRE_OK(batch.Upsert(pictures.table, {"a"}, {int32_t{2}},
                          {{pictures.table->FindColumn("title")->id, "picture 2"},
                           {content, Value::Bytes(Content('c', 100'000))}}));
  pictures.files.SetCapacity(used + 50'000);
  const absl::Status status = pictures.database->Write(WriteOptions(), batch);
  CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  CHECK(FromAbsl(status.message()).find(".blob") != std::string_view::npos);
  CHECK(pictures.Letters() == "a");
  CHECK(pictures.blobs() == 1);
  CHECK(pictures.files.used_bytes() == used);
  pictures.files.SetCapacity(used + 1'000'000);
  REQUIRE_OK(pictures.database->Write(WriteOptions(), batch));
  CHECK(pictures.Letters() == "bc");
}

// Goal: whatever call fails while a large value is written, the write fails without effect, the status names
// the file, and the database goes on: nothing was published. Method: each call of a write fails once.
TEST_CASE("errors of the files of large values do not end the database") {
  for (uint64_t nth = 0;; ++nth) {
    INFO("call " << nth);
    Pictures pictures;
    REQUIRE_OK(pictures.Put(1, Content('a')));
    const uint64_t begin = pictures.files.calls();
    pictures.files.FailCall(begin + nth, absl::UnavailableError("db/000009.blob: broken"), FaultSpan::kOnce);
    const absl::Status status = pictures.Put(1, Content('b'));
    pictures.files.ClearFaults();
    if (!pictures.database->Sync().ok()) {
      // That was the log: now the record may be found by the next opening, so its file must stay.
      CHECK(nth >= 5);
      CHECK(pictures.blobs() == 2);
      break;
    }
    REQUIRE(!status.ok());
    CHECK(pictures.Letters() == "a");
    CHECK(pictures.blobs() == 1);
    REQUIRE_OK(pictures.Put(1, Content('c')));
    CHECK(pictures.Letters() == "c");
    REQUIRE(nth < 50);
  }
}

// Goal: a file that something needed refers to is asked for when the database is opened, by log and by
// manifest; one that nothing needed refers to is not, and is removed and counted when it is there. Method:
// files removed, truncated and added.
TEST_CASE("opening asks for the files of large values") {
  for (const bool flushed : {false, true}) {
    Pictures pictures;
    REQUIRE_OK(pictures.Put(1, Content('a')));
    if (flushed) REQUIRE_OK(pictures.database->Flush());
    pictures.database.reset();
    const std::string path = pictures.BlobPaths().at(0);
    const std::string bytes = ValueOf(pictures.files.ReadFile(path));
    const auto names_file = [&](const absl::Status& status) {
      return status.code() == absl::StatusCode::kDataLoss &&
             FromAbsl(status.message()).find(path.substr(3)) != std::string_view::npos;
    };
    REQUIRE_OK(pictures.files.RemoveFile(path));
    CHECK(names_file(pictures.Open()));
    REQUIRE_OK(pictures.files.WriteFile(path, bytes.substr(1)));
    CHECK(names_file(pictures.Open()));
    const std::unique_ptr<Directory> directory = ValueOf(pictures.files.OpenDirectory("db"));
    CHECK(names_file(VerifyDirectory(*directory).status()));
    REQUIRE_OK(pictures.files.WriteFile(path, bytes));
    REQUIRE_OK(pictures.files.WriteFile("db/000900.blob", bytes));
    REQUIRE_OK(pictures.files.WriteFile("db/000901.blob.tmp", "begun"));
    CHECK(pictures.VerifyFiles().leftover_blobs == 1);
    REQUIRE_OK(pictures.Open());
    CHECK(pictures.database->recovery_report().files_removed >= 2);
    CHECK(pictures.blobs() == 1);
    CHECK(pictures.Letters() == "a");
    REQUIRE_OK(pictures.Put(2, Content('b')));  // its number is none of those that were there
    CHECK(pictures.BlobPaths().back() > "db/000901");
  }
  // The log still has the record of a table that was truncated, but not its file.
  Pictures pictures;
  REQUIRE_OK(pictures.Put(1, Content('a')));
  REQUIRE_OK(pictures.database->TruncateTable("pictures"));
  CHECK(pictures.blobs() == 0);
  REQUIRE_OK(pictures.Open());
  CHECK(pictures.Letters() == "");
}

// Goal: damage in a large value is the error of the read that meets it, and of verifying. Method: one byte.
TEST_CASE("a damaged large value") {
  Pictures pictures;
  REQUIRE_OK(pictures.Put(1, Content('a')));
  REQUIRE_OK(pictures.Put(2, Content('b')));
  const std::string path = pictures.BlobPaths().at(1);
  REQUIRE_OK(pictures.files.FlipBit(path, 8 * 1000));
  Query query(pictures.table);
  query.Partition({"a"});
  Cursor rows = ValueOf(pictures.database->Read(ReadOptions(), query));
  REQUIRE(rows.Next());
  REQUIRE(!rows.Next());
  CHECK(rows.status().code() == absl::StatusCode::kDataLoss);
  CHECK(FromAbsl(rows.status().message()).find(path.substr(3)) != std::string_view::npos);
  CHECK(rows.paging_state().empty());
  Cursor columns = ValueOf(pictures.database->Read(ReadOptions(), query));
  CHECK(columns.NextBatch() == 0);
  CHECK(columns.status().code() == absl::StatusCode::kDataLoss);
  // A reader who does not want the value does not meet it.
  query.Columns({pictures.table->FindColumn("title")->id});
  Cursor titles = ValueOf(pictures.database->Read(ReadOptions(), query));
  CHECK(titles.NextBatch() == 2);
  Row row;
  const ReadOptions read;
  CHECK(pictures.database->ReadRow(read, pictures.table, {"a"}, {int32_t{2}}, {}, &row).status().code() ==
        absl::StatusCode::kDataLoss);
  REQUIRE(ValueOf(pictures.database->ReadRow(read, pictures.table, {"a"}, {int32_t{1}}, {}, &row)));
  CHECK(pictures.database->Verify().status().code() == absl::StatusCode::kDataLoss);
}

// Goal: a batch of rows loads no more large values at once than memory is allowed for, or one row; no row is
// lost or repeated by that, nor by limits. Method: values of 30 MiB, of which two fit.
TEST_CASE("batches of rows with large values are cut") {
  Pictures pictures;
  constexpr size_t kBytes = 30 << 20;
  for (int32_t number = 0; number < 5; ++number) {
    REQUIRE_OK(pictures.Put(number, number == 4 ? Content('s', 10) : Content('a', kBytes)));
  }
  for (const uint64_t limit : {uint64_t{100}, uint64_t{3}}) {
    Query query(pictures.table);
    query.Partition({"a"}).Columns({pictures.table->FindColumn("content")->id}).Limit(limit);
    Cursor cursor = ValueOf(pictures.database->Read(ReadOptions(), query));
    size_t rows = 0;
    size_t most = 0;
    while (const size_t count = cursor.NextBatch()) {
      const size_t large = std::min<size_t>(rows + count, 4) - rows;
      most = std::max(most, large);
      rows += count;
      for (size_t i = 0; i < count; ++i) REQUIRE(cursor.column(0).bytes()[i].size() >= 10);
    }
    REQUIRE_OK(cursor.status());
    CHECK(rows == std::min<uint64_t>(limit, 5));
    CHECK(most == 2);
  }
}

// Goal: the largest value goes in and comes out, and one byte more is refused by name. Method: on real files.
TEST_CASE("the largest value") {
  const size_t size = testing::kSanitized ? 16 << 20 : kCellBytesMax;
  TempDirectory directory;
  Options options;
  std::unique_ptr<Database> database = ValueOf(Database::Open(options, directory.path() + "/db"));
  const Table table = ValueOf(database->CreateTable(PictureSchema()));
  std::string value(size, '\0');
  for (size_t at = 0; at < size; at += 4096) value[at] = static_cast<char>(at >> 12);
  REQUIRE_OK(Put(*database, table, 1, value));
  Row row;
  REQUIRE(ValueOf(database->ReadRow(ReadOptions(), table, {"a"}, {int32_t{1}}, {}, &row)));
  CHECK(row[1].bytes() == value);
  REQUIRE_OK(database->Close());
  database = ValueOf(Database::Open(options, directory.path() + "/db"));
  REQUIRE(ValueOf(database->ReadRow(ReadOptions(), table, {"a"}, {int32_t{1}}, {}, &row)));
  CHECK(row[1].bytes() == value);

  WriteBatch batch;
  value.resize(kCellBytesMax + 1);
  const absl::Status status =
      batch.Upsert(table, {"a"}, {int32_t{1}}, {{table->FindColumn("content")->id, Value::Bytes(value)}});
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(FromAbsl(status.message()) == StrCat("table pictures: column content: value of ", kCellBytesMax + 1,
                                             " bytes; a cell holds at most ", kCellBytesMax));
}

// Goal: writers and readers of large values, flushes and merges side by side: every read gets a whole value
// of those that were written to the row. Method: threads on real files; the sanitizers help.
TEST_CASE("large values from several threads") {
  TempDirectory directory;
  Options options;
  options.memory_budget_bytes = 1 << 20;
  options.inline_value_bytes_max = kInlineBytesMax;
  const std::unique_ptr<Database> database = ValueOf(Database::Open(options, directory.path() + "/db"));
  const Table table = ValueOf(database->CreateTable(PictureSchema()));
  std::atomic<int> failures{0};
  std::atomic<bool> done{false};
  const auto write = [&](int32_t first) {
    for (int i = 0; i < 60; ++i) {
      const char letter = static_cast<char>('a' + i % 26);
      WriteBatch batch;
      const absl::Status added =
          batch.Upsert(table, {"a"}, {first + i % 5},
                       {{table->FindColumn("content")->id, Value::Bytes(std::string(kLarge, letter))}});
      if (!added.ok() || !database->Write(WriteOptions(), batch).ok()) ++failures;
    }
  };
  const auto read = [&] {
    Query query(table);
    query.Partition({"a"}).Columns({table->FindColumn("content")->id});
    while (!done.load()) {
      absl::StatusOr<Cursor> cursor = database->Read(ReadOptions(), query);
      while (cursor.ok() && cursor->Next()) {
        const std::string_view content = cursor->row()[0].bytes();
        if (content != std::string(kLarge, content[0])) ++failures;
      }
      if (!cursor.ok() || !cursor->status().ok()) ++failures;
    }
  };
  std::vector<std::thread> writers;
  for (int32_t thread = 0; thread < 3; ++thread) writers.emplace_back(write, thread * 3);
  std::thread reader(read);
  for (int i = 0; i < 6; ++i) {
    REQUIRE_OK(database->Flush());
    REQUIRE_OK(database->Compact("pictures"));
  }
  for (std::thread& writer : writers) writer.join();
  done.store(true);
  reader.join();
  CHECK(failures.load() == 0);
  REQUIRE_OK(database->Compact("pictures"));
  REQUIRE_OK(database->Verify());
  REQUIRE_OK(database->Close());
}

}  // namespace stoa
