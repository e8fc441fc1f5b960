// Appending to the write-ahead log, into files of the operating system.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "base/hash.h"
#include "io/files.h"
#include "io/posix_file_system.h"
#include "micro/micro.h"
#include "micro/readings.h"
#include "scratch.h"
#include "stoa_check.h"
#include "wal/log_format.h"
#include "wal/log_writer.h"

namespace stoa {
namespace {

// A log whose segments are removed as soon as they are full, as those are whose rows have been flushed.
class Log {
 public:
  Log() : directory_(Check(files_.OpenDirectory(scratch_.path().string()))) {
    writer_ = Check(LogWriter::Create(*directory_, LogWriterOptions(), 1, 0));
  }
  ~Log() { Check(writer_->Close()); }

  void Append(LogRecord* records, size_t count) {
    for (size_t i = 0; i < count; ++i) records[i].sequence = ++sequence_;
    Check(writer_->Append({records, count}));
    if (!writer_->needs_segment()) return;
    Check(writer_->PrepareSegment());
    Check(writer_->Sync().status());
    for (const SealedSegment& segment : writer_->TakeSealed()) {
      Check(directory_->Unlink(LogSegmentName(segment.number), {FileKind::kLog, IoPurpose::kFlush}));
    }
  }

 private:
  ScratchDirectory scratch_;
  PosixFileSystem files_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<LogWriter> writer_;
  uint64_t sequence_ = 0;
};

// Groups of as many records as the argument says, each a reading.
void Append(benchmark::State& state) {
  const Readings& readings = Readings::Get();
  const auto group = static_cast<size_t>(state.range(0));
  std::vector<LogRecord> records(group);
  Log log;
  size_t row = 0;
  int64_t bytes = 0;
  for (auto _ : state) {
    for (LogRecord& record : records) {
      record.payload = readings.mutations(row);
      record.payload_hash = Hash64(record.payload);
      bytes += static_cast<int64_t>(record.payload.size());
      row = row + 1 < readings.row_count() ? row + 1 : 0;
    }
    log.Append(records.data(), group);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(bytes);
}

}  // namespace

void RegisterLog() { benchmark::RegisterBenchmark("wal/append", Append)->Arg(1)->Arg(16); }

}  // namespace stoa
