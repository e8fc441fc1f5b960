#include "meter.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

namespace {

double Micros(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

}  // namespace

ProcessUse ProcessUse::Now() {
  ProcessUse use;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  use.processor_micros = Micros(usage.ru_utime) + Micros(usage.ru_stime);
  std::ifstream io("/proc/self/io");
  std::string name;
  for (uint64_t value = 0; io >> name >> value;) {
    if (name == "rchar:") use.bytes_read = value;
    if (name == "wchar:") use.bytes_written = value;
  }
  return use;
}

void Meter::Report(benchmark::State* state, int64_t operations) const {
  const ProcessUse end = ProcessUse::Now();
  const auto count = static_cast<double>(std::max<int64_t>(1, operations));
  state->SetItemsProcessed(operations);
  state->counters["cpu_us"] = (end.processor_micros - begin_.processor_micros) / count;
  state->counters["read"] = static_cast<double>(end.bytes_read - begin_.bytes_read) / count;
}

void ReportWritten(benchmark::State* state, Engine* engine, int64_t operations) {
  state->counters["written"] = static_cast<double>(engine->BytesWritten() + engine->LogBytesWritten()) /
                               static_cast<double>(std::max<int64_t>(1, operations));
}

void Latencies::Merge(const Latencies& other) {
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

double Latencies::UpperEnd(size_t bucket) {
  if (bucket < 2 * kSteps) return static_cast<double>(bucket);
  const auto shift = static_cast<int>(bucket / kSteps) - 1;
  return std::ldexp(static_cast<double>(bucket % kSteps + kSteps + 1), shift) - 1;
}

double Latencies::Micros(double share) const {
  const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted && seen > 0) {
      return std::min(UpperEnd(bucket), static_cast<double>(max_)) / 1000;
    }
  }
  return static_cast<double>(max_) / 1000;
}

void Latencies::Report(benchmark::State* state) const {
  if (count_ == 0) return;
  state->counters["p50"] = Micros(0.5);
  state->counters["p99"] = Micros(0.99);
  state->counters["p999"] = Micros(0.999);
  state->counters["max"] = Micros(1);
}
