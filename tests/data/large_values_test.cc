#include "data/large_values.h"

#include <map>
#include <string>
#include <vector>

#include <stoa/write_batch.h>

#include "base/strings.h"
#include "data/fragment.h"
#include "data/mutation.h"
#include "io/random.h"
#include "schema/schema_editor.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

constexpr size_t kInlineBytesMax = 20;

Table MakeTable() {
  return std::make_shared<const TableSchema>(
      SchemaEditor::Create(5, ValueOf(TableSchema::Builder("t")
                                          .PartitionKey("p", TypeKind::kInt)
                                          .Clustering("c", TypeKind::kInt)
                                          .Regular("a", TypeKind::kText)
                                          .Regular("n", TypeKind::kBigint)
                                          .Regular("b", TypeKind::kBlob)
                                          .Build())));
}

/// Everything that mutations say, as text; references by what `values` has for their numbers.
std::string Text(std::string_view mutations, const std::map<uint64_t, std::string>& values) {
  const FragmentContext context{1000, 50};
  MutationReader reader(mutations, context);
  Mutation mutation;
  std::string text;
  while (reader.Next(&mutation)) {
    text += StrCat("op ", mutation.kind, " ", mutation.table, " ", mutation.key, " ", mutation.clustering,
                   " ", mutation.end, " ", mutation.deletion.timestamp, "\n");
    if (mutation.kind != mutation_op::kRow) continue;
    REQUIRE(IsValidFragment(mutation.fragment));
    FragmentReader fragment(mutation.fragment, context);
    text += StrCat(" row ", fragment.has_marker(), " ", fragment.timestamp(), " ", fragment.expiry(), "\n");
    ColumnId column = 0;
    Cell cell;
    while (fragment.NextCell(&column, &cell)) {
      BlobReference reference;
      if (cell.blob) REQUIRE(ParseBlobReference(cell.bytes, &reference));
      const std::string_view bytes = cell.blob ? values.at(reference.id.number) : cell.bytes;
      text += StrCat("  ", column, " ", cell.timestamp, " ", cell.expiry, " ", cell.tombstone, cell.empty,
                     " ", cell.word, " ", bytes, "\n");
    }
    REQUIRE(fragment.ok());
  }
  REQUIRE(reader.ok());
  return text;
}

WriteBatch RandomBatch(const Table& table, Random* random) {
  const ColumnId a = table->FindColumn("a")->id;
  const ColumnId n = table->FindColumn("n")->id;
  const ColumnId b = table->FindColumn("b")->id;
  WriteBatch batch;
  for (uint64_t i = random->Uniform(8) + 1; i > 0; --i) {
    const auto p = static_cast<int32_t>(random->Uniform(3));
    const auto c = static_cast<int32_t>(random->Uniform(5));
    WriteAttributes attributes;
    if (random->OneIn(3)) attributes.timestamp_micros = static_cast<int64_t>(random->Uniform(1000));
    if (random->OneIn(3)) attributes.ttl_seconds = static_cast<int32_t>(random->Uniform(1000));
    const std::string text(random->Uniform(300), 'a');
    const std::string bytes(kInlineBytesMax + random->Uniform(2), 'b');
    switch (random->Uniform(5)) {
      case 0:
        REQUIRE_OK(batch.DeleteRow(table, {p}, {c}, attributes));
        break;
      case 1:
        REQUIRE_OK(batch.DeletePartition(table, {p}, attributes));
        break;
      case 2:
        REQUIRE_OK(batch.Update(table, {p}, {c}, {{b, Value::Bytes(bytes)}, {a, nullptr}}, attributes));
        break;
      default:
        REQUIRE_OK(batch.Upsert(table, {p}, {c}, {{a, text}, {n, int64_t{7}}, {b, Value::Bytes(bytes)}},
                                attributes));
    }
  }
  return batch;
}

}  // namespace

// Goal: a batch says the same after its large values were moved, and holds none of them. Method: random
// batches, told as text before and after.
TEST_CASE("large values are moved out of batches") {
  const Table table = MakeTable();
  Random random(1);
  size_t moved = 0;
  for (int round = 0; round < 500; ++round) {
    const WriteBatch batch = RandomBatch(table, &random);
    std::map<uint64_t, std::string> values;
    std::string mutations;
    REQUIRE_OK(MoveLargeValues(
        batch.mutations(), kInlineBytesMax,
        [&](TableId table_id, std::string_view value) -> absl::StatusOr<std::string> {
          REQUIRE(table_id == table->id());
          REQUIRE(value.size() > kInlineBytesMax);
          const uint64_t number = values.size() + 1;
          values[number] = value;
          std::string bytes;
          AppendBlobReference(&bytes, {value.substr(0, kBlobPrefixBytes), {number, 9, value.size()}, {1, 2}});
          return bytes;
        },
        &mutations));
    REQUIRE(Text(mutations, values) == Text(batch.mutations(), {}));
    REQUIRE(values.empty() == (batch.largest_value_bytes() <= kInlineBytesMax));
    size_t named = 0;
    MutationReader reader(mutations, FragmentContext{});
    Mutation mutation;
    while (reader.Next(&mutation)) {
      if (mutation.kind != mutation_op::kRow) continue;
      REQUIRE_OK(ForEachBlob(mutation.fragment, [&](const BlobId& id) {
        REQUIRE(values.at(id.number).size() == id.length);
        ++named;
        return absl::OkStatus();
      }));
    }
    REQUIRE(named == values.size());
    moved += named;
  }
  REQUIRE(moved > 500);
}

// Goal: an error of moving is the result. Method: the second value fails.
TEST_CASE("a value that cannot be moved") {
  const Table table = MakeTable();
  WriteBatch batch;
  const std::string large(100, 'x');
  REQUIRE_OK(batch.Upsert(table, {1}, {1}, {{table->FindColumn("a")->id, large}}));
  REQUIRE_OK(batch.Upsert(table, {1}, {2}, {{table->FindColumn("a")->id, large}}));
  int calls = 0;
  std::string out;
  const absl::Status status = MoveLargeValues(
      batch.mutations(), kInlineBytesMax,
      [&](TableId, std::string_view value) -> absl::StatusOr<std::string> {
        if (++calls == 2) return absl::ResourceExhaustedError("full");
        std::string bytes;
        AppendBlobReference(&bytes, {value, {1, 2, value.size()}, {}});
        return bytes;
      },
      &out);
  CHECK(status == absl::ResourceExhaustedError("full"));
}

// Goal: lists of blobs come back, and malformed ones are refused. Method: every cut.
TEST_CASE("lists of blobs") {
  const std::vector<BlobId> ids = {{1, 2, 3}, {7, ~uint64_t{0}, 1}, {~uint64_t{0}, 0, ~uint64_t{0}}};
  std::string bytes;
  AppendBlobIds(&bytes, ids);
  const auto read = [](std::string_view from, std::vector<BlobId>* to) {
    Decoder decoder(from);
    return ReadBlobIds(&decoder, to) && decoder.Done();
  };
  std::vector<BlobId> back;
  REQUIRE(read(bytes, &back));
  CHECK(back == ids);
  for (size_t size = 0; size < bytes.size(); ++size)
    CHECK(!read(std::string_view(bytes).substr(0, size), &back));
  bytes.clear();
  AppendBlobIds(&bytes, {{4, 2, 3}, {4, 2, 3}});
  CHECK(!read(bytes, &back));  // twice
}

}  // namespace stoa
