#include "counts.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "text.h"

namespace {

uint64_t CountRows(const stoa::Database& database, const stoa::Query& query) {
  stoa::Cursor cursor = Check(database.Read(stoa::ReadOptions(), query));
  uint64_t rows = 0;
  while (const size_t more = cursor.NextBatch()) rows += more;
  Check(cursor.status());
  return rows;
}

uint64_t CountByScan(const stoa::Database& database, const Tables& tables) {
  stoa::Query query(tables.flights);
  query.Columns({tables.delay});
  return CountRows(database, query);
}

uint64_t CountByPartitions(const stoa::Database& database, const Tables& tables, size_t* partitions) {
  stoa::Query first_rows(tables.flights);
  first_rows.Columns({tables.delay}).PerPartitionLimit(1);
  stoa::Cursor cursor = Check(database.Read(stoa::ReadOptions(), first_rows));
  uint64_t rows = 0;
  while (cursor.Next()) {
    stoa::Query query(tables.flights);
    query.Partition({cursor.row().partition_key(0)}).Columns({tables.delay});
    rows += CountRows(database, query);
    ++*partitions;
  }
  Check(cursor.status());
  return rows;
}

// Each thread takes the next token range until none is left.
uint64_t CountInParallel(const stoa::Database& database, const Tables& tables, size_t thread_count) {
  const std::vector<stoa::TokenRange> ranges = database.SplitTokens(tables.flights, thread_count * 8);
  std::atomic<size_t> next = 0;
  std::atomic<uint64_t> rows = 0;
  const auto work = [&] {
    for (size_t i = next++; i < ranges.size(); i = next++) {
      stoa::Query query(tables.flights);
      query.Tokens(ranges[i]).Columns({tables.delay});
      rows += CountRows(database, query);
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < thread_count; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return rows;
}

void Print(const std::string& how, uint64_t rows, uint64_t expected, const Stopwatch& watch) {
  std::printf("  %-34s %12s  %10s\n", how.c_str(), Commas(static_cast<int64_t>(rows)).c_str(),
              FormatSeconds(watch.Seconds()).c_str());
  if (rows != expected) Fail("expected " + Commas(static_cast<int64_t>(expected)) + " rows");
}

}  // namespace

void PrintCounts(const stoa::Database& database, const Tables& tables, uint64_t expected, const char* when) {
  std::printf("\nRows, counted %s\n", when);
  const Stopwatch scan;
  Print("by a scan of the table", CountByScan(database, tables), expected, scan);

  const Stopwatch partition_watch;
  size_t partitions = 0;
  const uint64_t sum = CountByPartitions(database, tables, &partitions);
  Print("by a sum over " + std::to_string(partitions) + " partitions", sum, expected, partition_watch);

  const size_t threads = std::max(2u, std::thread::hardware_concurrency());
  const Stopwatch parallel;
  Print("by token ranges on " + std::to_string(threads) + " threads",
        CountInParallel(database, tables, threads), expected, parallel);
}
