#include "types/date_time.h"

#include <cstdint>
#include <limits>

#include <absl/strings/str_cat.h>

#include "base/strings.h"

namespace stoa {
namespace {

constexpr int64_t kMillisecondsPerDay = 86'400'000;
constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr int64_t kDaysPer400Years = 146'097;

struct CivilDate {
  int64_t year;
  int64_t month;  // 1 to 12
  int64_t day;    // 1 to 31
};

int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

bool IsLeapYear(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int64_t DaysInMonth(int64_t year, int64_t month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && IsLeapYear(year) ? 1 : 0);
}

/// Days from 0000-03-01 to the first day of the `month`-th month after March of a year that begins in March.
/// Counting from March puts the leap day last, which makes the lengths of months a linear pattern.
int64_t DaysBeforeMonth(int64_t months_after_march) { return (153 * months_after_march + 2) / 5; }

constexpr int64_t kMarchYearZeroToEpoch = 719'468;  // days from 0000-03-01 to 1970-01-01

int64_t DaysFromCivil(const CivilDate& date) {
  const int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const int64_t era = FloorDivide(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = DaysBeforeMonth((date.month + 9) % 12) + date.day - 1;
  return era * kDaysPer400Years + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         kMarchYearZeroToEpoch;
}

CivilDate CivilFromDays(int64_t days) {
  days += kMarchYearZeroToEpoch;
  const int64_t era = FloorDivide(days, kDaysPer400Years);
  const int64_t day_of_era = days - era * kDaysPer400Years;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t months_after_march = (5 * day_of_year + 2) / 153;
  const int64_t month = months_after_march < 10 ? months_after_march + 3 : months_after_march - 9;
  return CivilDate{era * 400 + year_of_era + (month <= 2 ? 1 : 0), month,
                   day_of_year - DaysBeforeMonth(months_after_march) + 1};
}

/// Takes pieces off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  bool Take(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// A number of `digits_min` to `digits_max` (at most 18) digits; sets how many there were.
  bool Number(size_t digits_min, size_t digits_max, int64_t* number, size_t* digits = nullptr) {
    size_t count = 0;
    *number = 0;
    for (; count < digits_max && count < text_.size() && text_[count] >= '0' && text_[count] <= '9';
         ++count) {
      *number = *number * 10 + (text_[count] - '0');
    }
    text_.remove_prefix(count);
    if (digits != nullptr) *digits = count;
    return count >= digits_min;
  }
  /// A two-digit number up to `max`.
  bool Two(int64_t max, int64_t* number) { return Number(2, 2, number) && *number <= max; }
  /// A fraction of a second with up to `digits_max` digits, in units of 10^-digits_max seconds.
  bool Fraction(size_t digits_max, int64_t* units) {
    size_t digits = 0;
    if (!Number(1, digits_max, units, &digits)) return false;
    for (; digits < digits_max; ++digits) *units *= 10;
    return true;
  }

 private:
  std::string_view text_;
};

bool TakeDate(Scanner* scanner, int64_t* days) {
  const bool negative = scanner->Take('-');
  CivilDate date{};
  if (!scanner->Number(4, 7, &date.year) || !scanner->Take('-') || !scanner->Two(12, &date.month) ||
      !scanner->Take('-') || !scanner->Two(31, &date.day)) {
    return false;
  }
  if (negative) date.year = -date.year;
  if (date.month == 0 || date.day == 0 || date.day > DaysInMonth(date.year, date.month)) return false;
  *days = DaysFromCivil(date);
  return *days >= std::numeric_limits<int32_t>::min() && *days <= std::numeric_limits<int32_t>::max();
}

/// The time of day of a timestamp in milliseconds: hours and minutes, then as much as there is.
bool TakeMilliseconds(Scanner* scanner, int64_t* milliseconds) {
  int64_t hours = 0;
  int64_t minutes = 0;
  int64_t seconds = 0;
  int64_t fraction = 0;
  if (!scanner->Two(23, &hours) || !scanner->Take(':') || !scanner->Two(59, &minutes)) return false;
  if (scanner->Take(':')) {
    if (!scanner->Two(59, &seconds)) return false;
    if (scanner->Take('.') && !scanner->Fraction(3, &fraction)) return false;
  }
  *milliseconds = ((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction;
  return true;
}

/// A zone, if there is one, as milliseconds east of UTC.
bool TakeZone(Scanner* scanner, int64_t* milliseconds) {
  *milliseconds = 0;
  if (scanner->done() || scanner->Take('Z')) return true;
  const bool east = scanner->Take('+');
  if (!east && !scanner->Take('-')) return false;
  int64_t hours = 0;
  int64_t minutes = 0;
  if (!scanner->Two(23, &hours)) return false;
  const bool colon = scanner->Take(':');
  if ((colon || !scanner->done()) && !scanner->Two(59, &minutes)) return false;
  *milliseconds = (hours * 60 + minutes) * (east ? 60'000 : -60'000);
  return true;
}

absl::Dec Two(int64_t number) { return absl::Dec(number, absl::kZeroPad2); }

std::string CivilText(const CivilDate& date) {
  const int64_t year = date.year < 0 ? -date.year : date.year;
  return StrCat(date.year < 0 ? "-" : "", absl::Dec(year, absl::kZeroPad4), "-", Two(date.month), "-",
                Two(date.day));
}

}  // namespace

bool ParseDate(std::string_view text, Date* date) {
  Scanner scanner(text);
  int64_t days = 0;
  if (!TakeDate(&scanner, &days) || !scanner.done()) return false;
  date->days = static_cast<int32_t>(days);
  return true;
}

bool ParseTime(std::string_view text, Time* time) {
  Scanner scanner(text);
  int64_t hours = 0;
  int64_t minutes = 0;
  int64_t seconds = 0;
  int64_t fraction = 0;
  if (!scanner.Two(23, &hours) || !scanner.Take(':') || !scanner.Two(59, &minutes) || !scanner.Take(':') ||
      !scanner.Two(59, &seconds)) {
    return false;
  }
  if (scanner.Take('.') && !scanner.Fraction(9, &fraction)) return false;
  time->nanoseconds = ((hours * 60 + minutes) * 60 + seconds) * kNanosecondsPerSecond + fraction;
  return scanner.done();
}

bool ParseTimestamp(std::string_view text, Timestamp* timestamp) {
  Scanner scanner(text);
  int64_t days = 0;
  int64_t milliseconds = 0;
  int64_t zone = 0;
  if (!TakeDate(&scanner, &days)) return false;
  if ((scanner.Take('T') || scanner.Take(' ')) && !TakeMilliseconds(&scanner, &milliseconds)) return false;
  if (!TakeZone(&scanner, &zone) || !scanner.done()) return false;
  timestamp->milliseconds = days * kMillisecondsPerDay + milliseconds - zone;
  return true;
}

std::string FormatDate(Date date) { return StrCat("'", CivilText(CivilFromDays(date.days)), "'"); }

std::string FormatTime(Time time) {
  const int64_t seconds = time.nanoseconds / kNanosecondsPerSecond;
  return StrCat("'", Two(seconds / 3600), ":", Two(seconds / 60 % 60), ":", Two(seconds % 60), ".",
                absl::Dec(time.nanoseconds % kNanosecondsPerSecond, absl::kZeroPad9), "'");
}

std::string FormatTimestamp(Timestamp timestamp) {
  const int64_t days = FloorDivide(timestamp.milliseconds, kMillisecondsPerDay);
  const CivilDate date = CivilFromDays(days);
  if (date.year < 0 || date.year > 9999) return StrCat(timestamp.milliseconds);
  const int64_t of_day = timestamp.milliseconds - days * kMillisecondsPerDay;
  return StrCat("'", CivilText(date), "T", Two(of_day / 3'600'000), ":", Two(of_day / 60'000 % 60), ":",
                Two(of_day / 1000 % 60), ".", absl::Dec(of_day % 1000, absl::kZeroPad3), "Z'");
}

}  // namespace stoa
