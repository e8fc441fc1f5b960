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

Bytes BigEndian(uint64_t number, int bytes) {
  Bytes out;
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(number >> (8 * i)));
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

template <typename Key>
void Put(std::map<Key, CellVersion>* cells, const Key& key, const CellVersion& version) {
  auto [it, inserted] = cells->emplace(key, version);
  if (!inserted && Wins(version, it->second)) it->second = version;
}

uint64_t NumberOf(const Bytes& bytes) {
  uint64_t number = 0;
  for (unsigned char byte : bytes) number = number << 8 | byte;
  return number;
}

/// Compares two values of a column by what they mean: "w" is text, "d" a double (no NaN, no zeros), others
/// int.
int CompareValues(const std::string& column, const Bytes& x, const Bytes& y) {
  const auto sign = [](const auto& a, const auto& b) { return a < b ? -1 : b < a ? 1 : 0; };
  if (column == "w") return sign(x, y);
  if (column == "d") return sign(std::bit_cast<double>(NumberOf(x)), std::bit_cast<double>(NumberOf(y)));
  return sign(static_cast<int32_t>(NumberOf(x)), static_cast<int32_t>(NumberOf(y)));
}

/// Whether one of the elements that ElementsText wrote has these bytes: as its key, as which sets have their
/// elements, or as its value.
bool HasElement(const std::string& elements, bool as_key, const Bytes& wanted) {
  for (size_t at = 1; elements[at] != ')'; at = elements.find(',', at) + 1) {
    const size_t colon = elements.find(':', at);
    const size_t begin = as_key ? at : colon + 1;
    const size_t end = as_key ? colon : elements.find_first_of("@,", colon);
    if (elements.substr(begin, end - begin) == Hex(wanted)) return true;
  }
  return false;
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
  if (condition.kind == Kind::kContains || condition.kind == Kind::kContainsKey) {
    const bool as_key = condition.kind == Kind::kContainsKey || ShapeOf(condition.column) == Shape::kSet;
    return HasElement(*current, as_key, *condition.values[0]);
  }
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

bool WritesRow(Mutation::Kind kind) {
  return kind == Mutation::Kind::kUpsert || kind == Mutation::Kind::kUpdate ||
         kind == Mutation::Kind::kDeleteCells;
}

}  // namespace

Shape ShapeOf(const std::string& column) {
  switch (column.back()) {
    case 'l':
      return Shape::kList;
    case 'e':
      return Shape::kSet;
    case 'm':
      return Shape::kMap;
    case 'u':
      return Shape::kUserType;
    case 'c':
    case 'k':
      return Shape::kCounter;
    default:
      return Shape::kScalar;
  }
}

bool IsStatic(const std::string& column) { return column[0] == 's'; }

bool IsCounterTable(const std::string& table) { return table[0] == 'c'; }

std::string ElementsText(const std::vector<Element>& elements) {
  std::string text = "(";
  for (const Element& element : elements) {
    text += Hex(element.key) + ":" + Hex(element.value);
    if (element.expiry != kNever) text += "@" + std::to_string(element.expiry);
    text += ",";
  }
  return text + ")";
}

std::string Mutation::ToString() const {
  static const char* const kNames[] = {"upsert",     "update",       "delete cells",
                                       "delete row", "delete range", "delete partition"};
  static const char* const kOperators[] = {"=", "+=", "=+", "-="};
  std::string text = std::string(kNames[static_cast<int>(kind)]) + " " + table + " pk=" + std::to_string(pk);
  if (kind == Kind::kDeleteRange) {
    for (const Bound* bound : {&from, &to}) {
      text += bound == &from ? " from" : " to";
      text += bound->inclusive ? "=" : "!";
      if (bound->components >= 1) text += std::to_string(bound->at.a);
      if (bound->components >= 2) text += "," + bound->at.b;
    }
  } else if (no_row) {
    text += " static";
  } else if (kind != Kind::kDeletePartition) {
    text += " row=" + std::to_string(row.a) + "," + row.b;
  }
  for (const Change& change : changes) {
    text += " " + change.column + kOperators[static_cast<int>(change.kind)];
    if (ShapeOf(change.column) == Shape::kCounter) {
      text += std::to_string(change.delta);
    } else if (ShapeOf(change.column) == Shape::kScalar) {
      text += change.value ? Hex(*change.value) : "null";
    }
    for (const auto& [key, value] : change.elements) {
      text += std::to_string(key.number) + Hex(key.bytes) + ":" + Hex(value) + ",";
    }
  }
  if (timestamp) text += " ts=" + std::to_string(*timestamp);
  if (ttl) text += " ttl=" + std::to_string(*ttl);
  return text;
}

