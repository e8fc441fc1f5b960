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

/// The tables of the model all have the key (pk bigint), (a bigint ASC, b text DESC), and regular columns by
/// name.
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

struct Mutation {
  enum class Kind { kUpsert, kUpdate, kDeleteCells, kDeleteRow, kDeleteRange, kDeletePartition };
  Kind kind = Kind::kUpsert;
  std::string table;
  int64_t pk = 0;
  Clustering row;
  Bound from, to;
  std::vector<std::pair<std::string, std::optional<Bytes>>> cells;  // nullopt: null
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
    kIn
  };
  Kind kind = Kind::kExists;
  Clustering row;
  std::string column;                        // of those that compare
  std::vector<std::optional<Bytes>> values;  // one, but any number of kIn

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

struct Row {
  Clustering key;
  std::map<std::string, Bytes> cells;  // live ones
  friend bool operator==(const Row&, const Row&) = default;
};

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
    int64_t now_seconds;
  };
  struct TableModel {
    std::set<std::string> columns;
    std::vector<Stamped> mutations;
  };
  std::map<std::string, TableModel> tables_;
  int64_t last_automatic_timestamp_ = int64_t{1} << 50;
};

/// One row as Dump writes it.
std::string RowText(const std::string& table, int64_t pk, const Row& row);

}  // namespace stoa::model
