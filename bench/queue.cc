// A queue: rows are added at one end of a partition and deleted at the other, so that the first living row
// lies behind all that were ever deleted. What is timed is the read for it.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "workloads.h"

namespace {

constexpr int64_t kSensor = 1;
constexpr int64_t kLive = 1000;
constexpr int64_t kBatch = 100;

// Rows come in the order of their keys, which is that of falling times.
Sample RowOf(int64_t number) {
  Sample sample{};
  sample.sensor = kSensor;
  sample.time = (int64_t{1} << 40) - number;
  sample.values.fill(static_cast<double>(number));
  return sample;
}

class Queue {
 public:
  explicit Queue(Engine* engine) : engine_(engine) {}

  void Add(int64_t rows) {
    for (int64_t end = tail_ + rows; tail_ < end;) engine_->Write(Take(&tail_, end));
  }
  void Delete(int64_t rows) {
    for (int64_t end = head_ + rows; head_ < end;) engine_->Delete(Take(&head_, end));
  }
  void DeleteByRanges(int64_t rows) {
    for (int64_t i = 0; i < rows; ++i) engine_->DeleteNewest(kSensor, RowOf(head_++).time);
  }
  bool FirstIsRight() const {
    int64_t time = 0;
    return engine_->Newest(kSensor, &time) && time == RowOf(head_).time;
  }

 private:
  std::span<const Sample> Take(int64_t* number, int64_t end) {
    batch_.clear();
    for (const int64_t to = std::min(end, *number + kBatch); *number < to; ++*number) {
      batch_.push_back(RowOf(*number));
    }
    return batch_;
  }

  Engine* const engine_;
  int64_t head_ = 0;
  int64_t tail_ = 0;
  std::vector<Sample> batch_;
};

// How a queue got to where it is read; `rows` have gone through it.
struct Past {
  std::string name;
  std::function<void(Engine*, Queue*, int64_t rows)> make;
};

std::vector<Past> Pasts() {
  return {
      {"fresh", [](Engine*, Queue* queue, int64_t) { queue->Add(kLive); }},
      {"queue",
       [](Engine*, Queue* queue, int64_t rows) {
         queue->Add(kLive);
         for (int64_t done = 0; done < rows; done += kBatch) {
           queue->Add(kBatch);
           queue->Delete(kBatch);
         }
       }},
      // A fifth of the rows are in files; all of them are deleted in memory.
      {"deletes",
       [](Engine* engine, Queue* queue, int64_t rows) {
         queue->Add(rows / 5 + kLive);
         engine->Flush();
         queue->Delete(rows / 5);
       }},
      {"ranges",
       [](Engine*, Queue* queue, int64_t rows) {
         queue->Add(kLive);
         for (int64_t done = 0; done < rows / 5; done += kBatch) {
           queue->Add(kBatch);
           queue->DeleteByRanges(kBatch);
         }
       }},
  };
}

struct OpenQueue {
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Queue> queue;
  double first_read_micros = 0;
};

std::map<std::string, OpenQueue>& OpenQueues() {
  static std::map<std::string, OpenQueue> queues;
  return queues;
}

OpenQueue& TheQueue(const EngineKind& kind, const Past& past, int64_t rows,
                    const std::filesystem::path& scratch) {
  const std::string name = "queue-" + past.name + "-" + kind.name;
  OpenQueue& open = OpenQueues()[name];
  if (open.engine != nullptr) return open;
  open.engine = kind.open(scratch / name, EngineOptions());
  open.queue = std::make_unique<Queue>(open.engine.get());
  past.make(open.engine.get(), open.queue.get(), rows);
  const auto start = std::chrono::steady_clock::now();
  if (!open.queue->FirstIsRight()) {
    std::fprintf(stderr, "%s gives a wrong answer: first row of a queue\n", kind.name.c_str());
    std::exit(1);
  }
  open.first_read_micros =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  return open;
}

}  // namespace

void RegisterQueueWorkloads(const std::vector<EngineKind>& engines, int64_t rows,
                            const std::filesystem::path& scratch) {
  for (const Past& past : Pasts()) {
    for (const EngineKind& kind : engines) {
      const auto read = [=](benchmark::State& state) {
        const OpenQueue& open = TheQueue(kind, past, rows, scratch);
        for (auto _ : state) benchmark::DoNotOptimize(open.queue->FirstIsRight());
        state.SetItemsProcessed(state.iterations());
        state.counters["first_read_us"] = open.first_read_micros;
      };
      benchmark::RegisterBenchmark(("queue/first_live/" + past.name + "/" + kind.name).c_str(), read)
          ->UseRealTime();
    }
  }
}

void CloseQueues() { OpenQueues().clear(); }
