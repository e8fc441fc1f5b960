#include "data/row_source_conformance.h"
#include "data/stream_validator.h"
#include "support/catch.h"

namespace stoa::testing {
namespace {

// The source that other tests take for correct passes the suite: over random contents with every batch size.
TEST_CASE("The vector source conforms") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    RowGenerator generator(seed);
    RowSourceCase test;
    test.schema = &generator.schema();
    test.expected = generator.NextContent(static_cast<uint32_t>(seed * 5));
    VectorSourceOptions options;
    options.batch_rows = static_cast<uint32_t>(1 + seed % 7);
    options.seed = seed % 2 == 0 ? seed : 0;
    options.lazy = seed % 3 != 0;
    test.open = [&](const ScanSpec& spec) { return NewVectorSource(test.expected, spec, options); };
    int64_t calls_left = -1;
    options.calls_left = &calls_left;
    test.fail_read = [&](int64_t n) { calls_left = n; };
    test.is_merge = true;
    test.scans = 8;
    CheckRowSource(test, seed);
  }
}

}  // namespace
}  // namespace stoa::testing
