// The conformance suite of row sources: holds any source to the guarantees of data/row_batch.h.
//
// Usage, in the test of a memtable, an SSTable or a merge:
//
//     RowGenerator generator(seed);
//     const std::vector<RandomWrite> writes = generator.Writes(200);
//     ... apply `writes` (as content or as mutation bytes) to what is to be tested ...
//     RowSourceCase test;
//     test.schema = &generator.schema();
//     test.expected = MergeContents({&writes[0].content, ...});
//     test.open = [&](const ScanSpec& spec) { return memtable.NewSource(spec); };
//     CheckRowSource(test, seed);
//
// Fails through Catch's assertions, with seed and scan in the message.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <stoa/schema.h>

#include "data/row_batch.h"
#include "support/row_generator.h"
#include "support/row_stream.h"

namespace stoa::testing {

struct RowSourceCase {
  const TableSchema* schema = nullptr;
  /// All that the source holds, in normal form (MergeContents).
  Content expected;
  /// Opens a scan. Null only when an injected failure made opening fail.
  std::function<std::unique_ptr<RowSource>(const ScanSpec&)> open;
  /// True for a merge: what deletions shadow has been dropped (guarantee 6).
  bool is_merge = false;
  /// Makes the n-th (0: the next) read below the source fail, every read for n < 0 succeed again. Without it
  /// the suite does not check guarantee 9.
  std::function<void(int64_t n)> fail_read;
  /// Scans of each kind.
  uint32_t scans = 20;
};

/// Full scans, slices of partitions, position ranges, reverse slices, subsets of columns, skips to random
/// places and different hints, each compared with `expected` and watched by a StreamValidator; then failing
/// reads.
void CheckRowSource(const RowSourceCase& test, uint64_t seed);

}  // namespace stoa::testing
