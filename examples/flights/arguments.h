// The command line.
#pragma once

#include <cstdint>
#include <string>

struct Arguments {
  std::string input;  // CSV, plain or compressed with zstd
  std::string db = "flights-db";
  uint64_t rows = UINT64_MAX;  // load at most so many
  uint64_t crash_after = 0;    // die by SIGKILL when so many rows are acknowledged; 0: do not
};

/// Prints usage and ends the program when the arguments are wrong.
Arguments ParseArguments(int argc, char** argv);
