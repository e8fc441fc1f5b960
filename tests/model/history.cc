#include "model/history.h"

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
    AppendBig<uint32_t>(&bytes, static_cast<uint32_t>(random_.Uniform(7)) - 3);
  }
  return bytes;
}

Mutation HistoryGenerator::AnyMutation(const std::string& table, const std::set<std::string>& columns) {
  using Kind = Mutation::Kind;
  static constexpr Kind kKinds[] = {
      Kind::kUpsert, Kind::kUpsert,    Kind::kUpsert,      Kind::kUpdate,      Kind::kUpdate,
      Kind::kUpdate, Kind::kDeleteRow, Kind::kDeleteCells, Kind::kDeleteRange, Kind::kDeletePartition};
  Mutation m;
  m.kind = kKinds[random_.Uniform(std::size(kKinds))];
  // A whole partition goes rarely, or nothing would live long.
  if (m.kind == Kind::kDeletePartition && !random_.OneIn(3)) m.kind = Kind::kUpsert;
  m.table = table;
  m.pk = Partition();
  m.row = Key();
  m.from = AnyBound();
  m.to = AnyBound();
  const bool writes = m.kind == Kind::kUpsert || m.kind == Kind::kUpdate;
  for (const std::string& column : columns) {
    if ((writes || m.kind == Kind::kDeleteCells) && random_.OneIn(2)) {
      const bool null = m.kind == Kind::kDeleteCells || random_.OneIn(8);
      m.cells.emplace_back(column, null ? std::nullopt : std::optional<Bytes>(ValueFor(column)));
    }
  }
  // An update or a deletion of cells that names no column is refused; make it a deletion of the row.
  if ((m.kind == Kind::kUpdate || m.kind == Kind::kDeleteCells) && m.cells.empty()) m.kind = Kind::kDeleteRow;
  if (explicit_timestamps_ && random_.OneIn(3)) m.timestamp = static_cast<int64_t>(random_.Uniform(6));
  if (writes && random_.OneIn(5)) m.ttl = static_cast<int32_t>(1 + random_.Uniform(40));
  return m;
}

Event HistoryGenerator::Batch(const Model& model, int64_t now_seconds, size_t mutations_max) {
  Event event;
  event.now_seconds = now_seconds;
  const std::set<std::string> tables = model.tables();
  const size_t count = 1 + random_.Uniform(mutations_max);
  for (size_t i = 0; i < count; ++i) {
    auto table = tables.begin();
    std::advance(table, static_cast<ptrdiff_t>(random_.Uniform(tables.size())));
    event.batch.push_back(AnyMutation(*table, model.columns(*table)));
  }
  return event;
}

Condition HistoryGenerator::AnyCondition(const Model& model, const std::string& table, int64_t pk,
                                         int64_t now_seconds) {
  using Kind = Condition::Kind;
  Condition condition;
  condition.kind = static_cast<Kind>(random_.Uniform(9));
  condition.row = Key();
  // Rows that exist are asked about as often as others.
  const std::vector<Row> rows = model.Read(table, pk, Bound{}, Bound{}, now_seconds);
  const Row* existing = rows.empty() || random_.OneIn(2) ? nullptr : &rows[random_.Uniform(rows.size())];
  if (existing != nullptr) condition.row = existing->key;
  if (condition.kind == Kind::kExists || condition.kind == Kind::kNotExists) return condition;
  const std::set<std::string>& columns = model.columns(table);
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
