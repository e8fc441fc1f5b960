#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/coding.h"
#include "base/hash.h"
#include "io/random.h"
#include "memtable/memtable.h"
#include "support/catch.h"

namespace stoa {
namespace {

constexpr TableId kTable = 1;
constexpr uint64_t kPartitions = 40;
constexpr uint64_t kRowsPerWrite = 5;

std::string PartitionKey(uint64_t i) { return "partition " + std::to_string(i); }

/// Writes one commit: the same value in several rows, in several partitions.
void Write(uint64_t sequence, Memtable* memtable) {
  std::string fragment("\x01\x01\x02\x04", 4);  // marker; one cell: column 2, 8 bytes
  AppendLittle(&fragment, sequence);
  Mutation mutation;
  mutation.table = kTable;
  mutation.fragment = fragment;
  mutation.kind = mutation_op::kRow;
  const FragmentContext context{static_cast<int64_t>(sequence), 100};
  Random random(sequence);
  for (uint64_t i = 0; i < kRowsPerWrite; ++i) {
    const std::string key = PartitionKey((sequence + i) % kPartitions);
    std::string clustering;
    AppendBig(&clustering, sequence % 3 == 0 ? ~sequence : sequence * 7919 % 10'007);
    AppendBig(&clustering, sequence);
    mutation.token = OrderedToken(PartitionToken(key));
    mutation.key = key;
    mutation.clustering = clustering;
    memtable->Apply(mutation, context, sequence);
  }
}

/// Rows by the sequence in their cell, of a whole scan or the partitions one by one in reverse.
std::map<uint64_t, uint64_t> Read(const Memtable& memtable, uint64_t max_sequence, bool reverse) {
  const Projection projection = {{2, 8}};
  std::map<uint64_t, uint64_t> rows;
  for (uint64_t i = 0; i < (reverse ? kPartitions : 1); ++i) {
    const std::string key = PartitionKey(i);
    const uint64_t token = OrderedToken(PartitionToken(key));
    ScanSpec spec;
    spec.projection = &projection;
    spec.reverse = reverse;
    if (reverse) {
      spec.range = PositionRange{PositionView{token, key, {}},
                                 PositionView{token, key, "\xff\xff\xff\xff\xff\xff\xff\xff\xff"}};
    }
    const std::unique_ptr<RowSource> source = memtable.NewSource(spec, max_sequence);
    RowBatch batch;
    while (source->Next(&batch).value()) {
      for (uint32_t row = batch.begin; row < batch.end; ++row) ++rows[batch.columns[0].words[row]];
    }
  }
  return rows;
}

TEST_CASE("memtable: a reader sees every visible commit whole and no other", "[memtable]") {
  // Goal: the snapshot property while several threads write. Method: writers take sequences and apply them
  // side by side; the visible sequence is the greatest below which all have returned. Readers scan at the
  // visible sequence they loaded before, both ways, and count the rows of each commit.
  constexpr uint64_t kWriters = 3;
  constexpr uint64_t kCommits = 2'000;
  MemoryBudget budget(1 << 30);
  for (int round = 0; round < 10; ++round) {
    Memtable memtable(kTable, &budget);
    std::atomic<uint64_t> next{1};
    std::atomic<uint64_t> visible{0};
    std::vector<std::atomic<bool>> applied(kCommits + 1);
    std::atomic<uint64_t> faults{0};
    std::vector<std::thread> threads;
    for (uint64_t writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([&] {
        for (uint64_t sequence = next++; sequence <= kCommits; sequence = next++) {
          Write(sequence, &memtable);
          applied[sequence].store(true);
          uint64_t seen = visible.load();
          while (seen < kCommits && applied[seen + 1].load()) {
            if (visible.compare_exchange_weak(seen, seen + 1)) ++seen;
          }
        }
      });
    }
    for (const bool reverse : {false, true}) {
      threads.emplace_back([&, reverse] {
        for (uint64_t at = 0; at < kCommits;) {
          at = visible.load();
          const std::map<uint64_t, uint64_t> rows = Read(memtable, at, reverse);
          if (rows.size() != at) ++faults;
          for (const auto& [sequence, count] : rows) faults += sequence > at || count != kRowsPerWrite;
          // Statistics may be asked for at any time.
          faults += memtable.row_count() < at * kRowsPerWrite;
          faults += at > 0 && memtable.times().max_timestamp < static_cast<int64_t>(at);
          faults += budget.used() > memtable.memory_bytes() + (64 << 20);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(faults.load() == 0);
    CHECK(memtable.row_count() == kCommits * kRowsPerWrite);
    CHECK(budget.used() == memtable.memory_bytes());
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("memtable: readers of a sequence see one state while deletions and updates go on", "[memtable]") {
  // Goal: versions of all kinds of deletions are separated by sequence. Method: a thread replaces the content
  // of a partition again and again, each time under one sequence: by a range deletion, a partition deletion
  // or row updates. A reader at any visible sequence must find that sequence's rows and nothing else.
  constexpr uint64_t kRounds = 6000;
  Memtable memtable(kTable, nullptr);
  std::atomic<uint64_t> visible{0};
  std::atomic<uint64_t> faults{0};
  std::thread reader([&] {
    const Projection projection = {{2, 8}};
    Random random(1);
    for (uint64_t newest = 0; newest < kRounds;) {
      newest = visible.load();
      if (newest == 0) continue;
      const uint64_t at = std::max<uint64_t>(1, newest - random.Uniform(std::min<uint64_t>(newest, 20)));
      ScanSpec spec;
      spec.projection = &projection;
      const std::unique_ptr<RowSource> source = memtable.NewSource(spec, at);
      RowBatch batch;
      uint64_t rows = 0;
      while (source->Next(&batch).value()) {
        for (uint32_t row = batch.begin; row < batch.end; ++row, ++rows)
          faults += batch.columns[0].words[row] != at;
      }
      faults += rows != 3;
    }
  });
  for (uint64_t sequence = 1; sequence <= kRounds; ++sequence) {
    const FragmentContext context{static_cast<int64_t>(2 * sequence), 100};
    Mutation mutation;
    mutation.table = kTable;
    mutation.token = 5;
    mutation.key = "key";
    mutation.deletion = DeletionTime{static_cast<int64_t>(2 * sequence - 1), 100};
    mutation.kind = sequence % 2 == 0 ? mutation_op::kDeleteRange : mutation_op::kDeletePartition;
    mutation.clustering = "a";
    mutation.end = "z";
    memtable.Apply(mutation, context, sequence);
    std::string fragment("\x01\x01\x02\x04", 4);
    AppendLittle(&fragment, sequence);
    mutation.fragment = fragment;
    mutation.kind = mutation_op::kRow;
    for (uint64_t i = 0; i < 3; ++i) {
      const std::string clustering = "row " + std::to_string((sequence + i * 5) % 50);
      mutation.clustering = clustering;
      memtable.Apply(mutation, context, sequence);
    }
    visible.store(sequence);
  }
  reader.join();
  CHECK(faults.load() == 0);
}

}  // namespace
}  // namespace stoa
