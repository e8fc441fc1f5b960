// One line of the input, and the tables it goes into.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <stoa/database.h>

struct Flight {
  std::string origin;
  std::string destination;
  int64_t departure = 0;  // local time, in milliseconds since 1970 as if it were UTC
  int32_t copy = 0;       // how many flights of this origin, destination and minute came before it
  int32_t delay = 0;      // minutes; negative is early
  int32_t distance = 0;   // miles
};

/// "2001-01-31 17:05" as milliseconds since 1970; false when it is not of this form.
bool ParseMinute(std::string_view text, int64_t* milliseconds);
std::string FormatMinute(int64_t milliseconds);

/// One partition per origin, newest departure first:
///   flights (origin text, departure timestamp, destination text, copy int, delay int, distance int)
/// How far the load of each file has come, written in the same batches as its rows:
///   loads (file text, rows bigint, write_timestamp bigint)
struct Tables {
  explicit Tables(stoa::Database& database);

  stoa::Table flights;
  stoa::ColumnId delay;
  stoa::ColumnId distance;

  stoa::Table loads;
  stoa::ColumnId rows;
  stoa::ColumnId write_timestamp;
};
