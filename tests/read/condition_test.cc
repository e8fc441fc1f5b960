#include "read/condition.h"

#include <optional>
#include <string>
#include <vector>

#include <stoa/composite.h>

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

// Goal: collections, tuples and user types compare value by value, and an empty collection that is not frozen
// is null. Method: what Cassandra 5 answered, written down; frozen and not.
TEST_CASE("conditions on collections and user types") {
  const DataType integer = TypeKind::kInt;
  const DataType user = DataType::UserType("u", {{"a", TypeKind::kInt}, {"b", TypeKind::kText}});
  const auto list = [&](Values elements) {
    return ValueOf(SerializeComposite(DataType::List(TypeKind::kInt), elements));
  };
  for (const bool frozen : {true, false}) {
    INFO(frozen);
    const auto table_of = [&](const DataType& type) { return TableOf(frozen ? type.Frozen() : type); };
    const Table lists = table_of(DataType::List(integer));
    const ColumnId v = lists->regular()[0].id;
    const std::string current = list({1, 2, 3});
    const auto list_is = [&](Operator comparison, Values given) {
      return Ask(lists, {v, comparison, Value::Composite(list(given))}, Value::Composite(current));
    };
    REQUIRE(list_is(Operator::kEqual, {1, 2, 3}));
    REQUIRE(!list_is(Operator::kEqual, {1, 2}));
    REQUIRE(list_is(Operator::kGreater, {1, 2}));
    REQUIRE(!list_is(Operator::kGreaterOrEqual, {1, 2, 4}));
    REQUIRE(list_is(Operator::kLess, {1, 2, 4}));
    REQUIRE(list_is(Operator::kGreater, {-1, 9, 9, 9}));
    REQUIRE(list_is(Operator::kNotEqual, {}));
    const std::string empty = list({});
    REQUIRE(Ask(lists, {v, Operator::kEqual, Value::Composite(empty)}, Value()) == !frozen);
    REQUIRE(Ask(lists, ColumnCondition::In(v, {Value::Composite(empty)}), Value()) == !frozen);
    REQUIRE(IsRefused(lists, {v, Operator::kLess, Value::Composite(empty)}) == !frozen);

    const DataType map_type = DataType::Map(integer, integer);
    const Table maps = table_of(map_type);
    const auto map = [&](const std::vector<MapEntry>& entries) {
      return ValueOf(SerializeMap(map_type, entries));
    };
    const std::string ten = map({{1, 10}, {2, 20}});
    const auto map_is = [&](Operator comparison, const std::vector<MapEntry>& given) {
      return Ask(maps, {v, comparison, Value::Composite(map(given))}, Value::Composite(ten));
    };
    REQUIRE(map_is(Operator::kEqual, {{2, 20}, {1, 10}}));
    REQUIRE(map_is(Operator::kGreater, {{1, 10}}));
    REQUIRE(!map_is(Operator::kLess, {{1, 10}}));
    REQUIRE(map_is(Operator::kLess, {{1, 11}}));

    const Table users = table_of(user);
    const std::string one_x = ValueOf(SerializeComposite(user, {1, "x"}));
    const auto user_is = [&](Operator comparison, Values given) {
      return Ask(users, {v, comparison, Value::Composite(ValueOf(SerializeComposite(user, given)))},
                 Value::Composite(one_x));
    };
    REQUIRE(user_is(Operator::kEqual, {1, "x"}));
    REQUIRE(!user_is(Operator::kEqual, {1}));
    REQUIRE(user_is(Operator::kGreater, {1}));
    REQUIRE(user_is(Operator::kGreater, {nullptr, "z"}));
  }
  const DataType tuple = DataType::Tuple({integer, TypeKind::kText});
  const Table tuples = TableOf(tuple);
  const std::string one_null = ValueOf(SerializeComposite(tuple, {1}));
  const std::string same = ValueOf(SerializeComposite(tuple, {1, nullptr}));
  REQUIRE(Ask(tuples, {tuples->regular()[0].id, Operator::kEqual, Value::Composite(same)},
              Value::Composite(one_null)));
  REQUIRE(IsRefused(TableOf(DataType::Tuple({TypeKind::kDuration})),
                    {tuples->regular()[0].id, Operator::kLess, Value::Composite(one_null)}));
}

