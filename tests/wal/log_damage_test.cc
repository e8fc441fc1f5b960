// What replay makes of files that were changed: every truncation, every byte, missing and exchanged files.
#include <functional>
#include <string>
#include <vector>

#include "base/coding.h"
#include "base/strings.h"
#include "wal/log_test_util.h"

namespace stoa {
namespace {

/// Where the test wrote something, and whether it is provably durable: synced, and followed by an append.
struct Unit {
  size_t segment;  // index
  size_t begin;
  size_t end;
  size_t records;  // how many records of the log are complete before it
  bool provable;
};

struct MeasuredLog {
  LogBytes bytes;
  std::vector<OwnedRecord> records;
  /// Headers of segments, records and seals, in order, without gaps.
  std::vector<Unit> units;
};

/// Where the units of the log are, read off record by record, with the layout of FORMAT.md.
std::vector<Unit> FindUnits(const LogBytes& log) {
  std::vector<Unit> units;
  size_t records = 0;
  for (size_t i = 0; i < log.segments.size(); ++i) {
    const std::string& bytes = log.segments[i];
    if (bytes.empty()) continue;
    units.push_back({i, 0, kLogSegmentHeaderBytes, records, false});
    for (size_t at = kLogSegmentHeaderBytes; at < bytes.size();) {
      const size_t end = at + kLogRecordHeaderBytes + LoadLittle<uint32_t>(bytes.data() + at + 4);
      units.push_back({i, at, end, records, false});
      if (bytes[at + 8] <= 2) ++records;
      at = end;
    }
  }
  return units;
}

enum class Ending { kClosed, kOpen };

/// A log of several small segments, synced every few records.
MeasuredLog MakeLog(Ending ending) {
  TestLog log(600);
  // How many units were synced when the last append was made.
  size_t synced_units = 0;
  size_t provable_units = 0;
  for (int i = 0; i < 24; ++i) {
    REQUIRE(log.Append(log.random.Uniform(120)).ok());
    provable_units = synced_units;
    if (i % 5 == 3) {
      REQUIRE(log.writer->Sync().ok());
      synced_units = FindUnits(ReadLog(log.files, *log.directory)).size();
    }
  }
  if (ending == Ending::kClosed) REQUIRE(log.writer->Close().ok());
  MeasuredLog measured{ReadLog(log.files, *log.directory), log.appended, {}};
  measured.units = FindUnits(measured.bytes);
  // Closing syncs, then appends the mark which proves everything before it.
  if (ending == Ending::kClosed) provable_units = measured.units.size() - 1;
  for (size_t i = 0; i < provable_units; ++i) measured.units[i].provable = true;
  REQUIRE(measured.bytes.segments.size() > 3);
  return measured;
}

/// Checks what became of the log when the only thing wrong with it is in `unit`.
void CheckFault(const MeasuredLog& log, const LogBytes& changed, const Unit& unit) {
  const Replayed replayed = Decode(changed);
  if (!replayed.status.ok()) {
    REQUIRE(NamesDamage(replayed.status));
    const std::string name = LogSegmentName(changed.first_number + unit.segment);
    REQUIRE(FromAbsl(replayed.status.message()).find(name) != std::string_view::npos);
    return;
  }
  if (replayed.records == log.records) return;
  REQUIRE_FALSE(unit.provable);
  REQUIRE(replayed.report.tail == LogTail::kTorn);
  REQUIRE(replayed.report.cut_bytes > 0);
  REQUIRE(IsPrefix(replayed.records, log.records));
  REQUIRE(replayed.records.size() == unit.records);
}

TEST_CASE("log damage: every byte changed in eleven ways") {
  // On a closed log each change is reported with file and offset or changes no record. On one that was not
  // closed it may also be taken for a torn tail, but only where nothing proves that the bytes were durable,
  // and it is reported and loses nothing in front of it.
  for (const Ending ending : {Ending::kClosed, Ending::kOpen}) {
    const MeasuredLog log = MakeLog(ending);
    REQUIRE(Decode(log.bytes).records == log.records);
    Random random(1);
    size_t losses = 0;
    for (const Unit& unit : log.units) {
      for (size_t at = unit.begin; at < unit.end; ++at) {
        LogBytes changed = log.bytes;
        char& byte = changed.segments[unit.segment][at];
        const char good = byte;
        for (int way = 0; way < 11; ++way) {
          byte = static_cast<char>(way < 8    ? good ^ (1 << way)
                                   : way == 8 ? 0
                                   : way == 9 ? 0xff
                                              : random.Next());
          if (byte == good) continue;
          INFO("segment " << unit.segment << " byte " << at << " is " << static_cast<int>(byte));
          CheckFault(log, changed, unit);
          if (ending == Ending::kClosed) {
            const Replayed replayed = Decode(changed);
            REQUIRE((!replayed.status.ok() || replayed.records == log.records));
          }
          losses += Decode(changed).status.ok() ? 0 : 1;
        }
      }
    }
    CHECK(losses > 10000);
  }
}

TEST_CASE("log damage: regions overwritten with zeros and garbage") {
  // The same as for single bytes, with 8 to 512 bytes at once inside one unit or running over several: the
  // first damaged unit decides.
  Random random(2);
  for (const Ending ending : {Ending::kClosed, Ending::kOpen}) {
    const MeasuredLog log = MakeLog(ending);
    for (int round = 0; round < 3000; ++round) {
      const Unit& unit = log.units[random.Uniform(log.units.size())];
      LogBytes changed = log.bytes;
      std::string& bytes = changed.segments[unit.segment];
      const size_t begin = unit.begin + random.Uniform(unit.end - unit.begin);
      const size_t end = std::min(bytes.size(), begin + 8 + random.Uniform(505));
      const bool zeros = random.OneIn(2);
      for (size_t at = begin; at < end; ++at) bytes[at] = zeros ? '\0' : static_cast<char>(random.Next());
      // The damage may take the proof with it.
      const Replayed replayed = Decode(changed);
      INFO("segment " << unit.segment << " bytes " << begin << " to " << end);
      if (replayed.status.ok()) {
        REQUIRE(IsPrefix(replayed.records, log.records));
        REQUIRE(replayed.records.size() >= unit.records);
        if (replayed.records != log.records) REQUIRE(replayed.report.cut_bytes > 0);
        // In a closed log every segment after this one, or the end of this one, proves it.
        const bool last_segment = unit.segment + 1 == log.bytes.segments.size();
        if (ending == Ending::kClosed && !(last_segment && end + kLogRecordHeaderBytes > bytes.size())) {
          REQUIRE(replayed.records == log.records);
        }
      } else {
        REQUIRE(NamesDamage(replayed.status));
      }
    }
  }
}

TEST_CASE("log damage: every length of the last segment") {
  // The last segment is cut at every length, and then grown again with zeros, with garbage and with its own
  // bytes in the wrong place: all complete records in front of the cut come back, and what is left is
  // reported.
  TestLog log(1 << 20);
  for (int i = 0; i < 20; ++i) REQUIRE(log.Append(log.random.Uniform(60)).ok());
  const LogBytes whole = ReadLog(log.files, *log.directory);
  const std::vector<Unit> units = FindUnits(whole);
  Random random(3);
  for (const Unit& unit : units) {
    for (size_t size = unit.begin; size < unit.end; ++size) {
      for (int tail = 0; tail < 4; ++tail) {
        LogBytes cut = whole;
        std::string& bytes = cut.segments[0];
        bytes.resize(size);
        const size_t grown = tail == 0 ? 0 : 1 + random.Uniform(600);
        for (size_t i = 0; i < grown; ++i) {
          const char stale = whole.segments[0][(size + 1 + i) % whole.segments[0].size()];
          bytes.push_back(tail == 1 ? '\0' : tail == 2 ? static_cast<char>(random.Next()) : stale);
        }
        INFO("size " << size << " tail " << tail << " " << grown);
        const Replayed replayed = Decode(cut);
        REQUIRE(replayed.status == absl::OkStatus());
        REQUIRE(IsPrefix(replayed.records, log.appended));
        REQUIRE(replayed.records.size() == unit.records);
        // Zeros at the end of a file say nothing: there may have been space that was never used.
        const size_t content = std::max(bytes.find_last_not_of('\0') + 1, unit.begin);
        REQUIRE(replayed.report.cut_bytes == content - unit.begin);
        REQUIRE((replayed.report.tail == LogTail::kTorn) == (content > unit.begin));
      }
    }
  }
}

TEST_CASE("log damage: every length of a closed log") {
  // The last segment of a closed log cut at every length replays to a prefix and is no longer a closed log;
  // any other segment cut is damage.
  const MeasuredLog log = MakeLog(Ending::kClosed);
  for (const Unit& unit : log.units) {
    for (size_t size = unit.begin; size < unit.end; ++size) {
      LogBytes cut = log.bytes;
      cut.segments[unit.segment].resize(size);
      INFO("segment " << unit.segment << " size " << size);
      const Replayed replayed = Decode(cut);
      if (unit.segment + 1 < log.bytes.segments.size()) {
        REQUIRE(NamesDamage(replayed.status));
      } else {
        REQUIRE(replayed.status == absl::OkStatus());
        REQUIRE(replayed.report.tail != LogTail::kSealed);
        REQUIRE(replayed.records.size() == unit.records);
      }
    }
  }
}

TEST_CASE("log damage: bytes behind the end of a closed log") {
  // Nothing but zeros can come behind the record that closes a log: garbage or another segment are damage.
  const MeasuredLog log = MakeLog(Ending::kClosed);
  for (const std::string& tail : {std::string("x"), std::string(4096, '\0') + "x"}) {
    LogBytes longer = log.bytes;
    longer.segments.back() += tail;
    CHECK(NamesDamage(Decode(longer).status));
    longer = log.bytes;
    longer.segments.push_back(tail);
    CHECK(NamesDamage(Decode(longer).status));
  }
  // A segment that was made ahead and not removed is no harm, nor is space that was taken for one.
  for (const size_t zeros : {0, 1, 4096}) {
    LogBytes ahead = log.bytes;
    ahead.segments.back().append(zeros, '\0');
    ahead.segments.push_back(std::string(zeros, '\0'));
    const Replayed replayed = Decode(ahead);
    CHECK(replayed.report.tail == LogTail::kSealed);
    CHECK(replayed.report.cut_bytes == 0);
    CHECK(replayed.records == Decode(log.bytes).records);
  }
}

TEST_CASE("log damage: files missing, empty, exchanged, copied, foreign") {
  // What can be done to whole files of a closed log, except to its last, is damage. Losing all of the last
  // one is noticed as well: the seal before says that it was there.
  const MeasuredLog log = MakeLog(Ending::kClosed);
  const size_t count = log.bytes.segments.size();
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < count; ++j) {
      if (i == j) continue;
      INFO("segments " << i << " and " << j);
      LogBytes exchanged = log.bytes;
      std::swap(exchanged.segments[i], exchanged.segments[j]);
      REQUIRE(NamesDamage(Decode(exchanged).status));
      LogBytes copied = log.bytes;
      copied.segments[i] = copied.segments[j];
      if (i + 1 < count) REQUIRE(NamesDamage(Decode(copied).status));
    }
    LogBytes empty = log.bytes;
    empty.segments[i].clear();
    if (i + 1 < count) REQUIRE(NamesDamage(Decode(empty).status));
  }
  for (size_t i = 1; i < count; ++i) {
    SimFileSystem files;
    REQUIRE(files.CreateDirectory("db").ok());
    for (size_t j = 0; j < count; ++j) {
      if (j != i) REQUIRE(files.WriteFile("db/" + LogSegmentName(j + 1), log.bytes.segments[j]).ok());
    }
    auto directory = files.OpenDirectory("db").value();
    const Replayed replayed = Replay(*directory);
    INFO("without segment " << i + 1);
    CHECK(NamesDamage(replayed.status));
    CHECK(FromAbsl(replayed.status.message()).find(LogSegmentName(i + 1)) != std::string_view::npos);
  }
  // The same records in the log of another database.
  std::vector<OwnedRecord> records;
  const LogDecoder::Apply apply = Collect(&records);
  LogDecoder other(kTestDatabaseId + 1, apply);
  CHECK(NamesDamage(other.AddSegment(1, log.bytes.segments[0])));
  CHECK(records.empty());
}

