// Does to a database what was done to Cassandra, and compares every answer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include <stoa/database.h>

#include "io/random.h"
#include "model/sim_env.h"
#include "replay/transcript.h"

namespace stoa::replay {

/// How many results were compared, and those that differ.
struct Tally {
  size_t histories = 0;
  size_t results = 0;    // answers to queries and outcomes of conditional writes
  size_t refusals = 0;   // of operations that Cassandra refused as well
  size_t explained = 0;  // results that differ as lib/data/README.md says
  std::vector<std::string> differences;
};

/// A slice of a partition, and the values of its bounds.
struct Slice {
  Data low;
  Data high;
  ClusteringRange range;
};
/// Reads the words eq=, gt=, ge=, lt= and le=, which are in the order of values.
absl::Status ReadSlice(const Line& line, const TableSchema& schema, Slice* slice);

/// One history: a database of its own on simulated files, whose clock is the transcript's. Between operations
/// it is flushed, merged and reopened, as `seed` will have it.
class Replayer {
 public:
  /// `history` is the line that it begins with.
  Replayer(uint64_t seed, std::string_view history, Tally* tally);
  ~Replayer();

  /// Takes the lines of a history, from the one behind "history" to "end".
  void Run(Lines* lines);

 private:
  void Disturb();
  /// Lets time pass; backwards, somebody sets the wall clock.
  void MoveClock(int64_t micros);
  void Open();
  absl::StatusOr<DataType> ParseType(std::string_view text) const;

  absl::Status CreateType(const Line& line);
  absl::Status CreateTable(const Line& line, Lines* lines);
  absl::Status ChangeSchema(const Line& line);

  /// Carries out the operation of `line` and compares what comes of it with what stands behind it.
  void Operate(const Line& line, Lines* lines);
  /// Compares a status with whether Cassandra refused.
  void Compare(const Line& line, const absl::Status& status, Lines* lines);
  void WriteIf(const Line& line, const std::vector<Line>& parts, Lines* lines);
  absl::StatusOr<ConditionalOutcome> RunWriteIf(const Line& line, const std::vector<Line>& parts);
  /// Compares the values that come with a refusal.
  void CompareCurrent(const Line& line, const std::string& table_name, const ConditionalOutcome& outcome,
                      Lines* lines);
  /// Whether answers from this table may differ, for a reason that lib/data/README.md gives.
  bool IsExplained(std::string_view table) const;
  static void SkipRows(Lines* lines);
  absl::Status AddMutation(const Line& line, std::optional<int64_t> batch_timestamp, WriteBatch* batch);
  void Select(const Line& line, Lines* lines);
  /// The rows of all pages.
  absl::StatusOr<std::vector<std::string>> RunSelect(const Line& line);
  int64_t NowSeconds() const { return sim_->clock.NowWallMicros() / kMicrosPerSecond; }
  void Differ(std::string_view line, const std::string& what);

  const Table& TableOf(std::string_view name);

  Random random_;
  const bool increments_deleted_;  // counters that were deleted: the family that is about it
  Tally* const tally_;
  SimFileSystem files_;
  std::unique_ptr<SimEnv> sim_;
  Options options_;
  std::unique_ptr<Database> database_;
  std::map<std::string, Table, std::less<>> tables_;  // as opened last; forgotten when the schema changes
  /// Tables in which what Cassandra did is not to be repeated (lib/data/README.md): a column was added again,
  /// counters were deleted, or a conditional batch looked into a list that Cassandra had not read.
  std::set<std::string> explained_;
  std::set<std::string> dropped_;  // names of columns
  size_t line_number_ = 0;
};

}  // namespace stoa::replay
