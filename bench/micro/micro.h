// What stoa_microbench measures: single parts of the engine, one file each. Every function registers the
// benchmarks of a part with Google Benchmark; items are what the benchmark's name says.
#pragma once

namespace stoa {

void RegisterKeys();       ///< keys.cc: tokens, clustering keys
void RegisterEncodings();  ///< encodings.cc: each encoding of a column
void RegisterBlocks();     ///< blocks.cc: filters and blocks
void RegisterMemory();     ///< memory.cc: memtable, merge
void RegisterLog();        ///< log.cc: write-ahead log

}  // namespace stoa