TEST_CASE("log damage: segments that were made ahead") {
  // Empty segments at the end are the normal state of a log that was not closed, however many there are; one
  // in the middle is a loss, proven or not.
  TestLog log(512);
  for (int i = 0; i < 3; ++i) REQUIRE(log.Append(100).ok());
  LogBytes bytes = ReadLog(log.files, *log.directory);
  bytes.segments.emplace_back();
  bytes.segments.emplace_back();
  const Replayed ahead = Decode(bytes);
  CHECK(ahead.records == log.appended);
  CHECK(ahead.report.tail == LogTail::kClean);
  CHECK(ahead.report.cut_detail.empty());

  for (int i = 0; i < 9; ++i) REQUIRE(log.Append(100).ok());
  bytes = ReadLog(log.files, *log.directory);
  REQUIRE(bytes.segments.size() == 6);
  const std::string kept = bytes.segments[2];
  bytes.segments[2].clear();
  const Replayed unsynced = Decode(bytes);
  CHECK(unsynced.status == absl::OkStatus());
  CHECK(unsynced.report.tail == LogTail::kTorn);
  CHECK(IsPrefix(unsynced.records, log.appended));
  CHECK(unsynced.records.size() == 4);

  REQUIRE(log.writer->Sync().ok());
  REQUIRE(log.Append(100).ok());
  bytes = ReadLog(log.files, *log.directory);
  bytes.segments[2].clear();
  CHECK(NamesDamage(Decode(bytes).status));
}

