// User types of a database: see the public header. A type that is altered takes the tables and types that use
// it along, in one schema change.
#include <memory>
#include <utility>

#include <stoa/database.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/engine.h"
#include "engine/schema_change.h"
#include "schema/schema_editor.h"
#include "schema/user_types.h"
#include "types/type_rules.h"

namespace stoa {
namespace {

absl::Status NoSuchType(std::string_view name) { return NotFound("there is no user type ", name); }

/// Everything of the state that uses `altered`, with it.
absl::StatusOr<SchemaChange> ChangeOfType(const DatabaseState& state, const DataType& altered) {
  SchemaChange change;
  change.kind = SchemaChange::Kind::kPutTypes;
  for (const auto& [name, type] : state.types) {
    if (!UsesUserType(type, altered.user_type_name())) continue;
    change.types.push_back(WithUserType(type, altered));
    STOA_RETURN_IF_ERROR(ValidateUserType(change.types.back()));
  }
  for (const auto& [id, table] : state.tables) {
    if (!UsesUserType(*table.schema, altered.user_type_name())) continue;
    STOA_ASSIGN_OR_RETURN(TableSchema schema, SchemaEditor::WithType(*table.schema, altered));
    change.tables.push_back(std::make_shared<const TableSchema>(std::move(schema)));
  }
  return change;
}

/// InvalidArgument if anything uses the type.
absl::Status CheckUnused(const DatabaseState& state, std::string_view name) {
  for (const auto& [id, table] : state.tables) {
    if (UsesUserType(*table.schema, name)) {
      return InvalidArgument("user type ", name, " cannot be dropped: table ", table.schema->name(),
                             " uses it");
    }
  }
  for (const auto& [other, type] : state.types) {
    if (other != name && UsesUserType(type, name)) {
      return InvalidArgument("user type ", name, " cannot be dropped: user type ", other, " uses it");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DataType> Database::CreateType(std::string_view name, std::vector<TypeField> fields) {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  const DataType type = DataType::UserType(name, std::move(fields));
  STOA_RETURN_IF_ERROR(ValidateUserType(type));
  const auto plan = [&](const DatabaseState& state) -> absl::StatusOr<SchemaChange> {
    if (state.types.contains(name)) {
      return absl::AlreadyExistsError(StrCat("user type ", name, " exists already"));
    }
    for (const DataType& field : type.parameters()) {
      STOA_RETURN_IF_ERROR(CheckUserTypes(StrCat("user type ", name), field, state.types));
    }
    SchemaChange change;
    change.kind = SchemaChange::Kind::kPutTypes;
    change.types.push_back(type);
    return change;
  };
  STOA_RETURN_IF_ERROR(ExecuteSchemaChange(engine_->store(), engine_->log(), engine_->pipeline(), plan));
  return type;
}

absl::StatusOr<DataType> Database::AlterType(std::string_view name, const TypeAlteration& alteration) {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  DataType altered = TypeKind::kInt;
  const auto plan = [&](const DatabaseState& state) -> absl::StatusOr<SchemaChange> {
    const auto type = state.types.find(name);
    if (type == state.types.end()) return NoSuchType(name);
    STOA_ASSIGN_OR_RETURN(altered, AlterUserType(type->second, alteration));
    for (const DataType& field : altered.parameters()) {
      STOA_RETURN_IF_ERROR(CheckUserTypes(StrCat("user type ", name), field, state.types));
    }
    return ChangeOfType(state, altered);
  };
  STOA_RETURN_IF_ERROR(ExecuteSchemaChange(engine_->store(), engine_->log(), engine_->pipeline(), plan));
  return altered;
}

absl::Status Database::DropType(std::string_view name) {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  return ExecuteSchemaChange(engine_->store(), engine_->log(), engine_->pipeline(),
                             [&](const DatabaseState& state) -> absl::StatusOr<SchemaChange> {
                               if (!state.types.contains(name)) return NoSuchType(name);
                               STOA_RETURN_IF_ERROR(CheckUnused(state, name));
                               SchemaChange change;
                               change.kind = SchemaChange::Kind::kDropType;
                               change.type_name = name;
                               return change;
                             });
}

absl::StatusOr<DataType> Database::FindType(std::string_view name) const {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  const UserTypes types = engine_->store().state().types;
  const auto type = types.find(name);
  if (type == types.end()) return NoSuchType(name);
  return type->second;
}

std::vector<DataType> Database::ListTypes() const {
  std::vector<DataType> types;
  if (!engine_->CheckOpen().ok()) return types;
  const UserTypes by_name = engine_->store().state().types;
  for (const auto& [name, type] : by_name) types.push_back(type);
  return types;
}

}  // namespace stoa
