#include "data/source_bounds.h"

#include "support/catch.h"

namespace stoa {
namespace {

Position At(uint64_t token, const char* key, const char* clustering) {
  return Position(PositionView{token, key, clustering});
}

SourceBounds Bounds(const Position& first, const Position& last) {
  SourceBounds bounds;
  bounds.first = first;
  bounds.last = last;
  bounds.times.AddWrite(1, kNoExpiry);
  return bounds;
}

TEST_CASE("Time bounds cover writes and deletions") {
  TimeBounds bounds;
  CHECK(bounds.empty());
  bounds.AddWrite(5, kNoExpiry);
  CHECK((bounds.min_timestamp == 5 && bounds.max_timestamp == 5));
  CHECK((bounds.min_local_time == kNoExpiry && bounds.max_local_time == kNoExpiry));
  CHECK((!bounds.has_expiring && !bounds.has_tombstones));
  TimeBounds other;
  other.Add(TimeBounds{});
  CHECK(other.empty());
  other.AddWrite(3, 100);
  CHECK((other.has_expiring && other.max_local_time == 100));
  other.AddDeletion(DeletionTime{});
  CHECK(!other.has_tombstones);
  other.AddDeletion(DeletionTime{9, 50});
  CHECK((other.has_tombstones && other.min_local_time == 50 && other.max_timestamp == 9));
  bounds.Add(other);
  CHECK((bounds.min_timestamp == 3 && bounds.max_timestamp == 9 && bounds.min_local_time == 50));
  CHECK((bounds.max_local_time == kNoExpiry && bounds.has_expiring && bounds.has_tombstones));
}

TEST_CASE("Sources overlap where they share a place") {
  const SourceBounds bounds = Bounds(At(5, "k", "c"), At(7, "m", "e"));
  const auto overlaps = [&](const Position& start, const Position& end) {
    return bounds.Overlaps(PositionRange{start.view(), end.view()});
  };
  CHECK(bounds.Overlaps(PositionRange{}));
  CHECK(!overlaps(At(0, "", ""), At(5, "k", "c")));  // the end is excluded
  CHECK(overlaps(At(0, "", ""), At(5, "k", "d")));
  CHECK(overlaps(At(7, "m", "e"), At(9, "", "")));  // the last place is included
  CHECK(!overlaps(At(7, "m", "f"), At(9, "", "")));
  CHECK(bounds.Overlaps(Bounds(At(7, "m", "e"), At(8, "", ""))));
  CHECK(bounds.Overlaps(Bounds(At(1, "", ""), At(5, "k", "c"))));
  CHECK(!bounds.Overlaps(Bounds(At(7, "m", "ea"), At(8, "", ""))));
  SourceBounds empty;
  CHECK(!empty.Overlaps(PositionRange{}));
  CHECK(!empty.Overlaps(bounds));
}

// The purge rule: older than the grace period, and nothing outside at or below the timestamp.
TEST_CASE("What may be purged [rule]") {
  CHECK(CanPurge(10, 999, 1000, 0, 11));
  CHECK(!CanPurge(10, 1000, 1000, 0, 11));
  CHECK(!CanPurge(10, 999, 1000, 0, 10));
  CHECK(CanPurge(10, 999, 1000, 0, INT64_MAX));
  CHECK(!CanPurge(10, 995, 1000, 5, 11));
  CHECK(CanPurge(10, 994, 1000, 5, 11));
}

}  // namespace
}  // namespace stoa
