// Counts the rows of a table in three ways, which must agree.
#pragma once

#include <cstdint>

#include <stoa/database.h>

#include "flight.h"

/// Prints the counts and how long each took; ends the program when one is not `expected`.
void PrintCounts(const stoa::Database& database, const Tables& tables, uint64_t expected, const char* when);
