// Loads the input, in such a way that a load which was interrupted anywhere can be continued.
#pragma once

#include <cstdint>

#include <stoa/database.h>

#include "arguments.h"
#include "flight.h"

struct LoadResult {
  uint64_t rows = 0;       // of the input, all of them in the database
  uint64_t csv_bytes = 0;  // their size as CSV
  Flight last;
};

/// Continues where the table `loads` says that the last load of this input stopped, having proved that
/// everything up to there is present. Ends the program if anything is missing.
LoadResult Load(stoa::Database& database, const Tables& tables, const Arguments& arguments);
