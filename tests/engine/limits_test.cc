// The limits of the data model (lib/data/README.md), from both sides: what is just allowed is written,
// flushed, merged, found again after reopening; what is just not gets an error that names the limit, the
// thing and the value. Limits that a layer tests by itself stand in that layer's tests.
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <stoa/composite.h>
#include <stoa/database.h>

#include "base/strings.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"
#include "support/temp_directory.h"

namespace stoa {
namespace {

/// A database on simulated files, opened again and again.
class Site {
 public:
  Site() : sim_(files_, 1) {
    options_.env = &sim_.env;
    Open();
  }

  Database& database() { return *database_; }
  Table Create(const TableSchema::Builder& builder) {
    return ValueOf(database_->CreateTable(ValueOf(builder.Build())));
  }
  void Write(const WriteBatch& batch) { REQUIRE_OK(database_->Write(WriteOptions(), batch)); }
  void Upsert(const Table& table, Values partition_key, Values clustering, Assignments cells) {
    WriteBatch batch;
    REQUIRE_OK(batch.Upsert(table, partition_key, clustering, cells));
    Write(batch);
  }
  /// Calls `check` on the table: in memory, reopened from the log, from one SSTable, and from a merged one.
  template <typename Check>
  void InEveryPlace(const std::string& name, const Check& check) {
    check(ValueOf(database_->OpenTable(name)));
    database_.reset();
    Open();
    check(ValueOf(database_->OpenTable(name)));
    REQUIRE_OK(database_->Flush());
    check(ValueOf(database_->OpenTable(name)));
    REQUIRE_OK(database_->Compact(name));
    REQUIRE_OK(database_->Close());
    Open();
    check(ValueOf(database_->OpenTable(name)));
  }
  /// The row, which must be there.
  Row Read(const Table& table, Values partition_key, Values clustering) {
    Row row;
    REQUIRE(ValueOf(database_->ReadRow(ReadOptions(), table, partition_key, clustering, {}, &row)));
    return row;
  }
  uint64_t CountRows(const Query& query) {
    Cursor cursor = ValueOf(database_->Read(ReadOptions(), query));
    uint64_t rows = 0;
    while (cursor.Next()) ++rows;
    REQUIRE_OK(cursor.status());
    return rows;
  }

 private:
  void Open() { database_ = ValueOf(Database::Open(options_, "db")); }

