#include "flight.h"

#include <charconv>
#include <chrono>
#include <cstdio>

#include "check.h"

namespace {

constexpr int64_t kMinute = 60'000;
constexpr int64_t kDay = 24 * 60 * kMinute;

bool ParseNumber(std::string_view text, int* number) {
  const char* end = text.data() + text.size();
  return std::from_chars(text.data(), end, *number).ptr == end;
}

stoa::Table OpenOrCreate(stoa::Database& database, const stoa::TableSchema& schema) {
  auto table = database.OpenTable(schema.name());
  return table.ok() ? *table : Check(database.CreateTable(schema));
}

}  // namespace

bool ParseMinute(std::string_view text, int64_t* milliseconds) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
  if (text.size() != 16 || !ParseNumber(text.substr(0, 4), &year) ||
      !ParseNumber(text.substr(5, 2), &month) || !ParseNumber(text.substr(8, 2), &day) ||
      !ParseNumber(text.substr(11, 2), &hour) || !ParseNumber(text.substr(14, 2), &minute)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  *milliseconds = days * kDay + (hour * 60 + minute) * kMinute;
  return true;
}

std::string FormatMinute(int64_t milliseconds) {
  const int64_t days = milliseconds / kDay - (milliseconds % kDay < 0 ? 1 : 0);
  const auto minute = static_cast<int>((milliseconds - days * kDay) / kMinute);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), minute / 60,
                minute % 60);
  return text;
}

Tables::Tables(stoa::Database& database) {
  flights = OpenOrCreate(database, Check(stoa::TableSchema::Builder("flights")
                                             .PartitionKey("origin", stoa::TypeKind::kText)
                                             .Clustering("departure", stoa::TypeKind::kTimestamp,
                                                         stoa::ClusteringOrder::kDescending)
                                             .Clustering("destination", stoa::TypeKind::kText)
                                             .Clustering("copy", stoa::TypeKind::kInt)
                                             .Regular("delay", stoa::TypeKind::kInt)
                                             .Regular("distance", stoa::TypeKind::kInt)
                                             .Build()));
  delay = flights->FindColumn("delay")->id;
  distance = flights->FindColumn("distance")->id;
  loads = OpenOrCreate(database, Check(stoa::TableSchema::Builder("loads")
                                           .PartitionKey("file", stoa::TypeKind::kText)
                                           .Regular("rows", stoa::TypeKind::kBigint)
                                           .Regular("write_timestamp", stoa::TypeKind::kBigint)
                                           .Build()));
  rows = loads->FindColumn("rows")->id;
  write_timestamp = loads->FindColumn("write_timestamp")->id;
}