TEST_CASE("log damage: a disk that cannot be read is not a torn log") {
  // Every read of a replay fails once: the error comes back as it is. Files that cannot be segments are
  // refused before they are read.
  TestLog log(600);
  for (int i = 0; i < 20; ++i) REQUIRE(log.Append(50).ok());
  const std::vector<uint64_t> numbers = SegmentNumbers(*log.directory);
  std::vector<OwnedRecord> records;
  int faults = 0;
  for (uint64_t read = 0;; ++read) {
    log.files.FailRead(log.files.reads() + read, absl::UnavailableError("injected"), FaultSpan::kOnce);
    const auto report = ReplayLog(*log.directory, kTestDatabaseId, numbers, Collect(&records));
    log.files.ClearFaults();
    if (report.ok()) break;
    REQUIRE(report.status() == absl::UnavailableError("injected"));
    ++faults;
  }
  CHECK(faults >= 10);
  log.files.Disturb(1, 2);
  records.clear();
  CHECK(ReplayLog(*log.directory, kTestDatabaseId, numbers, Collect(&records)).ok());
  CHECK(records == log.appended);
  log.files.ClearFaults();
  CHECK(NamesDamage(ReplayLog(*log.directory, kTestDatabaseId, {77}, Collect(&records)).status()));
}

}  // namespace
}  // namespace stoa
