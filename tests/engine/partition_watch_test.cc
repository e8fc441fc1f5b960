#include "engine/partition_watch.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/commit_pipeline.h"
#include "engine/partition_latches.h"
#include "engine/pipeline_fixture.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {

// Goal: a commit with a watch is sent back if somebody wrote to its partition since the watch began, and only
// then; nothing of it is left, and it may be tried again. Method: each in turn.
TEST_CASE("a watch notices writes to its partition") {
  Pipeline parts;
  CommitPipeline& pipeline = *parts.pipeline;
  const std::vector<WatchedPartition> partitions{{0, "a"}, {0, "b"}};
  PartitionWatch watch(partitions);
  const auto commit = [&] { return pipeline.Commit(parts.Row("a"), {}, &watch); };
  pipeline.BeginWatch(&watch);
  REQUIRE_OK(pipeline.Commit(parts.Row("c")));
  REQUIRE_OK(commit());
  for (const char* key : {"a", "b"}) {
    pipeline.BeginWatch(&watch);
    REQUIRE_OK(pipeline.Commit(parts.Row(key)));
    const uint64_t sequence = pipeline.visible_sequence();
    REQUIRE(absl::IsAborted(commit()));
    REQUIRE(absl::IsAborted(commit()));
    REQUIRE(pipeline.visible_sequence() == sequence);
    pipeline.BeginWatch(&watch);
    REQUIRE_OK(commit());
  }
  // A watch that has ended is not looked at.
  pipeline.EndWatch(&watch);
  watch.touched = false;
  REQUIRE_OK(pipeline.Commit(parts.Row("a")));
  REQUIRE(!watch.touched);
}

// Goal: what runs alone, as a schema change does, may change anything. Method: one between reading and
// commit.
TEST_CASE("a watch notices what runs alone") {
  Pipeline parts;
  const std::vector<WatchedPartition> partitions{{0, "a"}};
  PartitionWatch watch(partitions);
  parts.pipeline->BeginWatch(&watch);
  REQUIRE_OK(parts.pipeline->RunExclusive([](const CommitStamp&) { return absl::OkStatus(); }));
  REQUIRE(absl::IsAborted(parts.pipeline->Commit(parts.Row("a"), {}, &watch)));
  parts.pipeline->EndWatch(&watch);
}

// Goal: a batch touches the partitions that it names, by table and key. Method: batches of several.
TEST_CASE("which partitions a batch touches") {
  Pipeline parts;
  const std::string both = parts.Row("a") + parts.Row("b");
  const auto touches = [&](TableId table, const std::string& key) {
    const WatchedPartition partition{table, key};
    return Touches(both, {&partition, 1});
  };
  REQUIRE(touches(0, "a"));
  REQUIRE(touches(0, "b"));
  REQUIRE(!touches(0, "c"));
  REQUIRE(!touches(1, "a"));
  REQUIRE(!Touches({}, {}));
}

// Goal: a commit decided by its reading has the reading's second. Method: the clock moves in between.
TEST_CASE("a commit with a watch has one now") {
  Pipeline parts;
  const std::vector<WatchedPartition> partitions{{0, "a"}};
  PartitionWatch watch(partitions);
  parts.pipeline->BeginWatch(&watch);
  watch.now_seconds = parts.env.clock.NowWallSeconds();
  parts.env.clock.Advance(5'000'000);
  WriteBatch batch;
  REQUIRE_OK(batch.Upsert(parts.schemas[0], {"a"}, {}, {}, {std::nullopt, 10}));
  REQUIRE_OK(parts.pipeline->Commit(batch.mutations(), {}, &watch));
  parts.pipeline->EndWatch(&watch);
  const TimeBounds times = parts.views.Get()->Find(0)->active->times();
  REQUIRE(times.min_local_time == SimEnv::kStartMicros / 1'000'000 + 10);
}

// Goal: latches of partitions that share a stripe are taken once, and let go of. Method: the same token
// twice, then again.
TEST_CASE("latches are taken once each") {
  PartitionLatches latches;
  const std::vector<uint64_t> tokens{7, 7, 7 + 256, 8};
  for (int i = 0; i < 2; ++i) {
    const PartitionLatches::Hold hold(&latches, tokens);
  }
}

}  // namespace stoa
