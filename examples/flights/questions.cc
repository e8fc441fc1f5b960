#include "questions.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check.h"
#include "text.h"

namespace {

constexpr char kAirport[] = "ORD";
constexpr char kDestination[] = "LGA";
constexpr char kDay[] = "2001-01-10";

int64_t Milliseconds(const std::string& minute) {
  int64_t milliseconds = 0;
  if (!ParseMinute(minute, &milliseconds)) Fail("not a time: " + minute);
  return milliseconds;
}

int64_t Departure(const stoa::RowView& row) { return row.clustering(0).timestamp().milliseconds; }
std::string_view Destination(const stoa::RowView& row) { return row.clustering(1).text(); }

void LatestDepartures(const stoa::Database& database, const Tables& tables) {
  std::printf("\nThe ten latest departures from %s\n", kAirport);
  stoa::Query query(tables.flights);
  query.Partition({kAirport}).Columns({tables.delay, tables.distance}).Limit(10);
  stoa::Cursor cursor = Check(database.Read(stoa::ReadOptions(), query));
  while (cursor.Next()) {
    const stoa::RowView& row = cursor.row();
    std::printf("  %s  to %s  %5d miles  %+4d min\n", FormatMinute(Departure(row)).c_str(),
                std::string(Destination(row)).c_str(), static_cast<int>(row[1].integer()),
                static_cast<int>(row[0].integer()));
  }
  Check(cursor.status());
}

void RouteOnDay(const stoa::Database& database, const Tables& tables) {
  std::printf("\nAll flights %s-%s on %s: time of departure and delay in minutes\n", kAirport, kDestination,
              kDay);
  const stoa::Timestamp last_minute{Milliseconds(std::string(kDay) + " 23:59")};
  const stoa::Timestamp first_minute{Milliseconds(std::string(kDay) + " 00:00")};
  // In clustering order the day begins with its last minute.
  stoa::Query query(tables.flights);
  query.Partition({kAirport}).Slice({.from = {last_minute}, .to = {first_minute}}).Columns({tables.delay});
  stoa::Cursor cursor = Check(database.Read(stoa::ReadOptions(), query));
  int flights = 0;
  while (cursor.Next()) {
    if (Destination(cursor.row()) != kDestination) continue;
    std::printf("%s%s %+4d", flights % 6 == 0 ? "  " : "   ",
                FormatMinute(Departure(cursor.row())).substr(11).c_str(),
                static_cast<int>(cursor.row()[0].integer()));
    if (++flights % 6 == 0) std::printf("\n");
  }
  Check(cursor.status());
  std::printf("%s  %d flights\n", flights % 6 == 0 ? "" : "\n", flights);
}

struct Delays {
  int64_t flights = 0;
  int64_t sum = 0;
  int64_t worst = INT64_MIN;
};

void DelaysByDestination(const stoa::Database& database, const Tables& tables) {
  stoa::Query query(tables.flights);
  query.Partition({kAirport}).Columns({tables.delay});
  stoa::Cursor cursor = Check(database.Read(stoa::ReadOptions(), query));
  std::map<std::string, Delays, std::less<>> delays;
  while (cursor.Next()) {
    const std::string_view destination = Destination(cursor.row());
    auto found = delays.find(destination);
    if (found == delays.end()) found = delays.emplace(destination, Delays()).first;
    const int64_t delay = cursor.row()[0].integer();
    found->second.flights += 1;
    found->second.sum += delay;
    found->second.worst = std::max(found->second.worst, delay);
  }
  Check(cursor.status());

  std::vector<std::pair<std::string, Delays>> busiest(delays.begin(), delays.end());
  std::sort(busiest.begin(), busiest.end(), [](const auto& a, const auto& b) {
    return a.second.flights != b.second.flights ? a.second.flights > b.second.flights : a.first < b.first;
  });
  std::printf("\nDelays from %s: the 10 busiest of %zu destinations\n", kAirport, busiest.size());
  std::printf("  to     flights   mean min   worst min\n");
  busiest.resize(std::min<size_t>(busiest.size(), 10));
  for (const auto& [destination, delay] : busiest) {
    std::printf("  %-4s %9s %10.1f %11s\n", destination.c_str(), Commas(delay.flights).c_str(),
                static_cast<double>(delay.sum) / static_cast<double>(delay.flights),
                Commas(delay.worst).c_str());
  }
}

void PrintCost(const char* what, const stoa::Database& database, const stoa::Query& query) {
  const Stopwatch watch;
  stoa::Cursor cursor = Check(database.Read(stoa::ReadOptions(), query));
  uint64_t rows = 0;
  while (const size_t more = cursor.NextBatch()) rows += more;
  const double seconds = watch.Seconds();
  Check(cursor.status());
  const stoa::Cursor::Cost cost = cursor.cost();
  std::printf("  %-26s %5s %8s %12s %10s %10s\n", what, Commas(static_cast<int64_t>(rows)).c_str(),
              Commas(static_cast<int64_t>(cost.blocks)).c_str(),
              Commas(static_cast<int64_t>(cost.bytes_read)).c_str(),
              Commas(static_cast<int64_t>(cost.sstables)).c_str(), FormatSeconds(seconds).c_str());
}

}  // namespace

void AskQuestions(const stoa::Database& database, const Tables& tables) {
  LatestDepartures(database, tables);
  RouteOnDay(database, tables);
  DelaysByDestination(database, tables);
}

void PrintCosts(const stoa::Database& database, const Tables& tables, const Flight& flight) {
  stoa::Query one_row(tables.flights);
  one_row.Partition({flight.origin})
      .Row({stoa::Timestamp{flight.departure}, flight.destination, flight.copy})
      .Columns({tables.delay});
  stoa::Query slice(tables.flights);
  slice.Partition({kAirport}).Columns({tables.delay, tables.distance}).Limit(100);

  std::printf("\nWhat reads cost%17s rows   blocks   bytes read   SSTables       time\n", "");
  PrintCost("one row, first time", database, one_row);
  PrintCost("the same again", database, one_row);
  PrintCost("newest 100 of an airport", database, slice);
  PrintCost("the same again", database, slice);
}
