// A queue: rows are added at one end of a partition and deleted at the other, so that the first living row
// lies behind all that were ever deleted. What is timed is the read for it.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "meter.h"
#include "workloads.h"

namespace {

constexpr int64_t kSensor = 1;
constexpr int64_t kLive = 1000;
constexpr int64_t kBatch = 100;
constexpr char kByRanges[] = "ranges";

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
  explicit Queue(std::unique_ptr<Engine> engine)
      : engine_(std::move(engine)), client_(engine_->NewClient()) {}

  void Add(int64_t rows) {
    for (int64_t end = tail_ + rows; tail_ < end;) client_->Write(Take(&tail_, end));
  }
  void Delete(int64_t rows) {
    for (int64_t end = head_ + rows; head_ < end;) client_->Delete(Take(&head_, end));
  }
  void DeleteByRanges(int64_t rows) {
    for (int64_t i = 0; i < rows; ++i) client_->DeleteNewest(kSensor, RowOf(head_++).time);
  }
  void Flush() { engine_->Flush(); }
  bool FirstIsRight() const {
    int64_t time = 0;
    return client_->Newest(kSensor, &time) && time == RowOf(head_).time;
  }

 private:
  std::span<const Sample> Take(int64_t* number, int64_t end) {
    batch_.clear();
    for (const int64_t to = std::min(end, *number + kBatch); *number < to; ++*number) {
      batch_.push_back(RowOf(*number));
    }
    return batch_;
  }

  const std::unique_ptr<Engine> engine_;
  const std::unique_ptr<Client> client_;
  int64_t head_ = 0;
  int64_t tail_ = 0;
  std::vector<Sample> batch_;
};

// How a queue got to where it is read; `rows` have gone through it.
struct Past {
  std::string name;
  std::function<void(Queue*, int64_t rows)> make;
};

std::vector<Past> Pasts() {
  return {
      {"fresh", [](Queue* queue, int64_t) { queue->Add(kLive); }},
      {"queue",
       [](Queue* queue, int64_t rows) {
         queue->Add(kLive);
         for (int64_t done = 0; done < rows; done += kBatch) {
           queue->Add(kBatch);
           queue->Delete(kBatch);
         }
       }},
      // A fifth of the rows are in files; all of them are deleted in memory.
      {"deletes",
       [](Queue* queue, int64_t rows) {
         queue->Add(rows / 5 + kLive);
         queue->Flush();
         queue->Delete(rows / 5);
       }},
      {kByRanges,
       [](Queue* queue, int64_t rows) {
         queue->Add(kLive);
         for (int64_t done = 0; done < rows / 5; done += kBatch) {
           queue->Add(kBatch);
           queue->DeleteByRanges(kBatch);
         }
       }},
  };
}

// A queue with its past, and how long its very first read took.
struct ReadQueue {
  ReadQueue(const EngineKind& kind, const Past& past, int64_t rows, const std::filesystem::path& directory)
      : queue(kind.open(directory, EngineOptions())) {
    past.make(&queue, rows);
    const auto start = std::chrono::steady_clock::now();
    if (!queue.FirstIsRight()) WrongAnswer(kind, "first row of a queue");
    first_read_micros =
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  }

  Queue queue;
  double first_read_micros;
};

void ReadFirst(Bench* bench, benchmark::State& state, const EngineKind& kind, const Past& past) {
  const std::string name = "queue-" + past.name + "-" + kind.name;
  const ReadQueue& read = bench->Shared<ReadQueue>(name, [&] {
    return std::make_unique<ReadQueue>(kind, past, bench->flags().queue_rows, bench->EmptyDirectory(name));
  });
  LatencySampler sampler(LatencySampler::Which::kEvery16th);
  const Meter meter;
  for (auto _ : state) {
    sampler.Run([&] { benchmark::DoNotOptimize(read.queue.FirstIsRight()); });
  }
  meter.Report(&state, state.iterations());
  sampler.latencies().Report(&state);
  state.counters["first_read_us"] = read.first_read_micros;
}

}  // namespace

void RegisterQueues(Bench* bench) {
  for (const Past& past : Pasts()) {
    std::vector<EngineKind> engines;
    for (const EngineKind& kind : bench->engines()) {
      if (past.name != kByRanges || kind.deletes_ranges) engines.push_back(kind);
    }
    AddWorkload(
        "queue/first_live/" + past.name, engines, Loop::kTimed,
        [=](benchmark::State& state, const EngineKind& kind) { ReadFirst(bench, state, kind, past); });
  }
}
