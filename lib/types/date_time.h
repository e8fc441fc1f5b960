// Dates, times and timestamps as CQL literals. The proleptic Gregorian calendar; times are UTC.
#pragma once

#include <string>
#include <string_view>

#include <stoa/value.h>

namespace stoa {

// The formats, without the quotes that they have in CQL. Each parser returns false for anything else.

/// '2001-01-31'; years before 0 and beyond 9999 have a sign or more digits.
bool ParseDate(std::string_view text, Date* date);
/// '04:05:06.789', with up to nine digits of fraction or none.
bool ParseTime(std::string_view text, Time* time);
/// '2001-01-31', '2001-01-31 04:05', '2001-01-31T04:05:06.789Z': the time and its seconds and milliseconds
/// may be left out, the zone (Z, +0100, +01:00 or +01) too: then it is UTC.
bool ParseTimestamp(std::string_view text, Timestamp* timestamp);

// With quotes, ready for CQL. A timestamp of a year that has not four digits becomes its milliseconds.
std::string FormatDate(Date date);
std::string FormatTime(Time time);
std::string FormatTimestamp(Timestamp timestamp);

}  // namespace stoa
