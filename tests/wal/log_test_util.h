// A log as its tests see it: records made from a seed, and everything that a replay gives back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/status_macros.h"
#include "io/random.h"
#include "io/sim_file_system.h"
#include "support/catch.h"
#include "wal/log_replay.h"
#include "wal/log_writer.h"

namespace stoa {

inline constexpr uint64_t kTestDatabaseId = 0x0123456789abcdef;

/// A record that owns its payload.
struct OwnedRecord {
  LogRecordKind kind = LogRecordKind::kMutations;
  uint64_t sequence = 0;
  int64_t timestamp = 0;
  int64_t now_seconds = 0;
  std::string payload;

  LogRecord View() const { return {kind, sequence, timestamp, now_seconds, payload, Hash64(payload)}; }
  bool operator==(const OwnedRecord&) const = default;
};

inline std::vector<LogRecord> Views(const std::vector<OwnedRecord>& records) {
  std::vector<LogRecord> views;
  for (const OwnedRecord& record : records) views.push_back(record.View());
  return views;
}

inline OwnedRecord MakeRecord(Random& random, uint64_t sequence, size_t payload_bytes) {
  OwnedRecord record;
  record.kind = random.OneIn(5) ? LogRecordKind::kSchema : LogRecordKind::kMutations;
  record.sequence = sequence;
  record.timestamp = static_cast<int64_t>(random.Next());
  record.now_seconds = static_cast<int64_t>(random.Next());
  for (size_t i = 0; i < payload_bytes; ++i) record.payload.push_back(static_cast<char>(random.Next()));
  return record;
}

/// What a replay gave, be it good or bad.
struct Replayed {
  absl::Status status;
  LogReplayReport report;
  std::vector<OwnedRecord> records;
};

inline LogDecoder::Apply Collect(std::vector<OwnedRecord>* records) {
  return [records](const LogRecord& record) {
    CHECK(record.payload_hash == Hash64(record.payload));
    records->push_back(
        {record.kind, record.sequence, record.timestamp, record.now_seconds, std::string(record.payload)});
    return absl::OkStatus();
  };
}

/// The segments in `directory`, ascending.
inline std::vector<uint64_t> SegmentNumbers(Directory& directory) {
  std::vector<uint64_t> numbers;
  auto names = directory.List();
  REQUIRE(names.ok());
  for (const std::string& name : *names) {
    if (const uint64_t number = ParseLogSegmentName(name); number != 0) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

/// Replays all segments in the directory.
inline Replayed Replay(Directory& directory) {
  Replayed result;
  auto report = ReplayLog(directory, kTestDatabaseId, SegmentNumbers(directory), Collect(&result.records));
  result.status = report.status();
  if (report.ok()) result.report = *report;
  return result;
}

/// The bytes of consecutive segments.
struct LogBytes {
  uint64_t first_number = 1;
  std::vector<std::string> segments;
};

inline LogBytes ReadLog(SimFileSystem& files, Directory& directory) {
  LogBytes log;
  const std::vector<uint64_t> numbers = SegmentNumbers(directory);
  if (!numbers.empty()) log.first_number = numbers.front();
  for (const uint64_t number : numbers) {
    log.segments.push_back(files.ReadFile(directory.path() + "/" + LogSegmentName(number)).value());
  }
  return log;
}

inline Replayed Decode(const LogBytes& log) {
  Replayed result;
  const LogDecoder::Apply apply = Collect(&result.records);
  LogDecoder decoder(kTestDatabaseId, apply);
  for (size_t i = 0; i < log.segments.size() && result.status.ok(); ++i) {
    result.status = decoder.AddSegment(log.first_number + i, log.segments[i]);
  }
  if (result.status.ok()) result.status = decoder.Finish(&result.report);
  return result;
}

/// A directory of a simulated disk with a log in it.
struct TestLog {
  explicit TestLog(uint64_t segment_bytes = 16 << 20, uint64_t first_number = 1,
                   uint64_t after_sequence = 0) {
    REQUIRE(files.CreateDirectory("db").ok());
    directory = files.OpenDirectory("db").value();
    options.segment_bytes = segment_bytes;
    options.database_id = kTestDatabaseId;
    auto created = LogWriter::Create(*directory, options, first_number, after_sequence);
    REQUIRE(created.status() == absl::OkStatus());
    writer = *std::move(created);
  }

  /// Appends one record of the next sequence.
  absl::Status Append(size_t payload_bytes) {
    OwnedRecord record =
        MakeRecord(random, writer->appended_sequence() + 1 + random.Uniform(3), payload_bytes);
    const LogRecord view = record.View();
    STOA_RETURN_IF_ERROR(writer->Append({&view, 1}));
    appended.push_back(std::move(record));
    return absl::OkStatus();
  }

  SimFileSystem files;
  std::unique_ptr<Directory> directory;
  LogWriterOptions options;
  std::unique_ptr<LogWriter> writer;
  std::vector<OwnedRecord> appended;
  Random random{42};
};

/// Whether `shorter` is how `longer` begins.
inline bool IsPrefix(const std::vector<OwnedRecord>& shorter, const std::vector<OwnedRecord>& longer) {
  return shorter.size() <= longer.size() && std::equal(shorter.begin(), shorter.end(), longer.begin());
}

/// Whether `status` is damage of a segment, told with file and offset.
inline bool NamesDamage(const absl::Status& status) {
  const std::string_view message(status.message().data(), status.message().size());
  return absl::IsDataLoss(status) && message.find(".wal at offset ") != std::string_view::npos;
}

}  // namespace stoa
