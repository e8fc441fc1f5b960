#include "arguments.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

constexpr char kUsage[] =
    "Usage: flights [--input FILE] [--db DIR] [--rows N] [--crash-after N]\n"
    "Loads flights from a CSV file (plain or zstd) into a Stoa database and asks questions. A load that was\n"
    "interrupted is continued.\n"
    "  --input FILE     default: the sample of 200,000 flights that comes with the example\n"
    "  --db DIR         the database; default: flights-db\n"
    "  --rows N         load only the first N rows\n"
    "  --crash-after N  the process kills itself (SIGKILL) when N rows are acknowledged\n";

[[noreturn]] void Usage() {
  std::fputs(kUsage, stderr);
  std::exit(2);
}

uint64_t ParseCount(std::string_view text) {
  uint64_t count = 0;
  const char* end = text.data() + text.size();
  if (text.empty() || std::from_chars(text.data(), end, count).ptr != end || count == 0) Usage();
  return count;
}

}  // namespace

Arguments ParseArguments(int argc, char** argv) {
  Arguments arguments;
  arguments.input = FLIGHTS_SAMPLE;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) Usage();
    const std::string_view value = argv[i + 1];
    if (name == "--input") {
      arguments.input = value;
    } else if (name == "--db") {
      arguments.db = value;
    } else if (name == "--rows") {
      arguments.rows = ParseCount(value);
    } else if (name == "--crash-after") {
      arguments.crash_after = ParseCount(value);
    } else {
      Usage();
    }
  }
  return arguments;
}
