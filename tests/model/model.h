// An independent model of a database: it keeps every mutation in a list and answers a read by going through
// all of them. It shares no code with the engine and is written to be obviously right, not fast.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace stoa::model {

/// The tables of the model all have the key (pk bigint), (a bigint ASC, b text DESC). Which columns there can
/// be, and of which type, is said by ShapeOf and IsStatic; a table whose name begins with "c" has counters
/// and nothing else.
struct Clustering {
  int64_t a = 0;
  std::string b;

  friend bool operator==(const Clustering&, const Clustering&) = default;
  friend std::strong_ordering operator<=>(const Clustering& x, const Clustering& y) {
    if (x.a != y.a) return x.a <=> y.a;
    return y.b.compare(x.b) <=> 0;
  }
};

/// A bound of a slice: how many clustering components it names (0 to 2), which, and whether they are inside.
struct Bound {
  int components = 0;
  bool inclusive = true;
  Clustering at;
};

/// A value, as its serialized bytes; which column it is for says what they mean.
using Bytes = std::string;

enum class Shape { kScalar, kList, kSet, kMap, kUserType, kCounter };

/// v int, w text, d double, x int, l list<int>, e set<text>, m map<int, text>, u user type (a int, b text),
/// c and k counters; and static ones: si int, sm map<int, text>.
Shape ShapeOf(const std::string& column);
bool IsStatic(const std::string& column);
bool IsCounterTable(const std::string& table);

/// Of a map the key, of a user type the number of the field; of a set the bytes. Lists are addressed by
/// nothing: their elements have their places from the time of writing.
struct ElementKey {
  int64_t number = 0;
  Bytes bytes;
  auto operator<=>(const ElementKey&) const = default;
};

/// What a mutation does to a column.
struct Change {
  enum class Kind {
    kSet,      // of a scalar: value; else the elements, all others are gone
    kAdd,      // append to a list, add to a set, put into a map, set fields, add `delta`
    kPrepend,  // of a list
    kRemove,   // the elements that `elements` name: a tombstone each
  };
  std::string column;
  Kind kind = Kind::kSet;
  std::optional<Bytes> value;  // of a scalar; nullopt: null
  std::vector<std::pair<ElementKey, Bytes>> elements;
  int64_t delta = 0;
};

struct Mutation {
  enum class Kind { kUpsert, kUpdate, kDeleteCells, kDeleteRow, kDeleteRange, kDeletePartition };
  Kind kind = Kind::kUpsert;
  std::string table;
  int64_t pk = 0;
  bool no_row = false;  // writes or deletes static cells alone
  Clustering row;
  Bound from, to;
  std::vector<Change> changes;  // of kDeleteCells only the columns count
  std::optional<int64_t> timestamp;
  std::optional<int32_t> ttl;

  std::string ToString() const;
};

/// What must be true of a row for a conditional batch to be written.
struct Condition {
  enum class Kind {
    kNotExists,
    kExists,
    kEqual,
    kNotEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kIn,
    kContains,
    kContainsKey
  };
  Kind kind = Kind::kExists;
  Clustering row;
  std::string column;                        // of those that compare
  std::vector<std::optional<Bytes>> values;  // one, but any number of kIn; elements or keys of kContains...

  std::string ToString() const;
};

/// What the model is told: batches and schema changes, in commit order.
struct Event {
  enum class Kind { kBatch, kConditionalBatch, kCreate, kDrop, kTruncate, kAddColumn, kDropColumn };
  Kind kind = Kind::kBatch;
  std::vector<Mutation> batch;        // of a conditional one, all of one partition
  std::vector<Condition> conditions;  // on rows of that partition
  std::string table;
  std::string column;
  int64_t now_seconds = 0;  // by the clock when it happened
};

/// A row of a result: live cells by column, static ones included. Of columns of several cells as ElementsText
/// writes them.
struct Row {
  bool no_row = false;  // a partition that has static cells alone; then `key` means nothing
  Clustering key;
  std::map<std::string, Bytes> cells;
  friend bool operator==(const Row&, const Row&) = default;
};

/// One element of a list, set, map or user type as it is compared: its key in serialized form (of a list
/// none), value (of a set none) and expiry (INT64_MAX: none).
struct Element {
  Bytes key;
  Bytes value;
  int64_t expiry = INT64_MAX;
};
std::string ElementsText(const std::vector<Element>& elements);

/// What becomes of a conditional batch.
struct Decision {
  bool applied = false;
  /// When not applied: of each row with conditions, in the order in which they are first named, the columns
  /// that conditions name, or all if one asks for existence; nullopt where there is no row.
  std::vector<std::optional<Row>> rows;
  friend bool operator==(const Decision&, const Decision&) = default;
};

class Model {
 public:
  void Apply(const Event& event);
  /// What applying a conditional batch would do.
  Decision Decide(const Event& event) const;

  /// Tables that exist.
  std::set<std::string> tables() const;
  const std::set<std::string>& columns(const std::string& table) const { return tables_.at(table).columns; }
  /// Live rows of a partition between the bounds, in clustering order.
  std::vector<Row> Read(const std::string& table, int64_t pk, const Bound& from, const Bound& to,
                        int64_t now_seconds) const;
  /// Partitions that were ever written to.
  std::set<int64_t> partitions(const std::string& table) const;

  /// All live rows of all tables as text.
  std::string Dump(int64_t now_seconds) const;

 private:
  struct Stamped {
    Mutation mutation;
    int64_t timestamp;
    int64_t deletion_timestamp;  // of ranges and partitions
    int64_t now_seconds;
    int64_t ordinal;  // grows from mutation to mutation
    int64_t event;    // grows from batch to batch
  };
  struct TableModel {
    std::set<std::string> columns;
    std::vector<Stamped> mutations;
  };
  class RowModel;

  std::map<std::string, TableModel> tables_;
  int64_t last_automatic_timestamp_ = int64_t{1} << 50;
  int64_t last_ordinal_ = 0;
};

/// One row as Dump writes it.
std::string RowText(const std::string& table, int64_t pk, const Row& row);

}  // namespace stoa::model
