#include <stoa/value.h>

#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>

#include <absl/strings/escaping.h>
#include <absl/strings/str_replace.h>

#include "base/strings.h"
#include "types/date_time.h"
#include "types/duration.h"

namespace stoa {
namespace {

static_assert(sizeof(Value) == 24 && std::is_trivially_copyable_v<Value>);

/// The shortest text that reads back as the same number.
template <typename T>
std::string FloatText(T number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  char buffer[32];
  const std::to_chars_result end = std::to_chars(buffer, buffer + sizeof(buffer), number);
  std::string text(buffer, end.ptr);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string Hex(std::string_view bytes) { return absl::BytesToHexString(ToAbsl(bytes)); }

std::string UuidText(std::string_view bytes) {
  return StrCat(Hex(bytes.substr(0, 4)), "-", Hex(bytes.substr(4, 2)), "-", Hex(bytes.substr(6, 2)), "-",
                Hex(bytes.substr(8, 2)), "-", Hex(bytes.substr(10)));
}

bool HoldsView(Value::Kind kind) {
  return kind == Value::Kind::kText || kind == Value::Kind::kBytes || kind == Value::Kind::kDuration ||
         kind == Value::Kind::kUuid || kind == Value::Kind::kComposite;
}

}  // namespace

Duration Value::duration() const {
  Duration duration{};
  if (kind_ != Kind::kDuration || !ParseSerializedDuration(bytes(), &duration)) return Duration{};
  return duration;
}

std::string Value::ToString() const {
  switch (kind_) {
    case Kind::kNull:
      return "null";
    case Kind::kBoolean:
      return boolean() ? "true" : "false";
    case Kind::kInteger:
      return StrCat(integer());
    case Kind::kFloat:
      return FloatText(float_value());
    case Kind::kDouble:
      return FloatText(double_value());
    case Kind::kText:
      return StrCat("'", absl::StrReplaceAll(ToAbsl(bytes()), {{"'", "''"}}), "'");
    case Kind::kBytes:
    case Kind::kComposite:
      return StrCat("0x", Hex(bytes()));
    case Kind::kEmpty:
      return "''";
    case Kind::kUnset:
      return "unset";
    case Kind::kTimestamp:
      return FormatTimestamp(timestamp());
    case Kind::kDate:
      return FormatDate(date());
    case Kind::kTime:
      return FormatTime(time());
    case Kind::kUuid:
      return UuidText(bytes());
    case Kind::kDuration:
      return FormatDuration(duration());
  }
  return "null";
}

bool operator==(const Value& a, const Value& b) {
  if (a.kind_ != b.kind_) return false;
  if (HoldsView(a.kind_)) return a.bytes() == b.bytes();
  return a.is_null() || a.word_ == b.word_;
}

}  // namespace stoa
