#include "read/live_filter.h"

#include "data/row_source_conformance.h"
#include "read/merge_support.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa::testing {
namespace {

// Goal: exactly what is alive is left. Method: random histories at random times against the plain definition,
// in the conformance suite, for a filtered stream is a row source too.
TEST_CASE("The live filter leaves what is alive") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    GeneratorOptions generator_options;
    generator_options.deletion_percent = seed % 3 == 0 ? 5 : 30;
    generator_options.ttl_percent = seed % 4 == 0 ? 60 : 15;
    RowGenerator generator(seed, generator_options);
    const std::vector<RandomWrite> writes = generator.Writes(static_cast<uint32_t>(40 + seed * 3));
    const std::vector<Content> contents = Split(writes, 1 + seed % 3, &generator.random());
    const int64_t now = 950 + static_cast<int64_t>(generator.random().Uniform(150));
    VectorSourceOptions options;
    options.batch_rows = static_cast<uint32_t>(1 + seed % 9);
    options.seed = seed;
    int64_t calls_left = -1;
    options.calls_left = &calls_left;
    RowSourceCase test;
    test.schema = &generator.schema();
    test.expected = LiveAt(MergeOf(writes), now);
    test.open = [&](const ScanSpec& spec) {
      return NewLiveFilter(NewMergeOf(contents, spec, options), spec, now);
    };
    test.fail_read = [&](int64_t n) { calls_left = n; };
    test.is_merge = true;
    test.scans = 6;
    CheckRowSource(test, seed);
  }
}

// A table without deletions and time to live: nothing is loaded to find that out.
TEST_CASE("The live filter does not look into clean batches") {
  CheckCleanBatchesPassUnloaded([](std::unique_ptr<RowSource> source, const ScanSpec& spec) {
    return NewLiveFilter(std::move(source), spec, 5000);
  });
}

}  // namespace
}  // namespace stoa::testing
