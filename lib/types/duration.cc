#include "types/duration.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>

#include <absl/strings/ascii.h>

#include "base/coding.h"
#include "base/strings.h"
#include "types/vint.h"

namespace stoa {
namespace {

bool FitsInt32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
}

enum Part { kMonths, kDays, kNanoseconds };
struct Unit {
  std::string_view name;
  Part part;
  uint64_t factor;
};
constexpr Unit kUnits[] = {
    {"y", kMonths, 12},
    {"mo", kMonths, 1},
    {"w", kDays, 7},
    {"d", kDays, 1},
    {"h", kNanoseconds, 3'600'000'000'000},
    {"m", kNanoseconds, 60'000'000'000},
    {"s", kNanoseconds, 1'000'000'000},
    {"ms", kNanoseconds, 1'000'000},
    {"us", kNanoseconds, 1'000},
    {"ns", kNanoseconds, 1},
};

/// Takes a number off the front of the text.
bool TakeNumber(std::string_view* text, uint64_t* number) {
  size_t size = 0;
  *number = 0;
  for (; size < text->size() && absl::ascii_isdigit(static_cast<unsigned char>((*text)[size])); ++size) {
    if (__builtin_mul_overflow(*number, uint64_t{10}, number) ||
        __builtin_add_overflow(*number, static_cast<uint64_t>((*text)[size] - '0'), number)) {
      return false;
    }
  }
  text->remove_prefix(size);
  return size != 0;
}

/// Takes a unit at or after `first` off the front of the text.
const Unit* TakeUnit(std::string_view* text, const Unit* first) {
  size_t size = 0;
  while (size < text->size() && !absl::ascii_isdigit(static_cast<unsigned char>((*text)[size]))) ++size;
  const std::string name = absl::AsciiStrToLower(ToAbsl(text->substr(0, size)));
  text->remove_prefix(size);
  const Unit* unit = std::find_if(first, std::end(kUnits), [&](const Unit& u) { return u.name == name; });
  return unit == std::end(kUnits) ? nullptr : unit;
}

/// Gives a magnitude its sign; false when the result is beyond -limit-1 or limit.
bool WithSign(uint64_t magnitude, bool negative, int64_t limit, int64_t* value) {
  if (magnitude > static_cast<uint64_t>(limit) + (negative ? 1 : 0)) return false;
  *value = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
  return true;
}

uint64_t Magnitude(int64_t value) {
  return value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
}

}  // namespace

std::string SerializeDuration(const Duration& duration) {
  std::string bytes;
  AppendVint(duration.months, &bytes);
  AppendVint(duration.days, &bytes);
  AppendVint(duration.nanoseconds, &bytes);
  return bytes;
}

bool ParseSerializedDuration(std::string_view bytes, Duration* duration) {
  Decoder decoder(bytes);
  int64_t months = 0;
  int64_t days = 0;
  int64_t nanoseconds = 0;
  if (!ReadVint(&decoder, &months) || !ReadVint(&decoder, &days) || !ReadVint(&decoder, &nanoseconds))
    return false;
  const bool some_negative = months < 0 || days < 0 || nanoseconds < 0;
  const bool some_positive = months > 0 || days > 0 || nanoseconds > 0;
  if (!decoder.Done() || !FitsInt32(months) || !FitsInt32(days) || (some_negative && some_positive))
    return false;
  *duration = Duration{static_cast<int32_t>(months), static_cast<int32_t>(days), nanoseconds};
  return true;
}

bool ParseDurationText(std::string_view text, Duration* duration) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty()) return false;
  uint64_t parts[3] = {0, 0, 0};
  for (const Unit* next = kUnits; !text.empty();) {
    uint64_t number = 0;
    if (!TakeNumber(&text, &number)) return false;
    const Unit* unit = TakeUnit(&text, next);
    if (unit == nullptr || __builtin_mul_overflow(number, unit->factor, &number)) return false;
    if (__builtin_add_overflow(parts[unit->part], number, &parts[unit->part])) return false;
    next = unit + 1;
  }
  int64_t months = 0;
  int64_t days = 0;
  constexpr int64_t kInt32Max = std::numeric_limits<int32_t>::max();
  if (!WithSign(parts[kMonths], negative, kInt32Max, &months) ||
      !WithSign(parts[kDays], negative, kInt32Max, &days) ||
      !WithSign(parts[kNanoseconds], negative, std::numeric_limits<int64_t>::max(), &duration->nanoseconds)) {
    return false;
  }
  duration->months = static_cast<int32_t>(months);
  duration->days = static_cast<int32_t>(days);
  return true;
}

std::string FormatDuration(const Duration& duration) {
  uint64_t parts[3] = {Magnitude(duration.months), Magnitude(duration.days), Magnitude(duration.nanoseconds)};
  const bool negative = duration.months < 0 || duration.days < 0 || duration.nanoseconds < 0;
  std::string text = negative ? "-" : "";
  for (const Unit& unit : kUnits) {
    const uint64_t number = parts[unit.part] / unit.factor;
    if (number == 0 || unit.name == "w") continue;  // as Cassandra prints: 14 days, not 2 weeks
    parts[unit.part] %= unit.factor;
    text += StrCat(number, unit.name);
  }
  return text.empty() ? "0ns" : text;
}

}  // namespace stoa
