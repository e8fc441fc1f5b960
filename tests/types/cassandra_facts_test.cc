// What a real Cassandra said about types and the order of values (tests/cassandra/FORMAT.md, "Facts").
#include <map>
#include <string>
#include <vector>

#include <absl/strings/escaping.h>

#include <stoa/types.h>

#include "base/strings.h"
#include "support/catch.h"
#include "support/zstd_lines.h"
#include "types/byte_comparable.h"
#include "types/type_rules.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

using testing::ReadZstdLines;
using testing::Words;

/// The user types of a file, in the order of their lines.
class UserTypes {
 public:
  /// `words` of a line "type NAME { FIELD TYPE }".
  void Add(const std::vector<std::string>& words) {
    std::vector<TypeField> fields;
    for (size_t i = 2; i + 1 < words.size(); i += 2)
      fields.push_back({words[i], Parse(words[i + 1]).value()});
    types_.insert_or_assign(words[1], DataType::UserType(words[1], std::move(fields)));
  }
  absl::StatusOr<DataType> Parse(std::string_view text) const {
    return DataType::Parse(text, [this](std::string_view name) {
      if (name.substr(0, 3) == "ks.") name.remove_prefix(3);  // the keyspace they are in
      const auto found = types_.find(std::string(name));
      return found == types_.end() ? nullptr : &found->second;
    });
  }

 private:
  std::map<std::string, DataType> types_;
};

std::string Serialized(const std::string& word) {
  return word == "empty" ? "" : std::string(absl::HexStringToBytes(word));
}

/// A value as a component of a key.
std::string Component(const DataType& type, ClusteringOrder order, const std::string& word) {
  const std::string bytes = Serialized(word);
  CAPTURE(type.ToString(), word);
  const absl::StatusOr<Value> value = ParseSerialized(type, bytes);
  REQUIRE(value.ok());
  if (IsEmptyValue(type, *value)) return std::string(1, EmptyMarker(order)) + kRowEnd;
  std::string component(1, kComponentMarker);
  REQUIRE(AppendComparable(type, order, *value, &component).ok());
  return component + kRowEnd;
}

/// What Cassandra accepts, but lib/types/README.md says is refused here.
bool IsRefusedHere(const std::string& description) {
  for (const char* part : {"vector<counter", "Quoted Type", "vector<float, 8193>", "vector<float, 100000>"}) {
    if (description.find(part) != std::string::npos) return true;
  }
  return false;
}

int Sign(int number) { return number < 0 ? -1 : number > 0 ? 1 : 0; }

}  // namespace

// Goal: values are ordered as Cassandra's comparators order them, and the same types have empty values.
// Method: every recorded comparison in both orders.
TEST_CASE("cassandra: values are ordered as it orders them") {
  UserTypes user_types;
  DataType type = TypeKind::kInt;
  size_t compared = 0;
  for (const std::string& line : ReadZstdLines("tests/cassandra/transcripts/comparisons.txt.zst")) {
    const std::vector<std::string> words = Words(line);
    CAPTURE(line);
    const auto check = [&](const std::string& a, int sign, const std::string& b) {
      ++compared;
      for (ClusteringOrder order : {ClusteringOrder::kAscending, ClusteringOrder::kDescending}) {
        const int found = Sign(Component(type, order, a).compare(Component(type, order, b)));
        REQUIRE(found == (order == ClusteringOrder::kAscending ? sign : -sign));
      }
    };
    if (words[0] == "type") {
      user_types.Add(words);
    } else if (words[0] == "of") {
      type = user_types.Parse(words[1]).value();
      const bool is_counter = type.kind() == TypeKind::kCounter;  // no column has an empty one
      REQUIRE((is_counter || IsSerialized(type, "") == (words[2] != "refused")));
    } else if (words[0] == "compare") {
      check(words[1], std::stoi(words[2]), words[3]);
    } else {
      REQUIRE(words[0] == "sorted");
      for (size_t i = 2; i < words.size(); ++i) {
        const std::string a = Component(type, ClusteringOrder::kAscending, words[i - 1]);
        REQUIRE(a <= Component(type, ClusteringOrder::kAscending, words[i]));
        ++compared;
      }
    }
  }
  CHECK(compared > 1000);
}

// Goal: descriptions of types are accepted and printed as Cassandra does it. Method: every recorded
// description; the differences are those of lib/types/README.md.
TEST_CASE("cassandra: types are accepted and printed as it does") {
  UserTypes user_types;
  size_t checked = 0;
  for (const std::string& line : ReadZstdLines("tests/cassandra/transcripts/types.txt.zst")) {
    const std::vector<std::string> words = Words(line, '\t');
    CAPTURE(line);
    if (words[0] == "type") {
      user_types.Add(words);
      continue;
    }
    ++checked;
    absl::StatusOr<DataType> type = user_types.Parse(words[2]);
    absl::Status status = type.status();
    if (type.ok() && words[0] == "field") {
      status = ValidateUserType(DataType::UserType("of_field", {{"f", *type}}));
    } else if (type.ok()) {
      status = ValidateType(*type);
      if ((words[0] == "partition" || words[0] == "clustering") && !CanBeKey(*type)) {
        status = InvalidArgument("cannot be a key");
      }
    }
    CAPTURE(status.ToString());
    CHECK(status.ok() == (words[1] == "accept" && !IsRefusedHere(words[2])));
    if (!status.ok() || words.size() <= 3) continue;
    // Cassandra does not print that what is in a vector is frozen, which it is.
    CHECK(type->ToString() ==
          (words[3] == "vector<list<int>, 2>" ? "vector<frozen<list<int>>, 2>" : words[3]));
  }
  CHECK(checked > 100);
}

}  // namespace stoa
