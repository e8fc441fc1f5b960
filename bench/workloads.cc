#include "workloads.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <thread>

namespace fs = std::filesystem;

std::vector<EngineKind> AllEngines() {
  return {
      StoaEngine(),
#ifdef STOA_BENCH_ROCKSDB
      RocksDbEngine(),
#endif
#ifdef STOA_BENCH_LEVELDB
      LevelDbEngine(),
#endif
#ifdef STOA_BENCH_WIREDTIGER
      WiredTigerEngine(),
#endif
#ifdef STOA_BENCH_LMDB
      LmdbEngine(),
#endif
  };
}

EngineKind EngineOfName(const std::string& name) {
  for (const EngineKind& kind : AllEngines()) {
    if (kind.name == name) return kind;
  }
  std::fprintf(stderr, "there is no engine %s\n", name.c_str());
  std::exit(1);
}

Bench::Bench(const BenchFlags& flags, std::vector<EngineKind> engines, fs::path scratch)
    : flags_(flags), engines_(std::move(engines)), scratch_(std::move(scratch)) {}

const Series& Bench::series() {
  if (series_ == nullptr) series_ = std::make_unique<Series>(flags_.rows);
  return *series_;
}

fs::path Bench::EmptyDirectory(const std::string& name) const {
  fs::path directory = scratch_ / name;
  fs::remove_all(directory);
  fs::create_directories(directory);
  return directory;
}

void AddWorkload(const std::string& name, const std::vector<EngineKind>& engines, Loop loop,
                 const std::function<void(benchmark::State&, const EngineKind&)>& run) {
  for (const EngineKind& kind : engines) {
    benchmark::internal::Benchmark* registered = benchmark::RegisterBenchmark(
        (name + "/" + kind.name).c_str(), [=](benchmark::State& state) { run(state, kind); });
    registered->UseRealTime();
    if (loop == Loop::kOnce) registered->Iterations(1)->Unit(benchmark::kMillisecond);
  }
}

void AddScaling(const std::string& name, Loop loop,
                const std::function<void(benchmark::State&, const EngineKind&, size_t threads)>& run) {
  const EngineKind stoa = StoaEngine();
  EngineKind alone = stoa;
  alone.name = "stoa1";
  AddWorkload(name, {alone, stoa}, loop, [=](benchmark::State& state, const EngineKind& kind) {
    run(state, stoa, kind.name == alone.name ? 1 : 2);
  });
}

void InParallel(size_t threads, const std::function<void(size_t)>& body) {
  std::latch ready(static_cast<std::ptrdiff_t>(threads));
  std::vector<std::thread> running;
  for (size_t thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      ready.arrive_and_wait();
      body(thread);
    });
  }
  for (std::thread& thread : running) thread.join();
}

void WrongAnswer(const EngineKind& kind, const char* what) {
  std::fprintf(stderr, "%s gives a wrong answer: %s\n", kind.name.c_str(), what);
  std::exit(1);
}

uint64_t DataBytes(const EngineKind& kind, const fs::path& directory) {
  uint64_t bytes = 0;
  std::error_code gone;  // while the database is open, files go
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file(gone) || kind.is_not_data(entry.path().filename().string())) continue;
    const uint64_t file_bytes = entry.file_size(gone);
    if (!gone) bytes += file_bytes;
  }
  return bytes;
}

void CopyFiles(const fs::path& from, const fs::path& to) {
  const std::string command = "cp -r '" + from.string() + "/.' '" + to.string() + "'";
  if (std::system(command.c_str()) != 0) std::exit(1);
}

std::span<const Sample> TakeSamples(std::span<const Sample> samples, size_t count, size_t* at) {
  const std::span<const Sample> taken = samples.subspan(*at, std::min(count, samples.size() - *at));
  *at += taken.size();
  return taken;
}

size_t QuarterOfRaw(size_t rows) {
  constexpr size_t kRowBytes = 48;  // sensor, time, four doubles
  return std::max(rows * kRowBytes / 4, size_t{64} << 10);
}

void Load(Client* client, std::span<const Sample> samples) {
  constexpr size_t kBatch = 100;
  for (size_t at = 0; at < samples.size();) client->Write(TakeSamples(samples, kBatch, &at));
}
