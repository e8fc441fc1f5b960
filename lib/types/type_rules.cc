#include "types/type_rules.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include <stoa/schema.h>

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "types/type_names.h"

namespace stoa {
namespace {

/// What a parameter is to its type, for messages.
std::string PlaceOf(const DataType& type, size_t parameter) {
  switch (type.kind()) {
    case TypeKind::kMap:
      return parameter == 0 ? "key" : "value";
    case TypeKind::kTuple:
      return StrCat("component ", parameter + 1);
    case TypeKind::kUserType:
      return StrCat("field ", PrintableName(type.field_names()[parameter]));
    default:
      return "element";
  }
}

/// `whose` begins every message: the type as a whole and the way into it.
absl::Status ValidateComponents(std::string_view whose, const DataType& type) {
  const size_t count = type.parameters().size();
  if (count < 1 || count > kTupleComponentsMax) {
    return InvalidArgument(whose, ": has ", count,
                           type.kind() == TypeKind::kTuple ? " components" : " fields", ", allowed are 1 to ",
                           kTupleComponentsMax);
  }
  if (type.kind() == TypeKind::kTuple) return absl::OkStatus();
  STOA_RETURN_IF_ERROR(ValidateQualifiedName(whose, type.user_type_name()));
  std::vector<std::string_view> names(type.field_names().begin(), type.field_names().end());
  for (std::string_view name : names) {
    STOA_RETURN_IF_ERROR(ValidateName(StrCat(whose, ": field ", PrintableName(name)), name));
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return absl::OkStatus();
  return InvalidArgument(whose, ": field ", *twice, " occurs twice");
}

enum class Collections : uint8_t { kFrozen, kAny };

/// A type as parameter of another.
absl::Status ValidatePlace(std::string_view whose, const DataType& outer, size_t place,
                           Collections collections) {
  const DataType& inner = outer.parameters()[place];
  if (inner.kind() == TypeKind::kCounter) {
    return InvalidArgument(whose, ": counter cannot be part of another type");
  }
  const bool ordered = outer.kind() == TypeKind::kSet || (outer.kind() == TypeKind::kMap && place == 0);
  if (ordered && inner.kind() == TypeKind::kDuration) {
    return InvalidArgument(whose, ": duration has no order and cannot be the ",
                           outer.kind() == TypeKind::kSet ? "element of a set" : "key of a map");
  }
  if (inner.is_multi_cell() && !(inner.is_collection() && collections == Collections::kAny)) {
    return InvalidArgument(whose, ": ", inner.ToString(), " must be frozen inside another type");
  }
  return absl::OkStatus();
}

/// A kind can be given without what it is a type of: DataType(TypeKind::kList).
absl::Status ValidateKind(std::string_view whose, const DataType& type) {
  const auto is_kind = [&](const NamedKind& scalar) { return scalar.kind == type.kind(); };
  if (!type.is_composite()) {
    if (std::any_of(std::begin(kScalarTypes), std::end(kScalarTypes), is_kind)) return absl::OkStatus();
    return InvalidArgument(whose, ": there is no type of kind ", static_cast<int>(type.kind()));
  }
  const size_t needed = type.kind() == TypeKind::kMap ? 2 : 1;
  if (type.has_components() || type.parameters().size() == needed) return absl::OkStatus();
  return InvalidArgument(whose, ": kind ", static_cast<int>(type.kind()), " needs the types it is made of");
}

absl::Status ValidateParts(std::string_view whose, const DataType& type, Collections collections) {
  STOA_RETURN_IF_ERROR(ValidateKind(whose, type));
  if (type.has_components()) STOA_RETURN_IF_ERROR(ValidateComponents(whose, type));
  if (type.kind() == TypeKind::kVector && (type.dimension() < 1 || type.dimension() > kVectorDimensionMax)) {
    return InvalidArgument(whose, ": dimension ", type.dimension(), ", allowed are 1 to ",
                           kVectorDimensionMax);
  }
  for (size_t i = 0; i < type.parameters().size(); ++i) {
    const std::string place = StrCat(whose, ": ", PlaceOf(type, i));
    STOA_RETURN_IF_ERROR(ValidatePlace(place, type, i, collections));
    STOA_RETURN_IF_ERROR(ValidateParts(place, type.parameters()[i], Collections::kFrozen));
  }
  return absl::OkStatus();
}

/// First the limits, so that what follows is bounded.
absl::Status ValidateWhole(const DataType& type, Collections collections) {
  if (type.depth() > kTypeDepthMax) {
    return InvalidArgument("a type has ", type.depth(), " types inside one another, allowed are at most ",
                           kTypeDepthMax);
  }
  if (type.part_count() > kTypePartsMax) {
    return InvalidArgument("a type has ", type.part_count(), " parts, allowed are at most ", kTypePartsMax);
  }
  constexpr size_t kShown = 200;
  const std::string name = type.ToString();
  return ValidateParts(StrCat("type ", name.substr(0, kShown), name.size() > kShown ? ".." : ""), type,
                       collections);
}

bool HoldsDuration(const DataType& type) {
  return type.kind() == TypeKind::kDuration ||
         std::any_of(type.parameters().begin(), type.parameters().end(), HoldsDuration);
}

}  // namespace

absl::Status ValidateType(const DataType& type) { return ValidateWhole(type, Collections::kFrozen); }

absl::Status ValidateUserType(const DataType& type) {
  if (type.kind() != TypeKind::kUserType || type.is_frozen()) {
    return InvalidArgument("type ", type.ToString(), " is not a user type that is not frozen");
  }
  return ValidateWhole(type, Collections::kAny);
}

bool CanBeKey(const DataType& type) { return !type.is_complex() && !HoldsDuration(type); }

absl::Status ValidateName(std::string_view whose, std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) {
    return InvalidArgument(whose, ": name has ", name.size(), " bytes, allowed are 1 to ", kNameBytesMax);
  }
  for (unsigned char c : name) {
    if (absl::ascii_isalnum(c) || c == '_') continue;
    return InvalidArgument(whose, ": name has the character '",
                           PrintableName(std::string(1, static_cast<char>(c))),
                           "', allowed are letters, digits and underscores");
  }
  return absl::OkStatus();
}

absl::Status ValidateQualifiedName(std::string_view whose, std::string_view name) {
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos) return ValidateName(whose, name);
  STOA_RETURN_IF_ERROR(ValidateName(StrCat(whose, ": keyspace"), name.substr(0, dot)));
  return ValidateName(whose, name.substr(dot + 1));
}

std::string PrintableName(std::string_view name) {
  const std::string escaped = absl::CHexEscape(ToAbsl(name.substr(0, kNameBytesMax)));
  return name.size() > kNameBytesMax ? escaped + ".." : escaped;
}

}  // namespace stoa
