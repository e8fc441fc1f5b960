#include "read/condition.h"

#include <optional>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/status.h"
#include "types/random_values.h"
#include "types/typed_order.h"

namespace stoa {
namespace {

using Operator = ConditionOperator;

constexpr Operator kComparing[] = {Operator::kEqual,       Operator::kNotEqual, Operator::kLess,
                                   Operator::kLessOrEqual, Operator::kGreater,  Operator::kGreaterOrEqual};

Table TableOf(const DataType& type) {
  return std::make_shared<const TableSchema>(
      ValueOf(TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Regular("v", type).Build()));
}

/// What an operator makes of an order, written down once more.
bool Expected(Operator comparison, int order) {
  const bool less[] = {false, true, true, true, false, false};
  const bool equal[] = {true, false, false, true, false, true};
  const bool greater[] = {false, true, false, false, true, true};
  const auto place = static_cast<size_t>(comparison);
  return order < 0 ? less[place] : order == 0 ? equal[place] : greater[place];
}

/// Whether a condition that was given through the public interface holds of `current`.
bool Ask(const Table& table, const ColumnCondition& condition, const Value& current) {
  const Conditions conditions = Conditions(table, {1}).If({}, condition);
  REQUIRE_OK(conditions.status());
  return ValueOf(Holds(conditions.rows()[0].columns[0], table->regular()[0].type, current));
}

bool IsRefused(const Table& table, const ColumnCondition& condition) {
  return absl::IsInvalidArgument(Conditions(table, {1}).If({}, condition).status());
}

}  // namespace

// Goal: every operator compares values of every type in the type's order. Method: random pairs, among them
// equal ones, against an order written down without encodings.
TEST_CASE("conditions compare in the order of the type") {
  Random random(7);
  for (const DataType& type : ScalarTypes()) {
    INFO(type.ToString());
    const Table table = TableOf(type);
    const ColumnId column = table->regular()[0].id;
    const bool ordered = type.kind() != TypeKind::kDuration;
    for (int i = 0; i < 400; ++i) {
      const OwnedValue a = RandomValue(type, &random);
      const OwnedValue b = random.OneIn(3) ? a : RandomValue(type, &random);
      const int order = CompareTyped(type, a.value(), b.value());
      for (const Operator comparison : kComparing) {
        if (!ordered && comparison != Operator::kEqual && comparison != Operator::kNotEqual) {
          REQUIRE(IsRefused(table, {column, comparison, b.value()}));
          continue;
        }
        INFO(a.value().ToString() << " " << static_cast<int>(comparison) << " " << b.value().ToString());
        REQUIRE(Ask(table, {column, comparison, b.value()}, a.value()) == Expected(comparison, order));
      }
      const OwnedValue c = RandomValue(type, &random);
      const bool is_c = CompareTyped(type, a.value(), c.value()) == 0;
      REQUIRE(Ask(table, ColumnCondition::In(column, {c.value(), b.value()}), a.value()) ==
              (order == 0 || is_c));
    }
  }
}

// Goal: nulls, unset and empty values are as in Cassandra 5. Method: what it answered for each, written down.
TEST_CASE("conditions with null, unset and empty values") {
  for (const DataType& type : ScalarTypes()) {
    INFO(type.ToString());
    Random random(8);
    const Table table = TableOf(type);
    const ColumnId column = table->regular()[0].id;
    const OwnedValue owned = RandomValue(type, &random);
    const Value value = owned.value();
    const Value null;
    for (const Operator comparison : kComparing) {
      const bool is_order = comparison != Operator::kEqual && comparison != Operator::kNotEqual;
      REQUIRE(IsRefused(table, {column, comparison, Value::Unset()}));
      if (is_order) {
        REQUIRE(IsRefused(table, {column, comparison, null}));
        if (type.kind() != TypeKind::kDuration) REQUIRE(!Ask(table, {column, comparison, value}, null));
        continue;
      }
      const bool equal = comparison == Operator::kEqual;
      REQUIRE(Ask(table, {column, comparison, null}, null) == equal);
      REQUIRE(Ask(table, {column, comparison, null}, value) != equal);
      REQUIRE(Ask(table, {column, comparison, value}, null) != equal);
    }
    const auto is_in = [&](Values values, const Value& current) {
      return Ask(table, ColumnCondition::In(column, values), current);
    };
    REQUIRE(!is_in({}, null));
    REQUIRE(!is_in({}, value));
    REQUIRE(is_in({value, null}, null));
    REQUIRE(is_in({null, value}, value));
    REQUIRE(!is_in({null}, value));
    REQUIRE(!is_in({value}, null));
    REQUIRE(!is_in({Value::Unset()}, value));
    REQUIRE(!is_in({Value::Unset()}, null));
    REQUIRE(is_in({Value::Unset(), value}, value));
  }
}

// Goal: an empty value is a value, the least of its type. Method: with every type's random values.
TEST_CASE("an empty value is less than every other") {
  Random random(9);
  for (const DataType& type : ScalarTypes()) {
    INFO(type.ToString());
    std::string bytes;
    while (bytes.empty()) {
      const OwnedValue value = RandomValue(type, &random);
      REQUIRE_OK(AppendSerialized(type, value.value(), &bytes));
    }
    REQUIRE(ValueOf(CompareSerialized(type, "", bytes)) < 0);
    REQUIRE(ValueOf(CompareSerialized(type, bytes, "")) > 0);
    REQUIRE(ValueOf(CompareSerialized(type, "", "")) == 0);
  }
}

// Goal: bytes that are not of the type are refused, not compared. Method: words of another width.
TEST_CASE("conditions on bytes that are not of the type") {
  REQUIRE(absl::IsInvalidArgument(CompareSerialized(TypeKind::kInt, "12", "1234").status()));
  REQUIRE(!CompareSerialized(TypeKind::kUuid, "12", "1234").ok());
}

}  // namespace stoa
