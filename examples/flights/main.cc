// Flights: real data in Stoa. Loads a CSV file, survives being killed meanwhile, answers questions. See
// README.md.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <stoa/database.h>

#include "arguments.h"
#include "check.h"
#include "counts.h"
#include "flight.h"
#include "load.h"
#include "questions.h"
#include "text.h"

namespace {

std::unique_ptr<stoa::Database> Open(const std::string& path) {
  const Stopwatch watch;
  auto database = Check(stoa::Database::Open(stoa::Options(), path));
  std::printf("Opened %s in %s\n  %s\n", path.c_str(), FormatSeconds(watch.Seconds()).c_str(),
              database->recovery_report().ToString().c_str());
  return database;
}

LoadResult LoadAndMerge(const Arguments& arguments) {
  auto database = Open(arguments.db);
  const Tables tables(*database);
  const LoadResult load = Load(*database, tables, arguments);
  PrintCounts(*database, tables, load.rows, "after the load");
  const Stopwatch watch;
  Check(database->Compact("flights"));
  std::printf("\nMerged in %s\n", FormatSeconds(watch.Seconds()).c_str());
  Check(database->Close());
  return load;
}

void PrintSize(const std::string& path, uint64_t csv_bytes) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  std::printf("\nThe closed database has %s bytes; the CSV has %s, %.1f times as many\n",
              Commas(static_cast<int64_t>(bytes)).c_str(), Commas(static_cast<int64_t>(csv_bytes)).c_str(),
              static_cast<double>(csv_bytes) / static_cast<double>(bytes));
}

void Report(const std::string& path, const LoadResult& load) {
  auto database = Open(path);
  const Tables tables(*database);
  PrintCosts(*database, tables, load.last);
  PrintCounts(*database, tables, load.rows, "after reopening");
  AskQuestions(*database, tables);
  std::printf("\nWhat the SSTables hold\n%s", Check(database->Describe("flights")).c_str());
  Check(database->Close());
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = ParseArguments(argc, argv);
  const LoadResult load = LoadAndMerge(arguments);
  PrintSize(arguments.db, load.csv_bytes);
  Report(arguments.db, load);
  return 0;
}
