// Each batch holds about a thousand rows and, in the same commit, the row of `loads` that counts them. So
// after a crash the count says exactly which rows are there, and the load goes on behind them. All rows of a
// load have one write timestamp, which `loads` keeps too: a load that is repeated writes the same rows again,
// not newer ones.
//
// Beside the database lies a file with the number of rows acknowledged so far, written after each
// acknowledgement. It is what the outside world knows: after a crash the database must not hold less.
#include "load.h"

#include <csignal>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

#include <unistd.h>

#include "check.h"
#include "fingerprint.h"
#include "input.h"
#include "progress.h"
#include "text.h"

namespace {

constexpr uint64_t kBatchRows = 1000;

struct LoadState {
  uint64_t rows = 0;
  int64_t write_timestamp = 0;
};

class AcknowledgedFile {
 public:
  explicit AcknowledgedFile(const std::string& db) : path_(db + ".acknowledged") {}

  uint64_t Read() const {
    unsigned long long rows = 0;
    if (std::FILE* file = std::fopen(path_.c_str(), "r")) {
      if (std::fscanf(file, "%llu", &rows) != 1) rows = 0;
      std::fclose(file);
    }
    return rows;
  }
  void Write(uint64_t rows) const {
    std::FILE* file = std::fopen(path_.c_str(), "r+");
    if (file == nullptr) file = std::fopen(path_.c_str(), "w");
    if (file == nullptr) Fail("cannot write " + path_);
    std::fprintf(file, "%020llu\n", static_cast<unsigned long long>(rows));
    if (std::fclose(file) != 0) Fail("cannot write " + path_);
  }

 private:
  std::string path_;
};

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

int64_t NowMicros() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

LoadState ReadState(const stoa::Database& database, const Tables& tables, const std::string& name) {
  stoa::Row row;
  const stoa::ColumnId columns[] = {tables.rows, tables.write_timestamp};
  if (!Check(database.ReadRow(stoa::ReadOptions(), tables.loads, {name}, {}, columns, &row))) {
    return {0, NowMicros()};
  }
  return {static_cast<uint64_t>(row[0].integer()), row[1].integer()};
}

// Reads the part of the input that is loaded already and compares it with what the database holds.
void ProvePrefix(const stoa::Database& database, const Tables& tables, uint64_t rows, uint64_t acknowledged,
                 FlightReader* input, Flight* flight) {
  std::printf("\nContinuing a load: %s rows had been acknowledged, the database counts %s\n",
              Commas(static_cast<int64_t>(acknowledged)).c_str(), Commas(static_cast<int64_t>(rows)).c_str());
  if (rows < acknowledged)
    Fail(Commas(static_cast<int64_t>(acknowledged - rows)) + " acknowledged rows are missing");
  Fingerprint expected;
  while (expected.rows < rows && input->Next(flight)) expected.Add(*flight);
  const Fingerprint found = FingerprintOfTable(database, tables);
  if (found != expected) {
    Fail("the table holds " + Commas(static_cast<int64_t>(found.rows)) + " rows, which are not the first " +
         Commas(static_cast<int64_t>(expected.rows)) + " of the input");
  }
  std::printf("  every one of them is there with the contents it has in the input; 0 missing\n");
}

void AddRow(const Tables& tables, const Flight& flight, int64_t write_timestamp, stoa::WriteBatch* batch) {
  Check(batch->Upsert(tables.flights, {flight.origin},
                      {stoa::Timestamp{flight.departure}, flight.destination, flight.copy},
                      {{tables.delay, flight.delay}, {tables.distance, flight.distance}},
                      {.timestamp_micros = write_timestamp, .ttl_seconds = std::nullopt}));
}

[[noreturn]] void Crash(uint64_t rows) {
  std::printf("\n%s rows are acknowledged: this process kills itself now\n",
              Commas(static_cast<int64_t>(rows)).c_str());
  std::fflush(stdout);
  kill(getpid(), SIGKILL);
  pause();
  std::_Exit(1);
}

}  // namespace

LoadResult Load(stoa::Database& database, const Tables& tables, const Arguments& arguments) {
  const std::string name = BaseName(arguments.input);
  const AcknowledgedFile acknowledged(arguments.db);
  const LoadState state = ReadState(database, tables, name);
  FlightReader input(arguments.input, std::max(arguments.rows, state.rows));
  Flight flight;
  if (state.rows > 0) ProvePrefix(database, tables, state.rows, acknowledged.Read(), &input, &flight);

  std::printf("\nLoading %s\n", name.c_str());
  Progress progress(input.rows(), input.fraction());
  stoa::WriteBatch batch;
  bool more = true;
  while (more) {
    uint64_t room = kBatchRows;
    if (arguments.crash_after > input.rows()) room = std::min(room, arguments.crash_after - input.rows());
    batch.Clear();
    while (room > 0 && (more = input.Next(&flight))) {
      AddRow(tables, flight, state.write_timestamp, &batch);
      --room;
    }
    if (batch.empty()) break;
    Check(batch.Upsert(tables.loads, {name}, {},
                       {{tables.rows, static_cast<int64_t>(input.rows())},
                        {tables.write_timestamp, state.write_timestamp}}));
    Check(database.Write(stoa::WriteOptions(), batch));
    acknowledged.Write(input.rows());
    progress.Update(input.rows(), input.fraction());
    if (input.rows() == arguments.crash_after) Crash(input.rows());
  }
  progress.Finish(input.rows());
  return {input.rows(), input.bytes(), flight};
}