// Goal: elements of collections and fields of user types are compared as values of their type, null where
// there is none. Method: what Cassandra 5 answered, written down; frozen and not.
TEST_CASE("conditions on elements and fields") {
  const DataType list_type = DataType::List(TypeKind::kInt);
  const DataType map_type = DataType::Map(TypeKind::kText, TypeKind::kInt);
  const DataType user_type = DataType::UserType("u", {{"a", TypeKind::kInt}, {"b", TypeKind::kText}});
  const std::string list = ValueOf(SerializeComposite(list_type, {1, 2, 3}));
  const std::vector<MapEntry> entries = {{"x", 10}, {"y", 20}};
  const std::string map = ValueOf(SerializeMap(map_type, entries));
  const std::string user = ValueOf(SerializeComposite(user_type, {1}));
  for (const bool frozen : {true, false}) {
    const auto ask = [&](const DataType& type, const std::string& current, const Value& element,
                         Operator comparison, const Value& value) {
      const Table table = TableOf(frozen ? type.Frozen() : type);
      return Ask(table, ColumnCondition::Element(table->regular()[0].id, element, comparison, value),
                 current.empty() ? Value() : Value::Composite(current));
    };
    const Value null;
    REQUIRE(ask(list_type, list, 0, Operator::kEqual, 1));
    REQUIRE(!ask(list_type, list, 0, Operator::kGreater, 1));
    REQUIRE(ask(list_type, list, 7, Operator::kEqual, null));
    REQUIRE(!ask(list_type, list, 7, Operator::kEqual, 1));
    REQUIRE(ask(list_type, "", 0, Operator::kEqual, null));
    REQUIRE(ask(map_type, map, "x", Operator::kEqual, 10));
    REQUIRE(!ask(map_type, map, "x", Operator::kLess, 5));
    REQUIRE(ask(map_type, map, "z", Operator::kEqual, null));
    REQUIRE(ask(map_type, map, "z", Operator::kNotEqual, 5));
    REQUIRE(!ask(map_type, map, "z", Operator::kLess, 5));
    REQUIRE(ask(user_type, user, "a", Operator::kEqual, 1));
    REQUIRE(ask(user_type, user, "b", Operator::kEqual, null));
    REQUIRE(!ask(user_type, user, "b", Operator::kNotEqual, null));
    REQUIRE(ask(user_type, "", "a", Operator::kEqual, null));

    const Table maps = TableOf(frozen ? map_type.Frozen() : map_type);
    const ColumnId v = maps->regular()[0].id;
    REQUIRE(Ask(maps, ColumnCondition::ElementIn(v, "y", {5, 20}), Value::Composite(map)));
    REQUIRE(!Ask(maps, ColumnCondition::ElementIn(v, "x", {5, 20}), Value::Composite(map)));
    REQUIRE(IsRefused(maps, ColumnCondition::Element(v, nullptr, Operator::kEqual, 1)));
    REQUIRE(IsRefused(maps, ColumnCondition::Element(v, "x", Operator::kEqual, "10")));
    const Table lists = TableOf(frozen ? list_type.Frozen() : list_type);
    REQUIRE(IsRefused(lists, ColumnCondition::Element(v, -1, Operator::kEqual, null)));
    REQUIRE(IsRefused(lists, ColumnCondition::Element(v, nullptr, Operator::kEqual, null)));
    const Table users = TableOf(frozen ? user_type.Frozen() : user_type);
    REQUIRE(IsRefused(users, ColumnCondition::Element(v, "c", Operator::kEqual, null)));
    REQUIRE(IsRefused(TableOf(TypeKind::kInt), ColumnCondition::Element(v, 0, Operator::kEqual, null)));
  }
}

// Goal: bytes that are not of the type are refused, not compared. Method: words of another width.
TEST_CASE("conditions on bytes that are not of the type") {
  REQUIRE(absl::IsInvalidArgument(CompareSerialized(TypeKind::kInt, "12", "1234").status()));
  REQUIRE(!CompareSerialized(TypeKind::kUuid, "12", "1234").ok());
}

}  // namespace stoa