  SimFileSystem files_;
  SimEnv sim_;
  Options options_;
  std::unique_ptr<Database> database_;
};

/// The message of an error that the caller can do something about.
std::string Refusal(const absl::Status& status) {
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(FromAbsl(status.message()));
}

bool Contains(const std::string& text, const std::string& part) {
  INFO(text.substr(0, 1000));
  INFO(part);
  const bool contains = text.find(part) != std::string::npos;
  CHECK(contains);
  return contains;
}

// Goal: names of 222 bytes work for all that has a name, one byte more is refused. Method: a table and a type
// in a keyspace, columns and fields; each made one byte longer.
TEST_CASE("limits: names") {
  Site site;
  const std::string longest(kNameBytesMax, 'n');
  const std::string longer = longest + "n";
  const std::string qualified = longest + "." + longest;
  const DataType type = ValueOf(site.database().CreateType(qualified, {{longest, DataType(TypeKind::kInt)}}));
  const auto table = [&](const std::string& name, const std::string& column) {
    TableSchema::Builder builder(name);
    builder.PartitionKey("key", TypeKind::kInt).Clustering("c", TypeKind::kInt).Regular(column, type);
    return builder;
  };
  const std::string address = ValueOf(SerializeComposite(type, {5}));
  const Table made = site.Create(table(qualified, longest));
  site.Upsert(made, {1}, {2}, {{made->FindColumn(longest)->id, Value::Composite(address)}});
  site.InEveryPlace(qualified, [&](const Table& found) {
    CHECK(site.Read(found, {1}, {2})[0].bytes() == address);
    CHECK(ValueOf(site.database().FindType(qualified)) == found->FindColumn(longest)->type);
  });

  const std::string fault = "name has 223 bytes, allowed are 1 to 222";
  Contains(Refusal(table(longest + "." + longer, "v").Build().status()), fault);
  Contains(Refusal(table(longer + "." + longest, "v").Build().status()), "keyspace: " + fault);
  Contains(Refusal(table("t", longer).Build().status()), "table t: column " + longest + "..: " + fault);
  Contains(
      Refusal(site.database().AlterTable(qualified, TableAlteration().RenameColumn("key", longer)).status()),
      fault);
  Contains(Refusal(site.database().CreateType(longer, {{"f", DataType(TypeKind::kInt)}}).status()), fault);
  Contains(Refusal(site.database().CreateType("u", {{longer, DataType(TypeKind::kInt)}}).status()),
           "type u: field " + longest + "..: " + fault);
}

// Goal: keys of 65,535 bytes work wherever keys are taken, however long their encoding is. Method: bytes that
// the encoding makes twice as long, found by key, in both directions and by their range; a byte more.
TEST_CASE("limits: keys") {
  Site site;
  const Table made = site.Create(TableSchema::Builder("t")
                                     .PartitionKey("k", TypeKind::kBlob)
                                     .Clustering("a", TypeKind::kBlob)
                                     .Clustering("b", TypeKind::kText, ClusteringOrder::kDescending)
                                     .Regular("v", TypeKind::kInt));
  const ColumnId v = made->FindColumn("v")->id;
  const std::string zeros(kKeyBytesMax, '\0');
  const std::string half(kKeyBytesMax / 2, '\0');
  const std::string rest(kKeyBytesMax - half.size(), 'b');
  const Value key = Value::Bytes(zeros);
  site.Upsert(made, {key}, {key, ""}, {{v, 1}});
  site.Upsert(made, {key}, {Value::Bytes(half), rest}, {{v, 2}});
  site.Upsert(made, {key}, {Value::Bytes(half), ""}, {{v, 3}});
  site.InEveryPlace("t", [&](const Table& table) {
    CHECK(site.Read(table, {key}, {key, ""})[0] == Value(1));
    CHECK(site.Read(table, {key}, {Value::Bytes(half), rest})[0] == Value(2));
    for (const bool reverse : {false, true}) {
      Query slice(table);
      slice.Partition({key}).Slice(ClusteringRange::Prefix({Value::Bytes(half)}));
      CHECK(site.CountRows(reverse ? slice.Reverse() : slice) == 2);
    }
  });
  WriteBatch batch;
  REQUIRE_OK(batch.DeleteRange(made, {key}, ClusteringRange::Prefix({Value::Bytes(half)})));
  site.Write(batch);
  site.InEveryPlace("t", [&](const Table& table) {
    Query all(table);
    CHECK(site.CountRows(all.Partition({key})) == 1);
  });

  batch.Clear();
  const std::string longer = zeros + "b";
  CHECK(Refusal(batch.Upsert(made, {Value::Bytes(longer)}, {key, ""}, {})) ==
        "table t: partition key (k): given 65536 bytes, allowed are 1 to 65535");
  CHECK(Refusal(batch.Upsert(made, {key}, {Value::Bytes(longer), ""}, {})) ==
        "table t: column a: given 65536 bytes, expected at most 65535 in a key");
  CHECK(Refusal(batch.Upsert(made, {key}, {key, "b"}, {})) ==
        "table t: clustering key (a, b): given 65536 bytes, allowed are 0 to 65535");
  CHECK(Refusal(batch.DeleteRange(made, {key}, ClusteringRange::Prefix({key, "b"}))) ==
        "table t: clustering key (a, b): given 65536 bytes, allowed are 0 to 65535");
  Query query(made);
  query.Partition({Value::Bytes(longer)});
  Contains(Refusal(site.database().Read(ReadOptions(), query).status()), "given 65536 bytes");
  CHECK(batch.empty());
}

// Goal: a key may have as many columns as its bytes allow: of a partition key each takes three more than its
// value. Method: as many as fit, and one more; as many clustering columns.
TEST_CASE("limits: components of keys") {
  Site site;
  constexpr size_t kMost = kKeyBytesMax / 4;
  const auto table = [](size_t components) {
    TableSchema::Builder builder(StrCat("t", components));
    for (size_t i = 0; i < components; ++i) {
      builder.PartitionKey(StrCat("k", i), TypeKind::kTinyint);
      builder.Clustering(StrCat("c", i), TypeKind::kTinyint);
    }
    return builder.Regular("v", TypeKind::kInt);
  };
  const Table made = site.Create(table(kMost));
  std::vector<Value> values(kMost, Value(7));
  site.Upsert(made, values, values, {{made->FindColumn("v")->id, 1}});
  site.InEveryPlace(made->name(),
                    [&](const Table& found) { CHECK(site.Read(found, values, values)[0] == Value(1)); });

  const Table wider = site.Create(table(kMost + 1));
  values.emplace_back(7);
  WriteBatch batch;
  Contains(Refusal(batch.Upsert(wider, values, values, {})), "given 65536 bytes, allowed are 1 to 65535");
}

// Goal: a table of 65,535 columns works, with a value in each. Method: one row of all, one of the last; a
// column more, made with the table and added to it.
TEST_CASE("limits: columns") {
  Site site;
  const auto table = [](size_t columns) {
    TableSchema::Builder builder("t");
    builder.PartitionKey("k", TypeKind::kInt);
    for (size_t i = 1; i < columns; ++i) builder.Regular(StrCat("v", i), TypeKind::kInt);
    return builder;
  };
  const Table made = site.Create(table(kColumnsMax));
  std::vector<Assignment> cells;
  for (const Column& column : made->regular()) {
    cells.push_back({column.id, static_cast<int32_t>(column.id)});
  }
  site.Upsert(made, {1}, {}, cells);
  site.Upsert(made, {2}, {}, {cells.back()});
  site.InEveryPlace("t", [&](const Table& found) {
    const Row all = site.Read(found, {1}, {});
    const Row one = site.Read(found, {2}, {});
    size_t right = 0;
    for (size_t i = 0; i < cells.size(); ++i) {
      const bool last = i + 1 == cells.size();
      right += all[i] == cells[i].value && one[i] == (last ? cells[i].value : Value()) ? 1 : 0;
    }
    CHECK(right == kColumnsMax - 1);
  });

  const std::string fault = "table t: has 65536 columns, allowed are at most 65535";
  CHECK(Refusal(table(kColumnsMax + 1).Build().status()) == fault);
  CHECK(Refusal(site.database().AlterTable("t", TableAlteration().AddColumn("w", TypeKind::kInt)).status()) ==
        fault);
}

/// Frozen lists in one another, `depth` types in all.
DataType Nested(size_t depth) {
  DataType type = TypeKind::kInt;
  for (size_t i = 1; i < depth; ++i) type = DataType::List(std::move(type)).Frozen();
  return type;
}

// Goal: the deepest and widest types there are work as columns; the next are refused when the table is made.
// Method: lists in lists, a tuple and a user type of 65,535 components, a vector of 8,192 numbers.
TEST_CASE("limits: types") {
  Site site;
  std::vector<TypeField> fields;
  std::vector<Value> components;
  for (size_t i = 0; i < kTupleComponentsMax; ++i) {
    fields.push_back({StrCat("f", i), DataType(TypeKind::kInt)});
    components.emplace_back(static_cast<int32_t>(i));
  }
  const DataType user_type = ValueOf(site.database().CreateType("u", fields));
  const DataType tuple = DataType::Tuple(std::vector<DataType>(kTupleComponentsMax, TypeKind::kInt));
  const DataType vector = DataType::Vector(TypeKind::kFloat, kVectorDimensionMax);
  const DataType nested = Nested(kTypeDepthMax);

  std::string nest = ValueOf(SerializeComposite(Nested(2), {7}));
  for (size_t depth = 3; depth <= kTypeDepthMax; ++depth) {
    nest = ValueOf(SerializeComposite(Nested(depth), {Value::Composite(nest)}));
  }
  const std::string wide = ValueOf(SerializeComposite(tuple, components));
  const std::string user = ValueOf(SerializeComposite(user_type, components));
  const std::string numbers =
      ValueOf(SerializeComposite(vector, std::vector<Value>(kVectorDimensionMax, Value(0.5F))));
  const std::vector<DataType> types = {nested, tuple, user_type, vector};
  const std::vector<std::string> values = {nest, wide, user, numbers};

  TableSchema::Builder builder("t");
  builder.PartitionKey("k", TypeKind::kInt);
  for (size_t i = 0; i < types.size(); ++i) builder.Regular(StrCat("v", i), types[i]);
  const Table made = site.Create(builder);
  std::vector<Assignment> cells;
  for (size_t i = 0; i < types.size(); ++i) {
    cells.push_back({made->regular()[i].id, Value::Composite(values[i])});
  }
  site.Upsert(made, {1}, {}, cells);
  site.InEveryPlace("t", [&](const Table& found) {
    const Row row = site.Read(found, {1}, {});
    for (size_t i = 0; i < types.size(); ++i) CHECK((row[i].bytes() == values[i]));
  });

  const auto refusal = [](const DataType& type) {
    return Refusal(
        TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Regular("v", type).Build().status());
  };
  CHECK(refusal(Nested(kTypeDepthMax + 1)) ==
        "table t: column v: a type has 33 types inside one another, allowed are at most 32");
  Contains(refusal(DataType::Tuple(std::vector<DataType>(kTupleComponentsMax + 1, TypeKind::kInt))),
           "has 65536 components, allowed are 1 to 65535");
  Contains(refusal(DataType::Vector(TypeKind::kFloat, kVectorDimensionMax + 1)),
           "dimension 8193, allowed are 1 to 8192");
  const TypeAlteration one_more = TypeAlteration().AddField("more", TypeKind::kInt);
  Contains(Refusal(site.database().AlterType("u", one_more).status()),
           "has 65536 fields, allowed are 1 to 65535");
}

// Goal: a type of a million parts works. Method: tuples in tuples, with a null in each place; the next that
// can be made so is refused.
TEST_CASE("limits: parts of types") {
  Site site;
  // 1 + 999 * 1001 parts, and one column's worth more.
  const auto type = [](size_t columns) {
    return DataType::Tuple(
        std::vector<DataType>(columns, DataType::Tuple(std::vector<DataType>(1000, TypeKind::kInt))));
  };
  const auto table = [](const DataType& of) {
    TableSchema::Builder builder("t");
    return builder.PartitionKey("k", TypeKind::kInt).Regular("v", of);
  };
  const DataType most = type(999);
  REQUIRE(most.part_count() == 1 + 999 * 1001);
  const Table made = site.Create(table(most));
  const std::string value = ValueOf(SerializeComposite(most, {nullptr, nullptr}));
  site.Upsert(made, {1}, {}, {{made->FindColumn("v")->id, Value::Composite(value)}});
  site.InEveryPlace("t", [&](const Table& found) {
    CHECK(site.Read(found, {1}, {})[0].bytes() == value);
    CHECK(found->FindColumn("v")->type == most);
  });
  CHECK(Refusal(table(type(1000)).Build().status()) ==
        "table t: column v: a type has 1001001 parts, allowed are at most 1000000");
}

// Goal: what orders elements has the limits of keys. Method: the longest element of a set, key of a map,
// varint and decimal; a byte more.
TEST_CASE("limits: elements of sets and keys of maps") {
  Site site;
  const DataType set = DataType::Set(TypeKind::kText);
  const DataType map = DataType::Map(TypeKind::kBlob, TypeKind::kInt);
  const DataType varints = DataType::Set(TypeKind::kVarint);
  const DataType decimals = DataType::Set(TypeKind::kDecimal);
  const Table made = site.Create(TableSchema::Builder("t")
                                     .PartitionKey("k", TypeKind::kInt)
                                     .Regular("set", set)
                                     .Regular("map", map)
                                     .Regular("varints", varints)
                                     .Regular("decimals", decimals));
  const auto id = [&](const char* name) { return made->FindColumn(name)->id; };
  const std::string text(kKeyBytesMax, 't');
  const std::string zeros(kKeyBytesMax, '\0');
  const std::string varint(kKeyBytesMax, '\1');
  const std::string decimal = std::string(4, '\0') + std::string(4092, '\1');
  const auto one = [](const DataType& type, const Value& element) {
    return ValueOf(SerializeComposite(type, {element}));
  };
  const std::string texts = one(set, text);
  const std::string numbers = one(varints, Value::Bytes(varint));
  const std::string fractions = one(decimals, Value::Bytes(decimal));
  site.Upsert(made, {1}, {},
              {Assignment::Add(id("set"), Value::Composite(texts)),
               Assignment::Put(id("map"), Value::Bytes(zeros), 7),
               Assignment::Add(id("varints"), Value::Composite(numbers)),
               Assignment::Add(id("decimals"), Value::Composite(fractions))});
  site.InEveryPlace("t", [&](const Table& found) {
    const Row row = site.Read(found, {1}, {});
    CHECK((row[0].bytes() == texts));
    CHECK((row[2].bytes() == numbers));
    CHECK((row[3].bytes() == fractions));
    Elements entries = row.view().elements(1);
    ElementView entry;
    REQUIRE(entries.Next(&entry));
    CHECK((entry.key == Value::Bytes(zeros)));
    CHECK(entry.value == Value(7));
  });

  WriteBatch batch;
  const std::string longer = text + "t";
  const std::string long_texts = one(set, longer);
  const std::string fault = "given an element or key of 65536 bytes, allowed are at most 65535";
  CHECK(Refusal(batch.Update(made, {1}, {}, {Assignment::Add(id("set"), Value::Composite(long_texts))})) ==
        "table t: column set: " + fault);
  CHECK(Refusal(batch.Update(made, {1}, {}, {Assignment::Put(id("map"), Value::Bytes(longer), 7)})) ==
        "table t: column map: " + fault);
  CHECK(Refusal(SerializeComposite(decimals, {Value::Bytes(decimal + "1")}).status()) ==
        "element 1: given 4097 bytes, expected at most 4096 in a key");
  Contains(Refusal(SerializeComposite(varints, {Value::Bytes(varint + "1")}).status()),
           "given 65536 bytes, expected at most 65535 in a key");
  CHECK(batch.empty());
}

// Goal: timestamps from the first to the last, and the longest time to live. Method: each written and read,
// the next refused.
TEST_CASE("limits: timestamps and times to live") {
  Site site;
  const Table made =
      site.Create(TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Regular("v", TypeKind::kInt));
  const ColumnId v = made->FindColumn("v")->id;
  constexpr int64_t kFirst = std::numeric_limits<int64_t>::min() + 1;
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
  constexpr int32_t kLongest = 630'720'000;
  WriteBatch batch;
  REQUIRE_OK(batch.Update(made, {1}, {}, {{v, 1}}, {kFirst, std::nullopt}));
  REQUIRE_OK(batch.Update(made, {2}, {}, {{v, 2}}, {kLast, std::nullopt}));
  REQUIRE_OK(batch.Update(made, {3}, {}, {{v, 3}}, {std::nullopt, kLongest}));
  site.Write(batch);
  site.InEveryPlace("t", [&](const Table& found) {
    CHECK(site.Read(found, {1}, {}).view().write_timestamp(0) == kFirst);
    CHECK(site.Read(found, {2}, {}).view().write_timestamp(0) == kLast);
    CHECK(site.Read(found, {3}, {}).view().expiry(0) == SimEnv::kStartMicros / 1'000'000 + kLongest);
  });
  batch.Clear();
  REQUIRE_OK(batch.DeletePartition(made, {1}, {kFirst, std::nullopt}));
  REQUIRE_OK(batch.DeletePartition(made, {2}, {kLast, std::nullopt}));
  site.Write(batch);
  site.InEveryPlace("t", [&](const Table& found) { CHECK(site.CountRows(Query(found)) == 1); });

  batch.Clear();
  CHECK(Refusal(batch.Update(made, {1}, {}, {{v, 1}}, {kFirst - 1, std::nullopt})) ==
        "table t: the write timestamp -9223372036854775808 is reserved");
  CHECK(Refusal(batch.Update(made, {1}, {}, {{v, 1}}, {std::nullopt, kLongest + 1})) ==
        "table t: time to live 630720001 is not in 0 to 630720000 seconds");
  CHECK(Refusal(batch.Update(made, {1}, {}, {{v, 1}}, {std::nullopt, -1})) ==
        "table t: time to live -1 is not in 0 to 630720000 seconds");
  CHECK(batch.empty());
}

// Goal: options are bounded, nothing is clipped. Method: both ends of each range, and the values beside them.
TEST_CASE("limits: options of databases and tables") {
  const auto database = [](const std::string& name, auto Options::*option, int64_t least, int64_t most) {
    const auto fault = [&](int64_t value) {
      Options options;
      options.wal_segment_bytes = 16 << 20;
      options.wal_bytes_max = uint64_t{1} << 32;
      options.*option = static_cast<std::remove_reference_t<decltype(options.*option)>>(value);
      return std::string(FromAbsl(options.Validate().message()));
    };
    const std::string range = StrCat(", allowed are ", least, " to ", most);
    CHECK(fault(least).empty());
    CHECK(fault(most).empty());
    CHECK(fault(least - 1) == StrCat("options: ", name, " is ", least - 1, range));
    CHECK(fault(most + 1) == StrCat("options: ", name, " is ", most + 1, range));
  };
  database("memory_budget_bytes", &Options::memory_budget_bytes, 64 << 10, int64_t{1} << 46);
  database("background_threads", &Options::background_threads, 1, 64);
  database("sync_interval_ms", &Options::sync_interval_ms, 1, 3'600'000);
  database("wal_segment_bytes", &Options::wal_segment_bytes, 4 << 10, 1 << 30);
  database("wal_bytes_max", &Options::wal_bytes_max, 32 << 20, int64_t{1} << 46);
  database("compaction_bytes_per_second, if not 0,", &Options::compaction_bytes_per_second, 4 << 10,
           int64_t{1} << 40);
  database("inline_value_bytes_max", &Options::inline_value_bytes_max, 16, kCellBytesMax);

  const auto level = [](int value) {
    TableOptions options;
    options.compression_level = value;
    return TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Options(options).Build().status();
  };
  REQUIRE_OK(level(0));
  REQUIRE_OK(level(19));
  CHECK(Refusal(level(-1)) == "table t: option compression_level is -1, allowed are 0 to 19");
  CHECK(Refusal(level(20)) == "table t: option compression_level is 20, allowed are 0 to 19");
}

// Goal: a batch of 1 GiB is written, one byte more refused. Method: large values, and a last one that fills
// what is left; on real files.
TEST_CASE("limits: bytes of a batch") {
  TempDirectory directory;
  const Options options;
  std::unique_ptr<Database> database = ValueOf(Database::Open(options, directory.path() + "/db"));
  const Table table = ValueOf(database->CreateTable(ValueOf(
      TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Regular("v", TypeKind::kBlob).Build())));
  const ColumnId v = table->FindColumn("v")->id;
  constexpr size_t kBatchBytesMax = size_t{1} << 30;
  const std::string value(64 << 20, 'v');
  WriteBatch batch;
  int32_t key = 0;
  while (batch.byte_count() + value.size() + 100 < kBatchBytesMax) {
    REQUIRE_OK(batch.Upsert(table, {key++}, {}, {{v, Value::Bytes(value)}}));
  }
  // Of what stands around a value the batch counts some bytes more than there are in the end.
  const std::string_view rest = std::string_view(value).substr(0, kBatchBytesMax - batch.byte_count());
  CHECK(Refusal(batch.Upsert(table, {key}, {}, {{v, Value::Bytes(rest)}})) ==
        "write batch: would exceed 1073741824 bytes");
  REQUIRE_OK(batch.Upsert(table, {key}, {}, {{v, Value::Bytes(rest.substr(80))}}));
  REQUIRE_OK(database->Write(WriteOptions(), batch));
  batch = WriteBatch();
  REQUIRE_OK(database->Close());
  database = ValueOf(Database::Open(options, directory.path() + "/db"));
  Row row;
  for (const int32_t at : {0, key}) {
    REQUIRE(ValueOf(database->ReadRow(ReadOptions(), table, {at}, {}, {}, &row)));
    CHECK((row[0].bytes() == (at == key ? rest.substr(80) : std::string_view(value))));
  }
}

}  // namespace
}  // namespace stoa
