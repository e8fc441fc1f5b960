// DataType::Parse: a type's description, read by recursive descent.
#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <stoa/types.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "types/identifier.h"
#include "types/type_names.h"

namespace stoa {
namespace {

class TypeParser {
 public:
  TypeParser(std::string_view text, const DataType::Resolver& resolver)
      : text_(text), rest_(text), resolver_(resolver) {}

  /// The whole text is one type.
  absl::StatusOr<DataType> ParseAll() {
    STOA_ASSIGN_OR_RETURN(DataType type, ParseType(1));
    if (!rest_.empty()) return Error("expected the end");
    return type;
  }

 private:
  /// `what` was expected where the text has come to.
  template <typename... Args>
  absl::Status Error(const Args&... what) const {
    constexpr size_t kShown = 40;
    const std::string found =
        rest_.empty() ? "the end"
                      : StrCat("\"", rest_.substr(0, kShown), rest_.size() > kShown ? ".." : "", "\"");
    return InvalidArgument("type \"", text_.substr(0, kShown), text_.size() > kShown ? ".." : "", "\", byte ",
                           text_.size() - rest_.size(), ": ", what..., ", found ", found);
  }

  bool Take(char c) {
    SkipSpace(&rest_);
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    SkipSpace(&rest_);
    return true;
  }
  absl::Status Expect(char c) {
    return Take(c) ? absl::OkStatus() : Error("expected '", std::string(1, c), "'");
  }

  /// `depth` is that of the type which is read: 1 for the outermost.
  absl::StatusOr<DataType> ParseType(size_t depth) {
    size_t frozen_count = 0;  // frozen<frozen<...>> is nothing that could exhaust the stack
    std::string name;
    bool quoted = false;
    const char* start = nullptr;
    while (true) {
      SkipSpace(&rest_);
      start = rest_.data();
      if (depth > kTypeDepthMax) return TooDeep();
      if (!TakeIdentifier(&rest_, &name, &quoted)) return Error("expected a type");
      if (quoted || name != "frozen") break;
      STOA_RETURN_IF_ERROR(Expect('<'));
      ++frozen_count;
    }
    SkipSpace(&rest_);
    STOA_ASSIGN_OR_RETURN(DataType type, ParseNamed(name, quoted, start, depth));
    if (frozen_count != 0 && !type.is_composite()) {
      return InvalidArgument("type ", type.ToString(),
                             " cannot be frozen; collections, tuples and user types can");
    }
    if (depth + type.depth() - 1 > kTypeDepthMax) return TooDeep();
    if (frozen_count != 0) type = type.Frozen();
    for (; frozen_count != 0; --frozen_count) STOA_RETURN_IF_ERROR(Expect('>'));
    return type;
  }

  /// Adds to the parts of the whole type.
  absl::Status Count(size_t parts) {
    part_count_ += parts;
    return part_count_ <= kTypePartsMax ? absl::OkStatus()
                                        : Error("expected no type of more than ", kTypePartsMax, " parts");
  }

  absl::Status TooDeep() const {
    return Error("expected no types inside one another deeper than ", kTypeDepthMax);
  }

  /// `start` is where the name begins.
  absl::StatusOr<DataType> ParseNamed(const std::string& name, bool quoted, const char* start, size_t depth) {
    if (!quoted) {
      STOA_RETURN_IF_ERROR(Count(1));
      for (const NamedKind& scalar : kScalarTypes) {
        if (scalar.name == name) return DataType(scalar.kind);
      }
      if (name == "varchar") return DataType(TypeKind::kText);
      const auto word = std::find(std::begin(kOtherTypeWords), std::end(kOtherTypeWords), name);
      if (word != std::end(kOtherTypeWords)) return ParseParameters(name, depth);
    }
    return ResolveUserType(name, start);
  }

  absl::StatusOr<DataType> ParseParameters(const std::string& name, size_t depth) {
    const bool is_vector = name == "vector";
    const size_t count_max = name == "tuple" ? kTupleComponentsMax : name == "map" ? 2 : 1;
    STOA_RETURN_IF_ERROR(Expect('<'));
    std::vector<DataType> parameters;
    uint32_t dimension = 0;
    do {
      if (parameters.size() == count_max)
        return Error("expected at most ", count_max, " parameters of ", name);
      STOA_ASSIGN_OR_RETURN(DataType parameter, ParseType(depth + 1));
      parameters.push_back(std::move(parameter));
    } while (!is_vector && Take(','));
    if (is_vector) {
      STOA_RETURN_IF_ERROR(Expect(','));
      STOA_RETURN_IF_ERROR(ParseDimension(&dimension));
    }
    if (name == "map" && parameters.size() != 2) return Error("expected ','");
    STOA_RETURN_IF_ERROR(Expect('>'));
    if (is_vector) return DataType::Vector(std::move(parameters[0]), dimension);
    if (name == "list") return DataType::List(std::move(parameters[0]));
    if (name == "set") return DataType::Set(std::move(parameters[0]));
    if (name == "map") return DataType::Map(std::move(parameters[0]), std::move(parameters[1]));
    return DataType::Tuple(std::move(parameters));
  }

  absl::Status ParseDimension(uint32_t* dimension) {
    const std::from_chars_result result =
        std::from_chars(rest_.data(), rest_.data() + rest_.size(), *dimension);
    if (result.ec != std::errc()) return Error("expected a dimension from 1 to ", kVectorDimensionMax);
    rest_.remove_prefix(static_cast<size_t>(result.ptr - rest_.data()));
    return absl::OkStatus();
  }

  absl::StatusOr<DataType> ResolveUserType(std::string name, const char* start) {
    if (Take('.')) {
      std::string own_name;
      bool quoted = false;
      if (!TakeIdentifier(&rest_, &own_name, &quoted)) return Error("expected the name of a type");
      name = StrCat(name, ".", own_name);
    }
    SkipSpace(&rest_);
    const DataType* found = resolver_ == nullptr ? nullptr : resolver_(name);
    if (found == nullptr) {
      return InvalidArgument("unknown type ", QualifiedIdentifier(name), " at byte ", start - text_.data());
    }
    STOA_RETURN_IF_ERROR(Count(found->part_count()));
    return *found;
  }

  const std::string_view text_;
  std::string_view rest_;
  const DataType::Resolver& resolver_;
  size_t part_count_ = 0;
};

}  // namespace

absl::StatusOr<DataType> DataType::Parse(std::string_view text, const Resolver& resolver) {
  return TypeParser(text, resolver).ParseAll();
}

}  // namespace stoa
