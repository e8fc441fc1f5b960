// What a real Cassandra answered, and what Stoa does.
#include <cstdio>
#include <string>

#include "replay/replayer.h"
#include "support/catch.h"
#include "support/zstd_lines.h"

namespace stoa::replay {
namespace {

/// Each makes one part of the data model dense (tests/cassandra/README.md).
constexpr const char* kFamilies[] = {"batches",     "collections",
                                     "conditional", "conditional_batches",
                                     "counters",    "counters_deleted",
                                     "deletions",   "errors",
                                     "keys",        "mixed",
                                     "paging",      "scalars",
                                     "schema",      "schema_timestamps",
                                     "statics",     "timestamps",
                                     "ttl",         "usertypes"};

}  // namespace

// Goal: Stoa is Cassandra's data model, down to the ties. Method: everything that was done to a Cassandra 5.0
// in recorded histories is done to Stoa, on simulated files, flushed, merged, closed and killed in between,
// and every answer compared; what differs on purpose is a row of lib/data/README.md.
TEST_CASE("Stoa answers as Cassandra did") {
  Tally tally;
  for (const char* family : kFamilies) {
    INFO(family);
    Lines lines(testing::ReadZstdLines(std::string("tests/cassandra/transcripts/") + family + ".txt.zst"));
    for (uint64_t seed = 1; !lines.done(); ++seed) Replayer(seed, lines.Take(), &tally).Run(&lines);
    for (const std::string& difference : tally.differences) UNSCOPED_INFO(difference);
    REQUIRE(tally.differences.empty());
  }
  std::printf("cassandra: histories=%zu results=%zu refusals=%zu explained=%zu differences=0\n",
              tally.histories, tally.results, tally.refusals, tally.explained);
  CHECK(tally.histories >= 2000);
  CHECK(tally.results >= 100'000);
  CHECK(tally.explained < tally.results / 20);
}

}  // namespace stoa::replay
