#include "schema/user_types.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "types/type_rules.h"

namespace stoa {
namespace {

std::vector<TypeField> FieldsOf(const DataType& type) {
  std::vector<TypeField> fields;
  for (size_t i = 0; i < type.parameters().size(); ++i) {
    fields.push_back({type.field_names()[i], type.parameters()[i]});
  }
  return fields;
}

absl::Status Inapplicable(const DataType& type, std::string_view field, std::string_view why) {
  return InvalidArgument("type ", type.user_type_name(), ": field ", field, ": ", why);
}

absl::Status ApplyStep(const DataType& type, const TypeAlteration::Step& step,
                       std::vector<TypeField>* fields) {
  const auto find = [&](std::string_view name) {
    return std::find_if(fields->begin(), fields->end(),
                        [&](const TypeField& field) { return field.name == name; });
  };
  const bool adds = step.kind == TypeAlteration::Step::Kind::kAdd;
  const std::string& new_name = adds ? step.name : step.new_name;
  if (find(new_name) != fields->end()) {
    return Inapplicable(type, step.name,
                        adds ? "cannot be added, it exists already"
                             : StrCat("cannot be renamed to ", new_name, ", which exists already"));
  }
  if (adds) {
    if (UsesUserType(step.type, type.user_type_name())) {
      return Inapplicable(type, step.name, "cannot be added, its type has the type itself inside");
    }
    fields->push_back({step.name, step.type});
    return absl::OkStatus();
  }
  const auto field = find(step.name);
  if (field == fields->end()) {
    return Inapplicable(type, step.name, "cannot be renamed, there is no such field");
  }
  field->name = step.new_name;
  return absl::OkStatus();
}

}  // namespace

const DataType* FindUserType(const DataType& type, std::string_view name) {
  if (type.kind() == TypeKind::kUserType && type.user_type_name() == name) return &type;
  for (const DataType& parameter : type.parameters()) {
    if (const DataType* found = FindUserType(parameter, name)) return found;
  }
  return nullptr;
}

bool UsesUserType(const TableSchema& schema, std::string_view name) {
  for (const auto* columns :
       {&schema.partition_key(), &schema.clustering(), &schema.static_columns(), &schema.regular()}) {
    for (const Column& column : *columns) {
      if (UsesUserType(column.type, name)) return true;
    }
  }
  return false;
}

DataType WithUserType(const DataType& type, const DataType& changed) {
  if (!UsesUserType(type, changed.user_type_name())) return type;
  const auto parameter = [&](size_t i) { return WithUserType(type.parameters()[i], changed); };
  const auto rebuilt = [&]() -> DataType {
    switch (type.kind()) {
      case TypeKind::kList:
        return DataType::List(parameter(0));
      case TypeKind::kSet:
        return DataType::Set(parameter(0));
      case TypeKind::kMap:
        return DataType::Map(parameter(0), parameter(1));
      case TypeKind::kVector:
        return DataType::Vector(parameter(0), type.dimension());
      case TypeKind::kTuple: {
        std::vector<DataType> components;
        for (size_t i = 0; i < type.parameters().size(); ++i) components.push_back(parameter(i));
        return DataType::Tuple(std::move(components));
      }
      default: {
        if (type.user_type_name() == changed.user_type_name()) return changed;
        std::vector<TypeField> fields = FieldsOf(type);
        for (size_t i = 0; i < fields.size(); ++i) fields[i].type = parameter(i);
        return DataType::UserType(type.user_type_name(), std::move(fields));
      }
    }
  }();
  return type.is_frozen() ? rebuilt.Frozen() : rebuilt;
}

absl::StatusOr<DataType> AlterUserType(const DataType& type, const TypeAlteration& alteration) {
  std::vector<TypeField> fields = FieldsOf(type);
  for (const TypeAlteration::Step& step : alteration.steps()) {
    STOA_RETURN_IF_ERROR(ApplyStep(type, step, &fields));
  }
  DataType altered = DataType::UserType(type.user_type_name(), std::move(fields));
  STOA_RETURN_IF_ERROR(ValidateUserType(altered));
  return altered;
}

absl::Status CheckUserTypes(std::string_view whose, const DataType& type, const UserTypes& known) {
  if (type.kind() == TypeKind::kUserType) {
    const auto found = known.find(type.user_type_name());
    if (found == known.end()) {
      return InvalidArgument(whose, ": there is no user type ", type.user_type_name());
    }
    // Freezing both leaves what matters: names, fields and their types.
    if (type.Frozen() != found->second.Frozen()) {
      return InvalidArgument(whose, ": user type ", type.user_type_name(),
                             " has other fields in the database");
    }
  }
  for (const DataType& parameter : type.parameters()) {
    STOA_RETURN_IF_ERROR(CheckUserTypes(whose, parameter, known));
  }
  return absl::OkStatus();
}

absl::Status CheckUserTypes(const TableSchema& schema, const UserTypes& known) {
  for (const auto* columns :
       {&schema.partition_key(), &schema.clustering(), &schema.static_columns(), &schema.regular()}) {
    for (const Column& column : *columns) {
      STOA_RETURN_IF_ERROR(
          CheckUserTypes(StrCat("table ", schema.name(), ": column ", column.name), column.type, known));
    }
  }
  return absl::OkStatus();
}

TypeAlteration& TypeAlteration::AddField(std::string_view name, DataType type) {
  steps_.push_back({Step::Kind::kAdd, std::string(name), "", std::move(type)});
  return *this;
}

TypeAlteration& TypeAlteration::RenameField(std::string_view from, std::string_view to) {
  steps_.push_back({Step::Kind::kRename, std::string(from), std::string(to), TypeKind::kInt});
  return *this;
}

}  // namespace stoa
