#include "types/composite_literals.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "types/composite_codec.h"
#include "types/identifier.h"
#include "types/literals.h"
#include "types/type_rules.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

struct Brackets {
  char open;
  char close;
};

Brackets BracketsOf(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kList:
    case TypeKind::kVector:
      return {'[', ']'};
    case TypeKind::kTuple:
      return {'(', ')'};
    default:
      return {'{', '}'};
  }
}

class CompositeParser {
 public:
  explicit CompositeParser(std::string_view text) : rest_(text) {}

  /// The whole text is one literal.
  absl::Status ParseAll(const DataType& type, std::string* serialized) {
    STOA_RETURN_IF_ERROR(ParseComposite(type, serialized));
    SkipSpace(&rest_);
    return rest_.empty() ? absl::OkStatus() : Error(type, "the end");
  }

 private:
  absl::Status Error(const DataType& type, std::string_view expected) const {
    constexpr size_t kShown = 40;
    return InvalidArgument("not a literal of type ", type.ToString(), ": expected ", expected, " at ",
                           rest_.empty() ? "the end" : rest_.substr(0, kShown));
  }

  bool Take(std::string_view wanted) {
    SkipSpace(&rest_);
    if (!absl::StartsWith(ToAbsl(rest_), ToAbsl(wanted))) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  absl::Status Expect(const DataType& type, char c) {
    const std::string wanted(1, c);
    return Take(wanted) ? absl::OkStatus() : Error(type, wanted);
  }

  absl::Status ParseComposite(const DataType& type, std::string* out) {
    if (HasEmptyValue(type) && Take("''")) return absl::OkStatus();
    const Brackets brackets = BracketsOf(type);
    STOA_RETURN_IF_ERROR(Expect(type, brackets.open));
    if (type.kind() == TypeKind::kUserType) return ParseFields(type, out);
    const size_t start = out->size();
    if (type.is_collection()) out->append(sizeof(int32_t), '\0');
    const std::string close(1, brackets.close);
    size_t index = 0;
    int32_t groups = 0;
    for (; !Take(close); ++groups) {
      if (index != 0) STOA_RETURN_IF_ERROR(Expect(type, ','));
      STOA_RETURN_IF_ERROR(ParseElement(type, index++, out));
      if (type.kind() != TypeKind::kMap) continue;
      STOA_RETURN_IF_ERROR(Expect(type, ':'));
      STOA_RETURN_IF_ERROR(ParseElement(type, index++, out));
    }
    if (type.is_collection()) StoreBig(out->data() + start, groups);
    if (type.kind() == TypeKind::kVector && index != type.dimension()) {
      return InvalidArgument("given ", index, " elements, expected ", type.ToString());
    }
    if (index == 0 && type.kind() == TypeKind::kTuple) return Error(type, "a component before this");
    return absl::OkStatus();
  }

  /// What stands in the braces of a user type.
  absl::Status ParseFields(const DataType& type, std::string* out) {
    const std::vector<std::string>& names = type.field_names();
    std::vector<std::string> fields(names.size());  // each as an element of the value; empty: not given
    for (bool first = true; !Take("}"); first = false) {
      if (!first) STOA_RETURN_IF_ERROR(Expect(type, ','));
      std::string name;
      bool quoted = false;
      SkipSpace(&rest_);
      if (!TakeIdentifier(&rest_, &name, &quoted)) return Error(type, "the name of a field");
      const auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) return InvalidArgument(type.ToString(), " has no field ", Identifier(name));
      const auto index = static_cast<size_t>(found - names.begin());
      if (!fields[index].empty()) return InvalidArgument("field ", Identifier(name), " is given twice");
      STOA_RETURN_IF_ERROR(Expect(type, ':'));
      STOA_RETURN_IF_ERROR(ParseElement(type, index, &fields[index]));
    }
    for (const std::string& field : fields) {
      if (field.empty()) {
        AppendElement(type, {true, {}}, out);
      } else {
        out->append(field);
      }
    }
    return absl::OkStatus();
  }

