#include "model/history.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "base/coding.h"

namespace stoa::model {

Clustering HistoryGenerator::Key() {
  static const char* const kNames[] = {"", "a", "ab", "b"};
  return Clustering{static_cast<int64_t>(random_.Uniform(5)) - 2, kNames[random_.Uniform(4)]};
}

Bound HistoryGenerator::AnyBound() {
  Bound bound;
  bound.components = static_cast<int>(random_.Uniform(3));
  bound.inclusive = random_.OneIn(2);
  bound.at = Key();
  return bound;
}

Bytes HistoryGenerator::SmallText() {
  return Bytes(random_.Uniform(3), static_cast<char>('a' + random_.Uniform(3)));
}

Bytes HistoryGenerator::SmallInt() {
  Bytes bytes;
  AppendBig<uint32_t>(&bytes, static_cast<uint32_t>(random_.Uniform(7)) - 3);
  return bytes;
}

Bytes HistoryGenerator::ValueFor(const std::string& column) {
  Bytes bytes;
  if (column == "w") {
    // Some are large, for a database that is told to keep no more than kSmallValueBytesMax inline.
    const uint64_t least = random_.OneIn(5) ? kSmallValueBytesMax + 1 : 0;
    bytes.assign(least + random_.Uniform(12), static_cast<char>('a' + random_.Uniform(3)));
  } else if (column == "d") {
    AppendBig<uint64_t>(&bytes,
                        std::bit_cast<uint64_t>(static_cast<double>(random_.Uniform(2000)) / 100 - 10));
  } else {
    bytes = SmallInt();
  }
  return bytes;
}

/// A change of a list, set, map or user type. A set's elements have no value, and no two have one key.
Change HistoryGenerator::AnyElements(const std::string& column) {
  using Kind = Change::Kind;
  static constexpr Kind kListKinds[] = {Kind::kSet, Kind::kAdd, Kind::kAdd, Kind::kPrepend};
  static constexpr Kind kOtherKinds[] = {Kind::kSet, Kind::kAdd, Kind::kAdd, Kind::kRemove};
  const Shape shape = ShapeOf(column);
  Change change{column, Kind::kSet, {}, {}, 0};
  change.kind = shape == Shape::kList ? kListKinds[random_.Uniform(std::size(kListKinds))]
                                      : kOtherKinds[random_.Uniform(std::size(kOtherKinds))];
  std::set<ElementKey> keys;
  // Adding nothing is refused; setting nothing empties the column.
  const uint64_t least = change.kind == Kind::kSet ? 0 : 1;
  for (uint64_t left = least + random_.Uniform(3); left > 0; --left) {
    ElementKey key;
    if (shape == Shape::kSet) key.bytes = SmallText();
    if (shape == Shape::kMap) key.number = static_cast<int64_t>(random_.Uniform(5)) - 2;
    if (shape == Shape::kUserType) key.number = static_cast<int64_t>(random_.Uniform(2));
    if (shape != Shape::kList && !keys.insert(key).second) continue;
    Bytes value;
    if (shape != Shape::kSet && change.kind != Kind::kRemove) {
      const bool is_text = shape == Shape::kMap || (shape == Shape::kUserType && key.number == 1);
      value = is_text ? SmallText() : SmallInt();
    }
    change.elements.emplace_back(key, value);
  }
  return change;
}

Change HistoryGenerator::AnyChange(const std::string& column) {
  switch (ShapeOf(column)) {
    case Shape::kScalar: {
      Change change{column, Change::Kind::kSet, {}, {}, 0};
      if (!random_.OneIn(8)) change.value = ValueFor(column);
      return change;
    }
    case Shape::kCounter:
      return Change{column, Change::Kind::kAdd, {}, {}, static_cast<int64_t>(random_.Uniform(9)) - 4};
    default:
      return AnyElements(column);
  }
}

/// What a write or a deletion of cells does to which columns.
void HistoryGenerator::AddChanges(const std::set<std::string>& columns, Mutation* m) {
  for (const std::string& column : columns) {
    if (m->no_row && !IsStatic(column)) continue;
    // Static columns are few and one for all rows: they are written by few of the mutations.
    if (IsStatic(column) && !m->no_row && !random_.OneIn(6)) continue;
    if (m->kind == Mutation::Kind::kDeleteCells && IsStatic(column) && !m->no_row) continue;
    if (random_.OneIn(ShapeOf(column) == Shape::kScalar ? 2 : 3)) m->changes.push_back(AnyChange(column));
  }
}

Mutation HistoryGenerator::AnyMutation(const std::string& table, const std::set<std::string>& columns) {
  using Kind = Mutation::Kind;
  static constexpr Kind kKinds[] = {
      Kind::kUpsert, Kind::kUpsert,    Kind::kUpsert,      Kind::kUpdate,      Kind::kUpdate,
      Kind::kUpdate, Kind::kDeleteRow, Kind::kDeleteCells, Kind::kDeleteRange, Kind::kDeletePartition};
  const bool counters = IsCounterTable(table);
  Mutation m;
  m.kind = kKinds[random_.Uniform(std::size(kKinds))];
  // A whole partition goes rarely, or nothing would live long.
  if (m.kind == Kind::kDeletePartition && !random_.OneIn(3)) m.kind = Kind::kUpsert;
  if (m.kind == Kind::kUpsert && counters) m.kind = Kind::kUpdate;
  m.table = table;
  m.pk = Partition();
  m.row = Key();
  m.from = AnyBound();
  m.to = AnyBound();
  const bool writes = m.kind == Kind::kUpsert || m.kind == Kind::kUpdate;
  m.no_row = (writes || m.kind == Kind::kDeleteCells) && random_.OneIn(8);
  if (writes || m.kind == Kind::kDeleteCells) AddChanges(columns, &m);
  // An update that names no column of the row is refused; make it a deletion of the row.
  const bool names_row = std::any_of(m.changes.begin(), m.changes.end(),
                                     [](const Change& change) { return !IsStatic(change.column); });
  if (m.kind != Kind::kUpsert && (writes || m.kind == Kind::kDeleteCells) && !m.no_row && !names_row) {
    m.kind = Kind::kDeleteRow;
  }
  if (m.no_row && m.changes.empty()) {
    m.no_row = false;
    m.kind = Kind::kDeleteRow;
  }
  if (m.kind == Kind::kDeleteRow) m.changes.clear();
  if (counters) return m;
  if (explicit_timestamps_ && random_.OneIn(3)) m.timestamp = static_cast<int64_t>(random_.Uniform(6));
  if ((m.kind == Kind::kUpsert || m.kind == Kind::kUpdate) && random_.OneIn(5)) {
    m.ttl = static_cast<int32_t>(1 + random_.Uniform(40));
  }
  return m;
}

Event HistoryGenerator::Batch(const Model& model, int64_t now_seconds, size_t mutations_max) {
  Event event;
  event.now_seconds = now_seconds;
  std::set<std::string> tables = model.tables();
  std::set<std::string> counters;
  for (const std::string& table : tables) {
    if (IsCounterTable(table)) counters.insert(table);
  }
  std::erase_if(tables, IsLogTable);
  if (counters.size() == tables.size() || (!counters.empty() && random_.OneIn(4))) {
    tables = counters;
  } else {
    for (const std::string& table : counters) tables.erase(table);
  }
  const size_t count = 1 + random_.Uniform(mutations_max);
  for (size_t i = 0; i < count; ++i) {
    auto table = tables.begin();
    std::advance(table, static_cast<ptrdiff_t>(random_.Uniform(tables.size())));
    event.batch.push_back(AnyMutation(*table, model.columns(*table)));
  }
  return event;
}

Event HistoryGenerator::Stretch(const std::string& table, int64_t now_seconds, uint64_t rows) {
  Event event;
  event.now_seconds = now_seconds;
  Mutation row;
  row.table = table;
  row.pk = Partition();
  if (random_.OneIn(8)) row.ttl = static_cast<int32_t>(1 + random_.Uniform(40));
  for (uint64_t i = 0; i < rows; ++i) {
    row.row = Clustering{next_of_stretch_++, ""};
    Bytes text(8 + random_.Uniform(kSmallValueBytesMax - 7), ' ');
    for (char& letter : text) letter = static_cast<char>('a' + random_.Uniform(26));
    row.changes = {Change{"v", Change::Kind::kSet, SmallInt(), {}, 0},
                   Change{"w", Change::Kind::kSet, std::move(text), {}, 0}};
    event.batch.push_back(row);
  }
  if (random_.OneIn(3)) {
    Mutation deletion;
    deletion.kind = Mutation::Kind::kDeleteRange;
    deletion.table = table;
    deletion.pk = Partition();
    deletion.from = Bound{
        1, true,
        Clustering{100 + static_cast<int64_t>(random_.Uniform(static_cast<uint64_t>(next_of_stretch_) - 100)),
                   ""}};
    deletion.to = deletion.from;
    deletion.to.at.a += static_cast<int64_t>(random_.Uniform(20));
    event.batch.push_back(deletion);
  }
  return event;
}

/// Makes it a condition on a list, set or map; of these only maps have keys. They hold few different
/// elements, so that one that is asked for is often there.
void HistoryGenerator::AskForContent(Condition* condition) {
  static constexpr const char* kColumns[] = {"l", "e", "m"};
  const bool wants_key = condition->kind == Condition::Kind::kContainsKey;
  condition->column = wants_key ? "m" : kColumns[random_.Uniform(std::size(kColumns))];
  const bool is_int = wants_key || condition->column == "l";
  condition->values.emplace_back(is_int ? SmallInt() : SmallText());
}

Condition HistoryGenerator::AnyCondition(const Model& model, const std::string& table, int64_t pk,
                                         int64_t now_seconds) {
  using Kind = Condition::Kind;
  Condition condition;
  condition.kind = static_cast<Kind>(random_.Uniform(11));
  condition.row = Key();
  // Rows that exist are asked about as often as others.
  const std::vector<Row> rows = model.Read(table, pk, Bound{}, Bound{}, now_seconds);
  const Row* existing = rows.empty() || random_.OneIn(2) ? nullptr : &rows[random_.Uniform(rows.size())];
  if (existing != nullptr && !existing->no_row) condition.row = existing->key;
  if (condition.kind == Kind::kExists || condition.kind == Kind::kNotExists) return condition;
  if (condition.kind == Kind::kContains || condition.kind == Kind::kContainsKey) {
    AskForContent(&condition);
    return condition;
  }
  std::set<std::string> columns = model.columns(table);
  std::erase_if(columns, [](const std::string& column) {
    return ShapeOf(column) != Shape::kScalar || IsStatic(column);
  });
  condition.column = *std::next(columns.begin(), static_cast<ptrdiff_t>(random_.Uniform(columns.size())));
  const bool is_equality =
      condition.kind == Kind::kEqual || condition.kind == Kind::kNotEqual || condition.kind == Kind::kIn;
  const size_t count = condition.kind == Kind::kIn ? random_.Uniform(4) : 1;
  for (size_t i = 0; i < count; ++i) {
    std::optional<Bytes> value = ValueFor(condition.column);
    if (is_equality && random_.OneIn(4)) value.reset();
    if (existing != nullptr && existing->cells.contains(condition.column) && random_.OneIn(2)) {
      value = existing->cells.at(condition.column);
    }
    condition.values.push_back(std::move(value));
  }
  return condition;
}

Event HistoryGenerator::ConditionalBatch(const Model& model, int64_t now_seconds, size_t mutations_max) {
  Event event = Batch(model, now_seconds, mutations_max);
  while (IsCounterTable(event.batch[0].table)) event = Batch(model, now_seconds, mutations_max);
  event.kind = Event::Kind::kConditionalBatch;
  const Mutation& first = event.batch[0];
  for (Mutation& mutation : event.batch) {
    if (mutation.table != first.table) mutation = AnyMutation(first.table, model.columns(first.table));
    mutation.pk = first.pk;
    mutation.timestamp.reset();
  }
  for (uint64_t count = 1 + random_.Uniform(random_.OneIn(3) ? 3 : 1); count > 0; --count) {
    event.conditions.push_back(AnyCondition(model, first.table, first.pk, now_seconds));
  }
  return event;
}

}  // namespace stoa::model
