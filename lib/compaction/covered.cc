#include "compaction/covered.h"

#include <memory>

#include "base/status_macros.h"
#include "data/row_batch.h"

namespace stoa {
namespace {

/// A deletion that covers a file has little else beside it in its place: what was written there since.
constexpr int kBatchesMax = 8;

/// Follows what is open in a stream from its first position on.
class CoverCheck {
 public:
  enum class Answer : uint8_t { kUnknown, kYes, kNo };

  /// The stream is one of [first, end) of one partition; covered means by deletions of `newest` or later.
  CoverCheck(PositionView first, PositionView end, int64_t newest)
      : first_(first), end_(end), newest_(newest) {}

  Answer Add(const RowBatch& batch) {
    if (batch.runs.front().deletion.Shadows(newest_)) return Answer::kYes;
    for (const RangeChange& change : batch.changes) {
      if (open_ && change.bound == end_.clustering) return Answer::kYes;
      // What is open at the beginning of a slice is said at the slice's own bound.
      if (!open_ && change.bound != first_.clustering) return Answer::kNo;
      if (!change.deletion.Shadows(newest_)) return Answer::kNo;
      open_ = true;
    }
    return open_ ? Answer::kUnknown : Answer::kNo;
  }

 private:
  const PositionView first_;
  const PositionView end_;
  const int64_t newest_;
  bool open_ = false;  // something new enough, from first_ up to here
};

}  // namespace

bool MayCover(const SSTableMetadata& by, const SSTableMetadata& file) {
  const SourceBounds& above = by.bounds;
  const SourceBounds& below = file.bounds;
  return by.number != file.number && below.first.view().SamePartition(below.last.view()) &&
         above.times.has_tombstones && above.times.max_timestamp >= below.times.max_timestamp &&
         above.first <= below.first && below.last <= above.last;
}

absl::StatusOr<bool> Covers(const SSTable& by, const SSTableMetadata& file) {
  using Answer = CoverCheck::Answer;
  Position end = file.bounds.last;
  end.clustering.push_back('\0');  // the least position after it
  const Projection keys_alone;
  ScanSpec spec;
  spec.range = PositionRange{file.bounds.first, end};
  spec.projection = &keys_alone;
  const std::unique_ptr<RowSource> source = by.NewSource(spec, nullptr, CacheUse::kLeave);
  CoverCheck check(file.bounds.first, end, file.bounds.times.max_timestamp);
  Answer answer = Answer::kUnknown;
  RowBatch batch;
  for (int i = 0; i < kBatchesMax && answer == Answer::kUnknown; ++i) {
    STOA_ASSIGN_OR_RETURN(const bool more, source->Next(&batch));
    answer = more ? check.Add(batch) : Answer::kNo;
  }
  return answer == Answer::kYes;
}

}  // namespace stoa
