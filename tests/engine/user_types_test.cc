// User types in the catalog: created, altered with all that uses them, dropped, kept over crashes.
#include <memory>
#include <string>
#include <vector>

#include <stoa/composite.h>
#include <stoa/database.h>

#include "base/strings.h"
#include "engine/schema_change.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"
#include "types/literals.h"

namespace stoa {
namespace {

/// A database on simulated files that can end in two ways.
struct Types {
  Types() : sim(files, 1) {
    options.env = &sim.env;
    Open();
  }
  void Open() { database = ValueOf(Database::Open(options, "db")); }
  void Reopen(bool cleanly) {
    if (cleanly) REQUIRE_OK(database->Close());
    database.reset();
    Open();
  }
  std::string Message(const absl::Status& status) {
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    return std::string(FromAbsl(status.message()));
  }

  SimFileSystem files;
  SimEnv sim;
  Options options;
  std::unique_ptr<Database> database;
};

std::vector<TypeField> Street() { return {{"street", TypeKind::kText}, {"number", TypeKind::kInt}}; }

// Goal: a type is found as it was created, over every end. Method: two types, one in the other, and both
// ends.
TEST_CASE("User types are created and found") {
  Types types;
  const DataType address = ValueOf(types.database->CreateType("ks.address", Street()));
  CHECK(address == DataType::UserType("ks.address", Street()));
  const DataType person = ValueOf(
      types.database->CreateType("ks.person", {{"name", TypeKind::kText}, {"home", address.Frozen()}}));
  for (const bool cleanly : {false, true, false}) {
    CHECK(ValueOf(types.database->FindType("ks.address")) == address);
    CHECK(ValueOf(types.database->FindType("ks.person")) == person);
    CHECK(types.database->ListTypes().size() == 2);
    types.Reopen(cleanly);
  }
  CHECK(types.database->FindType("address").status().code() == absl::StatusCode::kNotFound);
  CHECK(types.database->CreateType("ks.address", Street()).status().code() ==
        absl::StatusCode::kAlreadyExists);
  types.Message(types.database->CreateType("ks.", Street()).status());
  types.Message(types.database->CreateType("t", {}).status());
  CHECK(types.Message(types.database->CreateType("t", {{"a", DataType::UserType("other", Street()).Frozen()}})
                          .status()) == "user type t: there is no user type other");
}

// Goal: tables use types as the database has them. Method: unknown, other and right ones.
TEST_CASE("Tables use the types of the database") {
  Types types;
  const auto create = [&](const DataType& type) {
    return types.database
        ->CreateTable(ValueOf(TableSchema::Builder(StrCat("t", types.database->ListTables().size()))
                                  .PartitionKey("k", TypeKind::kInt)
                                  .Regular("v", type)
                                  .Build()))
        .status();
  };
  const DataType address = DataType::UserType("address", Street());
  CHECK(types.Message(create(address)) == "table t0: column v: there is no user type address");
  REQUIRE_OK(types.database->CreateType("address", Street()));
  REQUIRE_OK(create(address));
  REQUIRE_OK(create(DataType::List(address.Frozen())));
  CHECK(types.Message(create(DataType::UserType("address", {{"street", TypeKind::kText}}))) ==
        "table t2: column v: user type address has other fields in the database");
  CHECK(types.Message(types.database
                          ->AlterTable("t0", TableAlteration().AddColumn(
                                                 "w", DataType::UserType("town", Street()).Frozen()))
                          .status()) == "table t0: column w: there is no user type town");
}

// Goal: altering a type alters everything that uses it, at once, and old values go on being read. Method: a
// type within a type, a collection and a tuple, with a row written before.
TEST_CASE("An altered type is altered wherever it is used") {
  Types types;
  const DataType address = ValueOf(types.database->CreateType("address", Street()));
  const DataType person = ValueOf(types.database->CreateType("person", {{"home", address.Frozen()}}));
  const Table before = ValueOf(types.database->CreateTable(
      ValueOf(TableSchema::Builder("people")
                  .PartitionKey("k", TypeKind::kInt)
                  .Clustering("c", address.Frozen())
                  .Static("s", DataType::List(address.Frozen()))
                  .Regular("home", address)
                  .Regular("frozen", person.Frozen())
                  .Regular("pair", DataType::Tuple({TypeKind::kInt, address.Frozen()}))
                  .Build())));
  const Table other = ValueOf(types.database->CreateTable(
      ValueOf(TableSchema::Builder("other").PartitionKey("k", TypeKind::kInt).Build())));
  const std::string elm = ValueOf(SerializeComposite(address, {"Elm", 5}));
  const Value key = Value::Composite(elm);
  const std::string home = ValueOf(SerializeComposite(person, {key}));
  WriteBatch batch;
  REQUIRE_OK(batch.Upsert(
      before, {1}, {key},
      {{before->FindColumn("home")->id, key}, {before->FindColumn("frozen")->id, Value::Composite(home)}}));
  REQUIRE_OK(types.database->Write(WriteOptions(), batch));

  const DataType altered = ValueOf(types.database->AlterType(
      "address", TypeAlteration().AddField("town", TypeKind::kText).RenameField("number", "no")));
  CHECK(altered.field_names() == std::vector<std::string>{"street", "no", "town"});
  for (const bool cleanly : {false, true, false}) {
    CHECK(ValueOf(types.database->FindType("address")) == altered);
    CHECK(ValueOf(types.database->FindType("person")).parameters()[0] == altered.Frozen());
    const Table after = ValueOf(types.database->OpenTable("people"));
    CHECK(after->version() == before->version() + 1);
    CHECK(after->FindColumn("home")->type == altered);
    CHECK(after->FindColumn("c")->type == altered.Frozen());
    CHECK(after->FindColumn("s")->type == DataType::List(altered.Frozen()));
    CHECK(after->FindColumn("pair")->type == DataType::Tuple({TypeKind::kInt, altered.Frozen()}));
    CHECK(ValueOf(types.database->OpenTable("other"))->version() == other->version());
    Row row;
    const std::vector<ColumnId> wanted = {after->FindColumn("home")->id, after->FindColumn("frozen")->id};
    REQUIRE(ValueOf(types.database->ReadRow(ReadOptions(), after, {1}, {key}, wanted, &row)));
    CHECK(FormatLiteral(altered, row[0]) == "{street: 'Elm', no: 5, town: null}");
    CompositeReader reader(after->FindColumn("frozen")->type, row[1]);
    Value inside;
    REQUIRE(reader.Next(&inside));
    // What is one value stays as it was written; who reads it finds null in the new field.
    CompositeReader fields(altered.Frozen(), inside);
    Value field;
    for (const Value& expected : {Value("Elm"), Value(5), Value()}) {
      REQUIRE(fields.Next(&field));
      CHECK(field == expected);
    }
    types.Reopen(cleanly);
  }
}

// Goal: an alteration that does not apply changes nothing. Method: each way, after a step that would apply.
TEST_CASE("Alterations of types that do not apply") {
  Types types;
  const DataType address = ValueOf(types.database->CreateType("address", Street()));
  REQUIRE_OK(types.database->CreateType("person", {{"home", address.Frozen()}}));
  const auto refusal = [&](TypeAlteration alteration) {
    const std::string message = types.Message(types.database->AlterType("address", alteration).status());
    CHECK(ValueOf(types.database->FindType("address")) == address);
    return message;
  };
  const auto step = [] { return TypeAlteration().AddField("town", TypeKind::kText); };
  CHECK(refusal(step().AddField("street", TypeKind::kInt)) ==
        "type address: field street: cannot be added, it exists already");
  CHECK(refusal(step().RenameField("street", "town")) ==
        "type address: field street: cannot be renamed to town, which exists already");
  CHECK(refusal(step().RenameField("x", "y")) ==
        "type address: field x: cannot be renamed, there is no such field");
  CHECK(refusal(step().AddField("again", address.Frozen())) ==
        "type address: field again: cannot be added, its type has the type itself inside");
  CHECK(refusal(step().AddField("whose", ValueOf(types.database->FindType("person")).Frozen())) ==
        "type address: field whose: cannot be added, its type has the type itself inside");
  refusal(step().AddField("n", TypeKind::kCounter));
  REQUIRE_OK(types.database->CreateTable(
      ValueOf(TableSchema::Builder("t").PartitionKey("k", address.Frozen()).Build())));
  CHECK(refusal(step()) == "table t: column k: is part of the partition key: type address cannot get fields");
  REQUIRE_OK(types.database->AlterType("address", TypeAlteration().RenameField("number", "no")));
  CHECK(types.database->AlterType("town", step()).status().code() == absl::StatusCode::kNotFound);
}

// Goal: a type goes when nothing uses it, and a new one may take its name. Method: users of each kind.
TEST_CASE("Types are dropped when unused") {
  Types types;
  const DataType address = ValueOf(types.database->CreateType("address", Street()));
  REQUIRE_OK(types.database->CreateType("person", {{"home", address.Frozen()}}));
  REQUIRE_OK(types.database->CreateTable(ValueOf(TableSchema::Builder("t")
                                                     .PartitionKey("k", TypeKind::kInt)
                                                     .Regular("v", DataType::Set(address.Frozen()))
                                                     .Build())));
  CHECK(types.Message(types.database->DropType("address")) ==
        "user type address cannot be dropped: table t uses it");
  REQUIRE_OK(types.database->DropTable("t"));
  CHECK(types.Message(types.database->DropType("address")) ==
        "user type address cannot be dropped: user type person uses it");
  REQUIRE_OK(types.database->DropType("person"));
  REQUIRE_OK(types.database->DropType("address"));
  CHECK(types.database->DropType("address").code() == absl::StatusCode::kNotFound);
  REQUIRE_OK(types.database->CreateType("address", {{"only", TypeKind::kInt}}));
  for (const bool cleanly : {false, true, false}) {
    CHECK(ValueOf(types.database->FindType("address")).field_names() == std::vector<std::string>{"only"});
    CHECK(types.database->ListTypes().size() == 1);
    types.Reopen(cleanly);
  }
}

// Goal: a change of types is replayed once. Method: each kind before, at and after its moment, as replaying
// does.
TEST_CASE("a change of types is replayed once [rule]") {
  const auto replay = [](const SchemaChange& change, uint64_t sequence, DatabaseState* state) {
    std::string bytes;
    change.Encode(&bytes);
    VersionEdit edit;
    if (!ValueOf(SchemaChange::Decode(bytes)).MakeEdit(*state, sequence, &edit)) return false;
    std::string edit_bytes;
    edit.Encode(&edit_bytes);
    REQUIRE_OK(state->Apply(ValueOf(VersionEdit::Decode(edit_bytes))));
    return true;
  };
  SchemaChange put;
  put.kind = SchemaChange::Kind::kPutTypes;
  put.types = {DataType::UserType("address", Street())};
  SchemaChange drop;
  drop.kind = SchemaChange::Kind::kDropType;
  drop.type_name = "address";
  DatabaseState state;
  CHECK(replay(put, 10, &state));
  CHECK_FALSE(replay(put, 10, &state));
  CHECK(replay(drop, 11, &state));
  CHECK_FALSE(replay(put, 10, &state));
  CHECK_FALSE(replay(drop, 11, &state));
  CHECK(state.types.empty());
  DatabaseState again;
  REQUIRE_OK(again.Apply(state.AsEdit()));
  CHECK_FALSE(replay(put, 10, &again));
}

}  // namespace
}  // namespace stoa
