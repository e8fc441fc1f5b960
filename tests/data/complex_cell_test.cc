#include "data/complex_cell.h"

#include <algorithm>
#include <string>
#include <vector>

#include "data/complex_merge.h"
#include "io/random.h"
#include "support/catch.h"
#include "support/row_stream.h"

namespace stoa::testing {
namespace {

/// A cell as it comes out of a fragment: what `fill` tells a builder, in a commit.
struct Written {
  template <typename Fill>
  Written(int64_t timestamp, int64_t expiry, const Fill& fill) : context{timestamp, 1000} {
    ComplexCellBuilder builder;
    CHECK(builder.empty());
    fill(builder);
    builder.Finish(&bytes);
    cell.timestamp = timestamp;
    cell.expiry = expiry;
    cell.complex = true;
    cell.bytes = bytes;
    CHECK(IsValidComplexCell(cell, /*in_context=*/true));
    CHECK(!IsValidComplexCell(cell, /*in_context=*/false));
  }
  template <typename Fill>
  Written(int64_t timestamp, const Fill& fill) : Written(timestamp, kNoExpiry, fill) {}
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;

  std::string bytes;
  Cell cell;
  FragmentContext context;
};

using Builder = ComplexCellBuilder;

/// The merge of `cells`, as "path=value ..." with what else there is to say; "" if nothing remains.
std::string Merged(const std::vector<const Written*>& cells, const ComplexRules& rules = {}) {
  ComplexMerger merger;
  merger.Start();
  for (const Written* written : cells) merger.Add(written->cell, written->context);
  std::string bytes;
  Cell cell;
  if (!merger.Merge(rules, &bytes, &cell)) return "";
  REQUIRE(IsValidComplexCell(cell, /*in_context=*/false));
  CHECK(cell.timestamp == SummaryOf(cell).times.max_timestamp);
  std::string text;
  ComplexCellReader reader(cell);
  if (!reader.deletion().live()) {
    text += "del@" + std::to_string(reader.deletion().timestamp) + " ";
    CHECK(reader.deletion().local_time == 1000);
  }
  ComplexElement element;
  while (reader.NextElement(&element)) {
    text +=
        std::string(element.path) + (element.cell.tombstone ? "!" : "=" + std::string(element.cell.bytes));
    text += "@" + std::to_string(element.cell.timestamp);
    if (element.cell.expiry != kNoExpiry) text += "~" + std::to_string(element.cell.expiry);
    text += " ";
  }
  CounterDelta delta;
  while (reader.NextDelta(&delta)) {
    text += "[" + std::to_string(delta.min_timestamp) + "," + std::to_string(delta.max_timestamp) +
            "]:" + std::to_string(delta.sum) + " ";
  }
  CHECK(reader.ok());
  return text;
}

TEST_CASE("What a complex cell builder is told is what is read") {
  const Written cell(50, 1200, [](Builder& b) {
    b.Put("b", "2");
    b.Put("a", "");
    b.Put("b", "3");
    b.Put("b", "1");
    b.Put("c", "x");
    b.Remove("c");
    b.Put("c", "y");
    b.DeleteBefore();
  });
  CHECK(Merged({&cell}) == "del@49 a=@50~1200 b=3@50~1200 c!@50~1000 ");
  const Written at(50, [](Builder& b) {
    b.DeleteBefore();
    b.DeleteAt();
    b.DeleteBefore();
  });
  CHECK(Merged({&at}) == "del@50 ");
  const Written sum(50, [](Builder& b) {
    b.Increment(5);
    b.Increment(-7);
  });
  CHECK(Merged({&sum}) == "[50,50]:-2 ");
  CHECK(CounterValue(sum.cell) == -2);
  // Before the first of all timestamps there is nothing to delete.
  const Written first(kNoTimestamp + 1, [](Builder& b) {
    b.DeleteBefore();
    b.Put("a", "1");
  });
  CHECK(Merged({&first}) == "a=1@" + std::to_string(kNoTimestamp + 1) + " ");
  const Written last(INT64_MAX, [](Builder& b) { b.Put("a", "2"); });
  CHECK(Merged({&first, &last}) == "a=2@" + std::to_string(INT64_MAX) + " ");
}

TEST_CASE("Paths and collections may be large") {
  const std::string path(100'000, 'p');
  const Written large(1, [&](Builder& b) {
    for (int i = 0; i < 100'000; ++i) b.Put(std::to_string(i), "v");
    b.Put(path, path);
  });
  const Written other(2, [&](Builder& b) { b.Remove(path); });
  ComplexMerger merger;
  merger.Start();
  merger.Add(other.cell, other.context);
  merger.Add(large.cell, large.context);
  std::string bytes;
  Cell cell;
  REQUIRE(merger.Merge(ComplexRules(), &bytes, &cell));
  ComplexCellReader reader(cell);
  CHECK(reader.element_count() == 100'001);
  CHECK(IsValidComplexCell(cell, false));
  CHECK(SummaryOf(cell).tombstone_count == 1);
}

TEST_CASE("Elements and deletions reconcile as cells and deletions do [rule]") {
  const Written one(10, [](Builder& b) { b.Put("a", "1"); });
  const Written two(10, [](Builder& b) { b.Put("a", "2"); });
  const Written expiring(10, 2000, [](Builder& b) { b.Put("a", "0"); });
  const Written removed(10, [](Builder& b) { b.Remove("a"); });
  const Written later(11, [](Builder& b) { b.Put("a", "0"); });
  CHECK(Merged({&one, &two}) == "a=2@10 ");
  CHECK(Merged({&two, &expiring, &one}) == "a=0@10~2000 ");
  CHECK(Merged({&removed, &two, &expiring}) == "a!@10~1000 ");
  CHECK(Merged({&later, &removed, &two}) == "a=0@11 ");
  const Written overwritten(11, [](Builder& b) {
    b.DeleteBefore();
    b.Put("b", "1");
  });
  CHECK(Merged({&one, &overwritten, &later}) == "del@10 a=0@11 b=1@11 ");
  const Written deleted(11, [](Builder& b) { b.DeleteAt(); });
  CHECK(Merged({&overwritten, &one, &later, &deleted}) == "del@11 ");
  ComplexRules covered;
  covered.covering = 10;
  CHECK(Merged({&overwritten}, covered) == "b=1@11 ");
  covered.covering = 11;
  CHECK(Merged({&overwritten, &one}, covered) == "");
}

TEST_CASE("A reader gets what is alive in a complex cell, and nothing else") {
  const Written dead(10, 2000, [](Builder& b) {
    b.DeleteBefore();
    b.Put("a", "1");
    b.Remove("b");
  });
  const Written plain(9, [](Builder& b) { b.Put("c", "1"); });
  const Written newer(12, [](Builder& b) { b.Put("c", "1"); });
  ComplexRules live;
  live.live_at = 1999;
  CHECK(Merged({&dead, &plain, &newer}, live) == "a=1@10~2000 c=1@12 ");
  live.live_at = 2000;
  CHECK(Merged({&dead, &plain, &newer}, live) == "c=1@12 ");
  CHECK(Merged({&dead, &plain}, live) == "");
}

TEST_CASE("Lists are in the order of commits, then of operations, then of values [rule]") {
  const auto values = [](const std::vector<const Written*>& cells) {
    ComplexMerger merger;
    for (const Written* written : cells) merger.Add(written->cell, written->context);
    std::string bytes;
    std::string text;
    Cell cell;
    REQUIRE(merger.Merge(ComplexRules(), &bytes, &cell));
    ComplexCellReader reader(cell);
    for (ComplexElement element; reader.NextElement(&element);) text += element.cell.bytes;
    return text;
  };
  const Written first(5, [](Builder& b) {
    b.Append(0, 1, "d");
    b.Append(0, 0, "c");
    b.Append(1, 0, "e");
    b.Prepend(2, 0, "a");
    b.Prepend(2, 1, "b");
  });
  // The write's own timestamp is less, but it was made later.
  Written second(6, [](Builder& b) {
    b.Append(0, 0, "f");
    b.Prepend(7, 0, "9");
    b.Prepend(8, 0, "8");
  });
  second.cell.timestamp = 3;
  CHECK(values({&first}) == "abcde");
  CHECK(values({&first, &second}) == "89abcdef");
  CHECK(values({&second, &first}) == "89abcdef");
  const Written before_epoch(-7, [](Builder& b) { b.Append(0, 0, "-"); });
  CHECK(values({&first, &before_epoch}) == "ab-cde");
}

TEST_CASE("Deltas are put side by side, removed whole, and folded by permission alone [rule]") {
  const Written one(10, [](Builder& b) { b.Increment(1); });
  const Written two(20, [](Builder& b) { b.Increment(INT64_MAX); });
  const Written three(30, [](Builder& b) { b.Increment(5); });
  const Written again(30, [](Builder& b) { b.Increment(6); });
  const std::string max = std::to_string(INT64_MAX);
  CHECK(Merged({&two, &one}) == "[10,10]:1 [20,20]:" + max + " ");
  CHECK(Merged({&three, &again}) == "[30,30]:11 ");  // nothing can come between
  const Written deleted(20, [](Builder& b) { b.DeleteAt(); });
  CHECK(Merged({&one, &two, &three, &deleted}) == "del@20 [30,30]:5 ");
  std::vector<std::pair<int64_t, int64_t>> asked;
  const CanFold early = [&](int64_t from, int64_t to) {
    asked.emplace_back(from, to);
    return to <= 20;
  };
  ComplexRules rules;
  rules.can_fold = &early;
  CHECK(Merged({&three, &one, &two}, rules) == "[10,20]:" + std::to_string(INT64_MIN) + " [30,30]:5 ");
  CHECK(asked == std::vector<std::pair<int64_t, int64_t>>{{10, 20}, {10, 30}});
  ComplexRules live;
  live.live_at = 0;
  CHECK(Merged({&one, &three}, live) == "[10,30]:6 ");
}

// Goal: purging decides about each element by itself; what is expired but stays has no value.
TEST_CASE("What a rule takes out of a complex cell") {
  const Written cell(10, 900, [](Builder& b) {
    b.DeleteBefore();
    b.Put("a", "1");
    b.Remove("b");
  });
  ComplexRules rules;
  std::function<bool(Cell*)> keep = [](Cell* element) {
    element->bytes = {};
    return true;
  };
  rules.keep = &keep;
  CHECK(Merged({&cell}, rules) == "del@9 a=@10~900 b!@10~1000 ");
  keep = [](Cell* element) { return !element->tombstone; };
  CHECK(Merged({&cell}, rules) == "a=1@10~900 ");
  keep = [](Cell* element) { return element->tombstone && element->timestamp == 9; };
  CHECK(Merged({&cell}, rules) == "del@9 ");
  keep = [](Cell*) { return false; };
  CHECK(Merged({&cell}, rules) == "");
}

TEST_CASE("A resolved cell of which all stays is not copied") {
  const Written written(10, 2000, [](Builder& b) {
    b.DeleteBefore();
    b.Put("a", "1");
    b.Remove("b");
  });
  ComplexMerger merger;
  merger.Add(written.cell, written.context);
  std::string bytes;
  Cell resolved;
  REQUIRE(merger.Merge(ComplexRules(), &bytes, &resolved));
  CHECK(resolved.bytes.data() == bytes.data());
  const std::string copy = bytes;
  resolved.bytes = copy;
  std::string unused;
  Cell result;
  merger.Start();
  merger.Add(resolved, FragmentContext{});
  ComplexRules rules;
  rules.covering = 8;
  REQUIRE(merger.Merge(rules, &unused, &result));
  CHECK(result.bytes.data() == copy.data());
  CHECK(unused.empty());
  for (const int64_t covering : {9, 10}) {
    rules.covering = covering;
    CHECK((!merger.Merge(rules, &unused, &result) || result.bytes != copy));
  }
}

}  // namespace
}  // namespace stoa::testing
