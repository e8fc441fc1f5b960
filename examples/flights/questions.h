// Questions to the loaded data.
#pragma once

#include <stoa/database.h>

#include "flight.h"

/// The ten latest departures, the flights of one route on one day, delays per destination.
void AskQuestions(const stoa::Database& database, const Tables& tables);

/// What one row and one slice cost to read, the first time and again: `flight` names the row.
void PrintCosts(const stoa::Database& database, const Tables& tables, const Flight& flight);
