#include "engine/commit_pipeline.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.h"
#include "engine/pipeline_fixture.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {

// Goal: what is committed is visible when Commit returns, all before it too, and the visible sequence never
// goes back; what runs alone has nothing beside it. Method: more threads than most machines have processors,
// which write rows, begin watches and run alone; one that looks on. Sanitizers watch.
TEST_CASE("commits of several threads become visible in order") {
  constexpr size_t kWriters = 4;
  constexpr size_t kCommits = 1000;
  Pipeline parts;
  CommitPipeline& pipeline = *parts.pipeline;
  const Memtable& memtable = *parts.views.Get()->Find(0)->active;
  std::atomic<int> failures{0};
  std::atomic<uint64_t> sent_back{0};
  std::atomic<bool> done{false};
  size_t alone = 0;  // nothing else protects it
  std::vector<std::vector<std::string>> batches(kWriters);
  for (size_t writer = 0; writer < kWriters; ++writer) {
    for (size_t i = 0; i < kCommits; ++i) batches[writer].push_back(parts.Row(StrCat(writer, " ", i)));
  }
  std::vector<std::thread> threads;
  for (size_t writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      const std::vector<WatchedPartition> others = {{0, "nobody writes to it"}};
      for (size_t i = 0; i < kCommits; ++i) {
        const uint64_t before = memtable.row_count();
        if (!pipeline.Commit(batches[writer][i]).ok()) ++failures;
        if (memtable.row_count() <= before) ++failures;
        if (i % 10 == writer) {
          PartitionWatch watch(others);
          pipeline.BeginWatch(&watch);
          // What runs alone marks all watches.
          const absl::Status status = pipeline.Commit(batches[writer][i], {}, &watch);
          if (absl::IsAborted(status)) {
            ++sent_back;
          } else if (!status.ok()) {
            ++failures;
          }
          pipeline.EndWatch(&watch);
        }
        if (i % 10 != writer + 5) continue;
        const absl::Status status = pipeline.RunExclusive([&](const CommitStamp& stamp) {
          ++alone;
          // Every sequence before it is visible.
          return pipeline.visible_sequence() + 1 == stamp.sequence ? absl::OkStatus()
                                                                   : absl::InternalError("not alone");
        });
        if (!status.ok()) ++failures;
      }
    });
  }
  std::thread reader([&] {
    for (uint64_t seen = 0; !done.load();) {
      const uint64_t visible = pipeline.visible_sequence();
      if (visible < seen) ++failures;
      seen = visible;
    }
  });
  for (std::thread& thread : threads) thread.join();
  done.store(true);
  reader.join();
  CHECK(failures.load() == 0);
  CHECK(alone == kWriters * kCommits / 10);
  CHECK(memtable.row_count() == kWriters * kCommits);
  CHECK(pipeline.commit_count() == kWriters * kCommits * 11 / 10 - sent_back.load());
  CHECK(pipeline.visible_sequence() == kWriters * kCommits * 12 / 10 - sent_back.load());
}

// Goal: when a group fails, all its writers are told, and nothing of it is counted. Method: several threads
// use up the sequences.
TEST_CASE("commits of several threads fail together") {
  Pipeline parts(100);
  std::atomic<int> written{0};
  std::vector<std::thread> threads;
  const std::string batch = parts.Row("row");
  for (size_t writer = 0; writer < 4; ++writer) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        if (parts.pipeline->Commit(batch).ok()) ++written;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(written.load() <= 100);
  CHECK(parts.pipeline->commit_count() == static_cast<uint64_t>(written.load()));
  CHECK(absl::IsResourceExhausted(parts.pipeline->Commit(batch)));
}

}  // namespace stoa
