#include "read/condition.h"

#include <algorithm>
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

/// The columns that may contain something, of this type of elements, of keys too.
struct Containers {
  explicit Containers(const DataType& element, bool frozen) {
    const auto table_of = [&](const DataType& type) { return TableOf(frozen ? type.Frozen() : type); };
    list = table_of(DataType::List(element));
    map = table_of(DataType::Map(TypeKind::kInt, element));
    if (!IsOrdered(element)) return;
    set = table_of(DataType::Set(element));
    keys = table_of(DataType::Map(element, TypeKind::kInt));
  }

  Table list;
  Table map;   // `element` is the type of its values
  Table set;   // null if values of the type cannot be
  Table keys;  // a map with keys of the type; null likewise
};

ColumnCondition Contains(const Table& table, const Value& value) {
  return {table->regular()[0].id, Operator::kContains, value};
}

ColumnCondition ContainsKey(const Table& table, const Value& key) {
  return {table->regular()[0].id, Operator::kContainsKey, key};
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

// Goal: a collection contains what equals one of its elements, a map what equals one of its values, and the
// keys that equal one of its keys, for every type of elements. Method: random elements and values asked for,
// against a search that compares without encodings; frozen and not.
TEST_CASE("conditions on what collections contain") {
  Random random(10);
  for (const DataType& type : ScalarTypes()) {
    for (const bool frozen : {true, false}) {
      INFO(type.ToString() << " frozen " << frozen);
      const Containers tables(type, frozen);
      for (int i = 0; i < 60; ++i) {
        std::vector<OwnedValue> owned;
        std::vector<Value> elements;
        std::vector<MapEntry> of_values;
        std::vector<MapEntry> of_keys;
        for (uint64_t left = random.Uniform(4); left > 0; --left) owned.push_back(RandomValue(type, &random));
        for (const OwnedValue& element : owned) {
          of_values.push_back({Value(static_cast<int64_t>(elements.size())), element.value()});
          of_keys.push_back({element.value(), 1});
          elements.push_back(element.value());
        }
        const bool pick = !owned.empty() && random.OneIn(2);
        const OwnedValue given = pick ? owned[random.Uniform(owned.size())] : RandomValue(type, &random);
        const bool expected = std::any_of(elements.begin(), elements.end(), [&](const Value& element) {
          return CompareTyped(type, element, given.value()) == 0;
        });
        const auto ask = [&](const Table& table, const ColumnCondition& condition, const auto& serialize) {
          const std::string bytes = ValueOf(serialize(table->regular()[0].type));
          return Ask(table, condition, Value::Composite(bytes));
        };
        const auto composite = [&](const DataType& of) { return SerializeComposite(of, elements); };
        const auto map = [&](const DataType& of) { return SerializeMap(of, of_values); };
        const auto keys = [&](const DataType& of) { return SerializeMap(of, of_keys); };
        INFO(given.value().ToString());
        REQUIRE(ask(tables.list, Contains(tables.list, given.value()), composite) == expected);
        REQUIRE(ask(tables.map, Contains(tables.map, given.value()), map) == expected);
        if (tables.set == nullptr) continue;
        REQUIRE(ask(tables.set, Contains(tables.set, given.value()), composite) == expected);
        REQUIRE(ask(tables.keys, ContainsKey(tables.keys, given.value()), keys) == expected);
      }
    }
  }
}

// Goal: what contains nothing, what cannot be asked, and equality by the type's order, are as in Cassandra 5.
// Method: what it answered, written down; frozen and not.
TEST_CASE("conditions on the content of nulls, of empty values and of what is no collection") {
  for (const bool frozen : {true, false}) {
    INFO(frozen);
    const Containers numbers(TypeKind::kInt, frozen);
    for (const Table& table : {numbers.list, numbers.set, numbers.map}) {
      const std::string empty = ValueOf(SerializeComposite(DataType::Set(TypeKind::kInt), {}));
      REQUIRE_FALSE(Ask(table, Contains(table, 1), Value()));
      REQUIRE_FALSE(Ask(table, Contains(table, 1), Value::Composite(empty)));
      REQUIRE(IsRefused(table, Contains(table, nullptr)));
      REQUIRE(IsRefused(table, Contains(table, Value::Unset())));
      REQUIRE(IsRefused(table, Contains(table, "one")));
      REQUIRE(IsRefused(table, ContainsKey(table, nullptr)));
      REQUIRE(IsRefused(table, ContainsKey(table, Value::Unset())));
      REQUIRE(IsRefused(table, ContainsKey(table, 1)) == (table != numbers.map));
    }
    REQUIRE_FALSE(Ask(numbers.map, ContainsKey(numbers.map, 1), Value()));

    // A map's keys are not its values.
    const DataType text_int = DataType::Map(TypeKind::kText, TypeKind::kInt);
    const Table maps = TableOf(frozen ? text_int.Frozen() : text_int);
    const std::vector<MapEntry> entries = {{"a", 10}, {"", 20}};
    const std::string map = ValueOf(SerializeMap(text_int, entries));
    REQUIRE(Ask(maps, Contains(maps, 20), Value::Composite(map)));
    REQUIRE_FALSE(Ask(maps, Contains(maps, 1), Value::Composite(map)));
    REQUIRE(Ask(maps, ContainsKey(maps, ""), Value::Composite(map)));
    REQUIRE_FALSE(Ask(maps, ContainsKey(maps, "b"), Value::Composite(map)));
    REQUIRE(IsRefused(maps, Contains(maps, "a")));
    REQUIRE(IsRefused(maps, ContainsKey(maps, 10)));

    // Elements that are collections, one of them empty, which is no null there.
    const DataType inner = DataType::List(TypeKind::kInt).Frozen();
    const Containers nested(inner, frozen);
    const std::string one = ValueOf(SerializeComposite(inner, {1}));
    const std::string none = ValueOf(SerializeComposite(inner, {}));
    const std::string both =
        ValueOf(SerializeComposite(DataType::List(inner), {Value::Composite(one), Value::Composite(none)}));
    REQUIRE(Ask(nested.list, Contains(nested.list, Value::Composite(one)), Value::Composite(both)));
    REQUIRE(Ask(nested.list, Contains(nested.list, Value::Composite(none)), Value::Composite(both)));
    const std::string two = ValueOf(SerializeComposite(inner, {2}));
    REQUIRE_FALSE(Ask(nested.list, Contains(nested.list, Value::Composite(two)), Value::Composite(both)));
    // Of an element, where that is a collection.
    const ColumnId v = nested.list->regular()[0].id;
    REQUIRE(Ask(nested.list, ColumnCondition::Element(v, 0, Operator::kContains, 1), Value::Composite(both)));
    REQUIRE_FALSE(
        Ask(nested.list, ColumnCondition::Element(v, 1, Operator::kContains, 1), Value::Composite(both)));
    REQUIRE_FALSE(
        Ask(nested.list, ColumnCondition::Element(v, 7, Operator::kContains, 1), Value::Composite(both)));
    REQUIRE(IsRefused(numbers.list, ColumnCondition::Element(v, 0, Operator::kContains, 1)));

    // 1.0 and 1.00 are equal, and so are tuples with a null at the end and without.
    const Containers decimals(TypeKind::kDecimal, frozen);
    const DataType decimal = TypeKind::kDecimal;
    const std::string tenths = std::string("\0\0\0\1", 4) + "\x0a";
    const std::string hundredths = std::string("\0\0\0\2", 4) + "\x64";
    const std::string as_tenths =
        ValueOf(SerializeComposite(DataType::List(decimal), {ValueOf(ParseSerialized(decimal, tenths))}));
    REQUIRE(Ask(decimals.list, Contains(decimals.list, ValueOf(ParseSerialized(decimal, hundredths))),
                Value::Composite(as_tenths)));
    const DataType pair = DataType::Tuple({TypeKind::kInt, TypeKind::kInt});
    const Containers pairs(pair, frozen);
    const std::string one_null = ValueOf(SerializeComposite(pair, {1, nullptr}));
    const std::string only_one("\0\0\0\4\0\0\0\1", 8);
    const std::string with_null =
        ValueOf(SerializeComposite(DataType::List(pair), {Value::Composite(one_null)}));
    REQUIRE(Ask(pairs.list, Contains(pairs.list, Value::Composite(only_one)), Value::Composite(with_null)));
  }
  const DataType user = DataType::UserType("u", {{"a", TypeKind::kInt}});
  for (const DataType& type : {DataType(TypeKind::kInt), DataType(TypeKind::kText), user, user.Frozen(),
                               DataType::Tuple({TypeKind::kInt}), DataType::Vector(TypeKind::kFloat, 2)}) {
    INFO(type.ToString());
    const Table table = TableOf(type);
    REQUIRE(IsRefused(table, Contains(table, 1)));
    REQUIRE(IsRefused(table, ContainsKey(table, 1)));
  }
}

// Goal: bytes that are not of the type are refused, not compared. Method: words of another width.
TEST_CASE("conditions on bytes that are not of the type") {
  REQUIRE(absl::IsInvalidArgument(CompareSerialized(TypeKind::kInt, "12", "1234").status()));
  REQUIRE(!CompareSerialized(TypeKind::kUuid, "12", "1234").ok());
}

}  // namespace stoa
