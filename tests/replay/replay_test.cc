// What a real Cassandra answered, and what Stoa does.
#include <cstdio>
#include <string>

#include "replay/replayer.h"
#include "support/catch.h"
#include "support/zstd_lines.h"

namespace stoa::replay {
namespace {

Tally Replay(const std::string& family) {
  Tally tally;
  Lines lines(testing::ReadZstdLines("tests/cassandra/transcripts/" + family + ".txt.zst"));
  for (uint64_t seed = 1; !lines.done(); ++seed) {
    lines.Take();  // history
    Replayer(seed, &tally).Run(&lines);
  }
  std::printf("%s: %zu histories, %zu results, %zu refusals, %zu explained, %zu differences\n",
              family.c_str(), tally.histories, tally.results, tally.refusals, tally.explained,
              tally.differences.size());
  for (const std::string& difference : tally.differences) std::printf("  %s\n", difference.c_str());
  return tally;
}

}  // namespace

TEST_CASE("Stoa answers as Cassandra did") {
  for (const char* family : {"batches", "collections", "conditional", "conditional_batches", "counters",
                             "counters_deleted", "deletions", "errors", "keys", "mixed", "paging", "scalars",
                             "schema", "schema_timestamps", "statics", "timestamps", "ttl", "usertypes"}) {
    const Tally tally = Replay(family);
    REQUIRE(tally.histories > 0);
    CHECK(tally.differences.empty());
  }
}

}  // namespace stoa::replay
