// Row streams in tests: a source over a literal content, and the content of any stream.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "data/fragment.h"
#include "data/row_batch.h"
#include "io/random.h"
#include "support/row_content.h"

namespace stoa::testing {

/// What the sources of a test have been asked to load.
struct LoadCounts {
  uint64_t batches = 0;
  uint64_t keys = 0;
  uint64_t liveness = 0;
  uint64_t columns = 0;
};

struct VectorSourceOptions {
  /// Batches have 1 to this many rows, chosen by `seed`; with seed 0 all have this many.
  uint32_t batch_rows = 4;
  uint64_t seed = 0;
  /// When false, batches are handed over loaded.
  bool lazy = true;
  LoadCounts* counts = nullptr;
  /// Counts down with every call of Next or of a load, may be shared by several sources; the call that finds
  /// 0 fails.
  int64_t* calls_left = nullptr;
  /// Where a row may match, for NextPossibleMatch; null: the source cannot tell.
  std::function<bool(const ColumnBounds&, const PositionView&, const ContentRow&)> may_match;
};

/// The stream of `content` (which is copied; its deletions may overlap) under `spec`, as row_batch.h defines
/// it. Loads only the rows it is asked for: others hold nonsense.
std::unique_ptr<RowSource> NewVectorSource(const Content& content, const ScanSpec& spec,
                                           const VectorSourceOptions& options = {});

/// Collects what a stream hands over.
class ContentCollector {
 public:
  explicit ContentCollector(const ScanSpec& spec) : spec_(spec) {}

  /// Says that the stream was skipped to a place, from which on a deletion may be open.
  void SkippedTo(const PositionView& position);
  absl::Status Add(RowBatch batch);

  /// The last row, range-change or START handed over.
  const Position& last() const { return last_; }
  bool any() const { return any_; }
  /// Ascending, also of a reverse stream.
  Content Finish();

 private:
  void StartPartition(const PartitionRun& run);
  void AddRow(const RowBatch& batch, uint32_t row);
  void Change(const std::string& bound, const DeletionTime& deletion);

  const ScanSpec spec_;
  Content content_;
  bool any_ = false;
  bool skipped_ = false;
  Position last_;
  Position skip_;
  DeletionTime open_;
  std::string opened_at_;
};

/// A copy of a cell; `context` if it is complex and of a fragment.
ContentCell Owned(const Cell& cell, const FragmentContext& context = {});

/// What becomes of a pending path in the commit with this timestamp.
std::string ListPath(const std::string& pending, int64_t commit_timestamp);

/// Reads `source` to its end.
absl::StatusOr<Content> ReadContent(RowSource* source, const ScanSpec& spec);

/// A range over everything.
inline PositionRange Everything() { return PositionRange{}; }

}  // namespace stoa::testing
