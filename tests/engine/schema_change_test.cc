#include "engine/schema_change.h"

#include <memory>

#include "schema/schema_editor.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

using Kind = SchemaChange::Kind;

constexpr TableId kId = 5;

Table SchemaOf(TableId id) {
  return std::make_shared<const TableSchema>(
      SchemaEditor::Create(id, ValueOf(TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Build())));
}

Table Altered(const Table& table) {
  TableAlteration alteration;
  alteration.AddColumn("added" + std::to_string(table->version()), TypeKind::kInt);
  return std::make_shared<const TableSchema>(ValueOf(SchemaEditor::Apply(*table, alteration)));
}

SchemaChange Change(Kind kind, TableId table, const Table& schema) {
  SchemaChange change;
  change.kind = kind;
  change.table = table;
  change.schema = schema;
  return change;
}

/// Applies the change as replaying does. Returns whether there was anything to do.
bool Replay(const SchemaChange& change, uint64_t sequence, DatabaseState* state) {
  VersionEdit edit;
  if (!change.MakeEdit(*state, sequence, &edit)) return false;
  REQUIRE_OK(state->Apply(edit));
  return true;
}

/// A state with the table and a file of it.
DatabaseState StateWith(const Table& table, uint64_t flushed_sequence) {
  DatabaseState state;
  VersionEdit edit;
  edit.tables = {table};
  edit.flushed = {{table->id(), flushed_sequence}};
  SSTableMetadata file;
  file.number = 3;
  file.table = table->id();
  edit.added_files = {file};
  REQUIRE_OK(state.Apply(edit));
  return state;
}

}  // namespace

// Goal: a schema change whose manifest edit survived is not done again when its log record is replayed,
// whatever has happened since; one whose edit was lost is. Method: each kind before, at and after its moment.
TEST_CASE("a schema change is replayed once [rule]") {
  const Table first = SchemaOf(kId);
  const Table second = Altered(first);

  SECTION("creating") {
    DatabaseState state;
    state.next_table_id = kId;
    const SchemaChange create = Change(Kind::kPut, kId, first);
    CHECK(Replay(create, 10, &state));
    CHECK(state.tables.at(kId).flushed_sequence == 10);
    CHECK_FALSE(Replay(create, 10, &state));
    // Dropped since: it does not come back.
    CHECK(Replay(Change(Kind::kDrop, kId, nullptr), 11, &state));
    CHECK_FALSE(Replay(create, 10, &state));
    CHECK_FALSE(Replay(Change(Kind::kPut, kId, second), 10, &state));
    CHECK(state.tables.empty());
  }
  SECTION("altering") {
    DatabaseState state = StateWith(first, 7);
    const SchemaChange alter = Change(Kind::kPut, kId, second);
    CHECK_FALSE(Replay(Change(Kind::kPut, kId, first), 10, &state));
    CHECK(Replay(alter, 10, &state));
    CHECK(state.tables.at(kId).schema == second);
    CHECK(state.tables.at(kId).flushed_sequence == 7);
    CHECK_FALSE(Replay(alter, 10, &state));
    // Altered again since: the older schema does not come back.
    const Table third = Altered(second);
    CHECK(Replay(Change(Kind::kPut, kId, third), 12, &state));
    CHECK_FALSE(Replay(alter, 10, &state));
    CHECK(state.tables.at(kId).schema == third);
  }
  SECTION("dropping") {
    DatabaseState state = StateWith(first, 7);
    const SchemaChange drop = Change(Kind::kDrop, kId, nullptr);
    CHECK(Replay(drop, 10, &state));
    CHECK_FALSE(Replay(drop, 10, &state));
  }
  SECTION("truncating") {
    const SchemaChange truncate = Change(Kind::kTruncate, kId, nullptr);
    DatabaseState before = StateWith(first, 9);
    CHECK(Replay(truncate, 10, &before));
    CHECK(before.tables.at(kId).files.empty());
    CHECK(before.tables.at(kId).flushed_sequence == 10);
    // What the files hold is younger than the truncation, which is done already.
    for (const uint64_t flushed : {10, 11}) {
      DatabaseState after = StateWith(first, flushed);
      CHECK_FALSE(Replay(truncate, 10, &after));
      CHECK(after.tables.at(kId).files.size() == 1);
    }
    DatabaseState dropped;
    CHECK_FALSE(Replay(truncate, 10, &dropped));
  }
}

}  // namespace stoa
