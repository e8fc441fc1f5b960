#include "model/model.h"

#include <algorithm>
#include <bit>
#include <cstdio>

namespace stoa::model {
namespace {

constexpr int64_t kNever = INT64_MAX;

std::string Hex(const std::string& bytes) {
  std::string out;
  char digits[3];
  for (unsigned char byte : bytes) {
    std::snprintf(digits, sizeof(digits), "%02x", byte);
    out += digits;
  }
  return out;
}

/// Compares a row's key with the named components of a bound.
std::strong_ordering ComparePrefix(const Clustering& key, const Bound& bound) {
  if (bound.components >= 1 && key.a != bound.at.a) return key.a <=> bound.at.a;
  if (bound.components >= 2) return bound.at.b.compare(key.b) <=> 0;
  return std::strong_ordering::equal;
}

bool Inside(const Clustering& key, const Bound& from, const Bound& to) {
  const std::strong_ordering low = ComparePrefix(key, from);
  if (from.components > 0 && (low < 0 || (low == 0 && !from.inclusive))) return false;
  const std::strong_ordering high = ComparePrefix(key, to);
  return !(to.components > 0 && (high > 0 || (high == 0 && !to.inclusive)));
}

struct CellVersion {
  int64_t timestamp;
  int64_t expiry;  // kNever: does not expire; of a tombstone, when it was made
  bool tombstone;
  Bytes value;
};

/// Cassandra's rule for two cells of one column.
bool Wins(const CellVersion& x, const CellVersion& y) {
  if (x.timestamp != y.timestamp) return x.timestamp > y.timestamp;
  const bool x_special = x.tombstone || x.expiry != kNever;
  const bool y_special = y.tombstone || y.expiry != kNever;
  if (x_special != y_special) return x_special;
  if (x.tombstone != y.tombstone) return x.tombstone;
  if (x.expiry != y.expiry) return x.expiry > y.expiry;
  return x.value > y.value;
}

uint64_t BigEndian(const Bytes& bytes) {
  uint64_t number = 0;
  for (unsigned char byte : bytes) number = number << 8 | byte;
  return number;
}

/// Compares two values of a column by what they mean: "w" is text, "d" a double (no NaN, no zeros), others
/// int.
int CompareValues(const std::string& column, const Bytes& x, const Bytes& y) {
  const auto sign = [](const auto& a, const auto& b) { return a < b ? -1 : b < a ? 1 : 0; };
  if (column == "w") return sign(x, y);
  if (column == "d") return sign(std::bit_cast<double>(BigEndian(x)), std::bit_cast<double>(BigEndian(y)));
  return sign(static_cast<int32_t>(BigEndian(x)), static_cast<int32_t>(BigEndian(y)));
}

bool Holds(const Condition& condition, const std::optional<Row>& row) {
  using Kind = Condition::Kind;
  if (condition.kind == Kind::kNotExists) return !row.has_value();
  if (condition.kind == Kind::kExists) return row.has_value();
  std::optional<Bytes> current;
  if (row && row->cells.contains(condition.column)) current = row->cells.at(condition.column);
  if (condition.kind == Kind::kNotEqual) return current != condition.values[0];
  if (condition.kind == Kind::kEqual || condition.kind == Kind::kIn) {
    return std::find(condition.values.begin(), condition.values.end(), current) != condition.values.end();
  }
  if (!current) return false;
  const int order = CompareValues(condition.column, *current, *condition.values[0]);
  switch (condition.kind) {
    case Kind::kLess:
      return order < 0;
    case Kind::kLessOrEqual:
      return order <= 0;
    case Kind::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

}  // namespace

std::string Condition::ToString() const {
  static const char* const kNames[] = {"not exists", "exists", "=", "!=", "<", "<=", ">", ">=", "in"};
  std::string text =
      "row=" + std::to_string(row.a) + "," + row.b + " " + column + " " + kNames[static_cast<int>(kind)];
  for (const auto& value : values) text += " " + (value ? Hex(*value) : "null");
  return text;
}

std::string Mutation::ToString() const {
  static const char* const kNames[] = {"upsert",     "update",       "delete cells",
                                       "delete row", "delete range", "delete partition"};
  std::string text = std::string(kNames[static_cast<int>(kind)]) + " " + table + " pk=" + std::to_string(pk);
  if (kind == Kind::kDeleteRange) {
    for (const Bound* bound : {&from, &to}) {
      text += bound == &from ? " from" : " to";
      text += bound->inclusive ? "=" : "!";
      if (bound->components >= 1) text += std::to_string(bound->at.a);
      if (bound->components >= 2) text += "," + bound->at.b;
    }
  } else if (kind != Kind::kDeletePartition) {
    text += " row=" + std::to_string(row.a) + "," + row.b;
  }
  for (const auto& [name, value] : cells) text += " " + name + "=" + (value ? Hex(*value) : "null");
  if (timestamp) text += " ts=" + std::to_string(*timestamp);
  if (ttl) text += " ttl=" + std::to_string(*ttl);
  return text;
}

void Model::Apply(const Event& event) {
  switch (event.kind) {
    case Event::Kind::kCreate:
      tables_[event.table].columns = {"v", "w", "d"};
      return;
    case Event::Kind::kDrop:
      tables_.erase(event.table);
      return;
    case Event::Kind::kTruncate:
      tables_.at(event.table).mutations.clear();
      return;
    case Event::Kind::kAddColumn:
      tables_.at(event.table).columns.insert(event.column);
      return;
    case Event::Kind::kDropColumn: {
      TableModel& table = tables_.at(event.table);
      table.columns.erase(event.column);
      for (Stamped& stamped : table.mutations) {
        std::erase_if(stamped.mutation.cells, [&](const auto& cell) { return cell.first == event.column; });
      }
      return;
    }
    case Event::Kind::kConditionalBatch:
      if (!Decide(event).applied) return;
      [[fallthrough]];
    case Event::Kind::kBatch: {
      const int64_t automatic = ++last_automatic_timestamp_;
      for (const Mutation& mutation : event.batch) {
        tables_.at(mutation.table)
            .mutations.push_back({mutation, mutation.timestamp.value_or(automatic), event.now_seconds});
      }
      return;
    }
  }
}

Decision Model::Decide(const Event& event) const {
  using Kind = Condition::Kind;
  Decision decision;
  decision.applied = true;
  std::vector<Clustering> keys;
  std::set<std::string> named;
  bool all_columns = false;
  for (const Condition& condition : event.conditions) {
    const Bound exact{2, true, condition.row};
    const std::vector<Row> rows =
        Read(event.batch[0].table, event.batch[0].pk, exact, exact, event.now_seconds);
    std::optional<Row> row;
    if (!rows.empty()) row = rows[0];
    decision.applied = decision.applied && Holds(condition, row);
    if (std::find(keys.begin(), keys.end(), condition.row) == keys.end()) {
      keys.push_back(condition.row);
      decision.rows.push_back(row);
    }
    if (condition.kind == Kind::kExists || condition.kind == Kind::kNotExists) all_columns = true;
    named.insert(condition.column);
  }
  if (decision.applied) decision.rows.clear();
  for (std::optional<Row>& row : decision.rows) {
    if (row && !all_columns)
      std::erase_if(row->cells, [&](const auto& cell) { return !named.contains(cell.first); });
  }
  return decision;
}

std::set<std::string> Model::tables() const {
  std::set<std::string> names;
  for (const auto& [name, table] : tables_) names.insert(name);
  return names;
}

std::set<int64_t> Model::partitions(const std::string& table) const {
  std::set<int64_t> keys;
  for (const Stamped& stamped : tables_.at(table).mutations) keys.insert(stamped.mutation.pk);
  return keys;
}

std::vector<Row> Model::Read(const std::string& table, int64_t pk, const Bound& from, const Bound& to,
                             int64_t now_seconds) const {
  using Kind = Mutation::Kind;
  std::vector<const Stamped*> relevant;
  std::set<Clustering> keys;
  for (const Stamped& stamped : tables_.at(table).mutations) {
    const Mutation& m = stamped.mutation;
    if (m.pk != pk) continue;
    relevant.push_back(&stamped);
    if (m.kind != Kind::kDeleteRange && m.kind != Kind::kDeletePartition && Inside(m.row, from, to))
      keys.insert(m.row);
  }
  std::vector<Row> rows;
  for (const Clustering& key : keys) {
    int64_t deleted = INT64_MIN;
    std::optional<CellVersion> marker;
    std::map<std::string, CellVersion> cells;
    for (const Stamped* stamped : relevant) {
      const Mutation& m = stamped->mutation;
      const bool deletes = m.kind == Kind::kDeletePartition || (m.kind == Kind::kDeleteRow && m.row == key) ||
                           (m.kind == Kind::kDeleteRange && Inside(key, m.from, m.to));
      if (deletes) deleted = std::max(deleted, stamped->timestamp);
      const bool writes = m.kind == Kind::kUpsert || m.kind == Kind::kUpdate || m.kind == Kind::kDeleteCells;
      if (!writes || !(m.row == key)) continue;
      const int64_t expiry = m.ttl.value_or(0) > 0 ? stamped->now_seconds + *m.ttl : kNever;
      if (m.kind == Kind::kUpsert) {
        const CellVersion version{stamped->timestamp, expiry, false, {}};
        if (!marker || Wins(version, *marker)) marker = version;
      }
      for (const auto& [name, value] : m.cells) {
        const CellVersion version{stamped->timestamp, value ? expiry : stamped->now_seconds, !value,
                                  value.value_or("")};
        auto [it, inserted] = cells.emplace(name, version);
        if (!inserted && Wins(version, it->second)) it->second = version;
      }
    }
    const auto alive = [&](const CellVersion& v) {
      return v.timestamp > deleted && !v.tombstone && v.expiry > now_seconds;
    };
    Row row{key, {}};
    for (const auto& [name, version] : cells) {
      if (alive(version)) row.cells[name] = version.value;
    }
    if (!row.cells.empty() || (marker && alive(*marker))) rows.push_back(std::move(row));
  }
  return rows;
}

std::string RowText(const std::string& table, int64_t pk, const Row& row) {
  std::string text = table + " " + std::to_string(pk) + " " + std::to_string(row.key.a) + " " + row.key.b;
  for (const auto& [name, value] : row.cells) text += " " + name + "=" + Hex(value);
  return text + "\n";
}

std::string Model::Dump(int64_t now_seconds) const {
  std::string text;
  for (const auto& [name, table] : tables_) {
    text += "table " + name + "\n";
    for (int64_t pk : partitions(name)) {
      for (const Row& row : Read(name, pk, Bound{}, Bound{}, now_seconds)) text += RowText(name, pk, row);
    }
  }
  return text;
}

}  // namespace stoa::model