std::string Condition::ToString() const {
  static const char* const kNames[] = {
      "not exists", "exists", "=", "!=", "<", "<=", ">", ">=", "in", "contains", "contains key"};
  std::string text =
      "row=" + std::to_string(row.a) + "," + row.b + " " + column + " " + kNames[static_cast<int>(kind)];
  for (const auto& value : values) text += " " + (value ? Hex(*value) : "null");
  return text;
}

/// Everything that was ever written about one row, or about the static cells of a partition.
class Model::RowModel {
 public:
  void Delete(int64_t timestamp) { deleted_ = std::max(deleted_, timestamp); }

  void Mark(const Stamped& stamped) {
    const CellVersion version{stamped.timestamp, ExpiryOf(stamped), false, {}};
    if (!marker_ || Wins(version, *marker_)) marker_ = version;
  }

  void Write(const Stamped& stamped, const Change& change, int64_t place) {
    const bool tombstone = stamped.mutation.kind == Mutation::Kind::kDeleteCells;
    Column& column = columns_[change.column];
    switch (ShapeOf(change.column)) {
      case Shape::kScalar:
        Put(&column.elements, Path{}, Version(stamped, tombstone ? std::nullopt : change.value));
        return;
      case Shape::kCounter:
        if (tombstone) column.deleted = std::max(column.deleted, stamped.timestamp);
        if (!tombstone) column.deltas.emplace_back(stamped.timestamp, change.delta);
        return;
      default:
        WriteElements(stamped, change, tombstone, place, &column);
    }
  }

  /// The live cells; true when there is one or a live marker.
  bool Live(int64_t now_seconds, std::map<std::string, Bytes>* cells) const {
    const size_t before = cells->size();
    for (const auto& [name, column] : columns_) {
      const int64_t deleted = std::max(deleted_, column.deleted);
      const Shape shape = ShapeOf(name);
      if (shape == Shape::kCounter) {
        int64_t sum = 0;
        bool any = false;
        for (const auto& [timestamp, delta] : column.deltas) {
          if (timestamp <= deleted) continue;
          sum += delta;
          any = true;
        }
        if (any) (*cells)[name] = BigEndian(static_cast<uint64_t>(sum), 8);
        continue;
      }
      std::vector<Element> elements;
      for (const auto& [path, version] : column.elements) {
        if (!IsAlive(version, deleted, now_seconds)) continue;
        if (shape == Shape::kScalar) {
          (*cells)[name] = version.value;
        } else {
          elements.push_back(Element{KeyBytes(shape, path), version.value, version.expiry});
        }
      }
      if (!elements.empty()) (*cells)[name] = ElementsText(elements);
    }
    return cells->size() != before || (marker_ && IsAlive(*marker_, deleted_, now_seconds));
  }

 private:
  /// What orders the elements of a column. Of a list: a negative major number for what was put in front.
  struct Path {
    int64_t major = 0;
    int64_t minor = 0;
    int64_t index = 0;
    Bytes bytes;
    auto operator<=>(const Path&) const = default;
  };
  struct Column {
    int64_t deleted = INT64_MIN;
    std::map<Path, CellVersion> elements;  // of a scalar one, with the empty path
    std::vector<std::pair<int64_t, int64_t>> deltas;
  };

  static bool IsAlive(const CellVersion& version, int64_t deleted, int64_t now_seconds) {
    return version.timestamp > deleted && !version.tombstone && version.expiry > now_seconds;
  }

  static int64_t ExpiryOf(const Stamped& stamped) {
    return stamped.mutation.ttl.value_or(0) > 0 ? stamped.now_seconds + *stamped.mutation.ttl : kNever;
  }

  static CellVersion Version(const Stamped& stamped, const std::optional<Bytes>& value) {
    return CellVersion{stamped.timestamp, value ? ExpiryOf(stamped) : stamped.now_seconds, !value,
                       value.value_or("")};
  }

  static Bytes KeyBytes(Shape shape, const Path& path) {
    if (shape == Shape::kSet) return path.bytes;
    return shape == Shape::kList ? Bytes() : BigEndian(static_cast<uint64_t>(path.major), 4);
  }