  absl::Status ParseElement(const DataType& type, size_t index, std::string* out) {
    if (type.kind() == TypeKind::kTuple && index >= type.parameters().size()) {
      return InvalidArgument("more than ", type.parameters().size(), " components, expected ",
                             type.ToString());
    }
    const DataType& element_type = ElementType(type, index);
    SkipSpace(&rest_);
    const std::string_view before = rest_;
    const std::string_view token = TakeToken();
    if (absl::EqualsIgnoreCase(ToAbsl(token), "null")) {
      if (!type.has_components()) return InvalidArgument("null cannot be an element of ", type.ToString());
      AppendElement(type, {true, {}}, out);
      return absl::OkStatus();
    }
    const size_t start = BeginElement(type, out);
    if (element_type.is_composite()) {
      rest_ = before;
      STOA_RETURN_IF_ERROR(ParseComposite(element_type, out));
    } else {
      std::string serialized;
      STOA_RETURN_IF_ERROR(internal::ParseScalarLiteral(element_type, token, &serialized));
      out->append(serialized);
    }
    const size_t fixed = type.kind() == TypeKind::kVector ? FixedElementBytes(element_type) : 0;
    if (fixed != 0 && out->size() - start != fixed) {
      return InvalidArgument("the empty value cannot be an element of ", type.ToString());
    }
    EndElement(type, start, out);
    return absl::OkStatus();
  }

  /// A literal in quotes, or all up to what can only stand behind one.
  std::string_view TakeToken() {
    size_t size = 0;
    if (rest_.substr(0, 1) == "'") {
      for (size = 1; size < rest_.size(); ++size) {
        if (rest_[size] == '\'' && (++size == rest_.size() || rest_[size] != '\'')) break;
      }
    } else {
      size = std::min(rest_.find_first_of(",:]})"), rest_.size());
    }
    size = std::min(size, rest_.size());
    const std::string_view token = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return FromAbsl(absl::StripTrailingAsciiWhitespace(ToAbsl(token)));
  }

  std::string_view rest_;
};

void Format(const DataType& type, std::string_view bytes, std::string* out);

/// What stands between the brackets.
void FormatElements(const DataType& type, std::string_view rest, std::string* out) {
  const bool is_map = type.kind() == TypeKind::kMap;
  size_t count = 0;
  bool ok = TakeElementCount(type, &rest, &count);
  for (size_t i = 0; ok && HasElement(type, rest, i, count); ++i) {
    if (i != 0) *out += is_map && i % 2 == 1 ? ": " : ", ";
    if (type.kind() == TypeKind::kUserType) *out += StrCat(Identifier(type.field_names()[i]), ": ");
    Element element;
    ok = TakeElement(type, &rest, &element);
    if (element.is_null) {
      *out += "null";
    } else {
      Format(ElementType(type, i), element.bytes, out);
    }
  }
}

void Format(const DataType& type, std::string_view bytes, std::string* out) {
  if (!type.is_composite() || (bytes.empty() && HasEmptyValue(type))) {
    *out += FormatLiteral(type, FromBytes(type, bytes));
    return;
  }
  const Brackets brackets = BracketsOf(type);
  out->push_back(brackets.open);
  FormatElements(type, bytes, out);
  out->push_back(brackets.close);
}

}  // namespace

absl::Status ParseCompositeLiteral(const DataType& type, std::string_view text, std::string* serialized) {
  STOA_RETURN_IF_ERROR(ValidateType(type.Frozen()));  // that it has the types it is made of
  std::string given;
  STOA_RETURN_IF_ERROR(CompositeParser(text).ParseAll(type, &given));
  std::string scratch;
  std::string_view canonical;
  STOA_RETURN_IF_ERROR(CanonicalComposite(type, given, &scratch, &canonical));
  *serialized = canonical;
  return absl::OkStatus();
}

std::string FormatCompositeLiteral(const DataType& type, std::string_view bytes) {
  std::string out;
  Format(type, bytes, &out);
  return out;
}

}  // namespace stoa