  static void WriteElements(const Stamped& stamped, const Change& change, bool deletes_all, int64_t place,
                            Column* column) {
    if (deletes_all) {
      column->deleted = std::max(column->deleted, stamped.timestamp);
      return;
    }
    // What was written under the same timestamp stays.
    if (change.kind == Change::Kind::kSet) column->deleted = std::max(column->deleted, stamped.timestamp - 1);
    int64_t index = 0;
    for (const auto& [key, value] : change.elements) {
      Path path{key.number, 0, 0, key.bytes};
      if (ShapeOf(change.column) == Shape::kList) {
        const bool in_front = change.kind == Change::Kind::kPrepend;
        path = in_front ? Path{-stamped.event, -place, index, {}} : Path{stamped.event, place, index, {}};
        ++index;
      }
      const bool removes = change.kind == Change::Kind::kRemove;
      Put(&column->elements, path, Version(stamped, removes ? std::nullopt : std::optional<Bytes>(value)));
    }
  }

  int64_t deleted_ = INT64_MIN;
  std::optional<CellVersion> marker_;
  std::map<std::string, Column> columns_;
};

void Model::Apply(const Event& event) {
  switch (event.kind) {
    case Event::Kind::kCreate:
      tables_[event.table].columns =
          IsCounterTable(event.table) ? std::set<std::string>{"c", "k", "sc"}
                                      : std::set<std::string>{"v", "w", "d", "l", "e", "m", "u", "si", "sm"};
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
        std::erase_if(stamped.mutation.changes,
                      [&](const Change& change) { return change.column == event.column; });
      }
      return;
    }
    case Event::Kind::kConditionalBatch:
      if (!Decide(event).applied) return;
      [[fallthrough]];
    case Event::Kind::kBatch: {
      last_automatic_timestamp_ += 2;
      const int64_t automatic = last_automatic_timestamp_;
      // In a conditional batch what is written stays, whatever ranges the batch deletes.
      const bool conditional = event.kind == Event::Kind::kConditionalBatch;
      for (const Mutation& mutation : event.batch) {
        tables_.at(mutation.table)
            .mutations.push_back({mutation, mutation.timestamp.value_or(automatic),
                                  mutation.timestamp.value_or(automatic - (conditional ? 1 : 0)),
                                  event.now_seconds, ++last_ordinal_, automatic});
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
  std::map<Clustering, RowModel> row_models;
  RowModel statics;
  for (const Stamped& stamped : tables_.at(table).mutations) {
    const Mutation& m = stamped.mutation;
    if (m.pk == pk && WritesRow(m.kind) && !m.no_row && Inside(m.row, from, to)) row_models[m.row];
  }
  for (const Stamped& stamped : tables_.at(table).mutations) {
    const Mutation& m = stamped.mutation;
    if (m.pk != pk) continue;
    if (m.kind == Kind::kDeletePartition) statics.Delete(stamped.deletion_timestamp);
    for (auto& [key, row] : row_models) {
      const bool deletes = m.kind == Kind::kDeletePartition || (m.kind == Kind::kDeleteRow && m.row == key) ||
                           (m.kind == Kind::kDeleteRange && Inside(key, m.from, m.to));
      if (deletes) row.Delete(m.kind == Kind::kDeleteRow ? stamped.timestamp : stamped.deletion_timestamp);
      if (m.kind == Kind::kUpsert && !m.no_row && m.row == key) row.Mark(stamped);
    }
    int64_t place = 0;  // of the change within the batch: of its mutation, then in it
    for (const Change& change : m.changes) {
      const int64_t at = stamped.ordinal * 1000 + place++;
      if (IsStatic(change.column)) {
        statics.Write(stamped, change, at);
      } else if (const auto row = row_models.find(m.row); row != row_models.end() && !m.no_row) {
        row->second.Write(stamped, change, at);
      }
    }
  }
  std::map<std::string, Bytes> static_cells;
  const bool has_statics = statics.Live(now_seconds, &static_cells);
  std::vector<Row> rows;
  for (const auto& [key, row_model] : row_models) {
    Row row{false, key, {}};
    if (!row_model.Live(now_seconds, &row.cells)) continue;
    row.cells.insert(static_cells.begin(), static_cells.end());
    rows.push_back(std::move(row));
  }
  const bool whole_partition = from.components == 0 && to.components == 0;
  if (rows.empty() && has_statics && whole_partition) {
    Row& row = rows.emplace_back();
    row.no_row = true;
    row.cells = static_cells;
  }
  return rows;
}

std::string RowText(const std::string& table, int64_t pk, const Row& row) {
  std::string text = table + " " + std::to_string(pk);
  text += row.no_row ? " -" : " " + std::to_string(row.key.a) + " " + row.key.b;
  for (const auto& [name, value] : row.cells) {
    const Shape shape = ShapeOf(name);
    text += " " + name + "=" + (shape == Shape::kScalar || shape == Shape::kCounter ? Hex(value) : value);
  }
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
