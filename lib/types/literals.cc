#include "types/literals.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

#include <absl/strings/match.h>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "types/big_integer.h"
#include "types/composite_literals.h"
#include "types/date_time.h"
#include "types/duration.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsInteger(std::string_view text) { return IsDigits(text.substr(text.substr(0, 1) == "-" ? 1 : 0)); }

template <typename T>
bool ParseNumber(std::string_view text, T* number) {
  const char* end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, *number);
  return result.ec == std::errc() && result.ptr == end;
}

/// A decimal number in parts: its digits with sign but without point, and its scale.
struct DecimalText {
  std::string digits;
  int64_t scale = 0;
};

/// [-]digits[.digits][e[+-]digits]
bool SplitDecimal(std::string_view text, DecimalText* number) {
  const size_t e = text.find_first_of("eE");
  int64_t exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view tail = text.substr(e + 1);
    if (tail.substr(0, 1) == "+") tail.remove_prefix(1);
    // The bound keeps the scale far from overflow; it is cut to 32 bits later.
    if (!IsInteger(tail) || (text[e + 1] == '+' && tail[0] == '-') || !ParseNumber(tail, &exponent) ||
        exponent > int64_t{1} << 40 || exponent < -(int64_t{1} << 40)) {
      return false;
    }
    text = text.substr(0, e);
  }
  const size_t point = text.find('.');
  number->digits = std::string(text.substr(0, point));
  if (!IsInteger(number->digits)) return false;
  number->scale = -exponent;
  if (point != std::string_view::npos) {
    const std::string_view fraction = text.substr(point + 1);
    if (!IsDigits(fraction)) return false;
    number->digits += fraction;
    number->scale += static_cast<int64_t>(fraction.size());
  }
  return true;
}

bool ParseDecimal(std::string_view text, std::string* serialized) {
  DecimalText number;
  if (!SplitDecimal(text, &number)) return false;
  if (number.scale < std::numeric_limits<int32_t>::min() ||
      number.scale > std::numeric_limits<int32_t>::max()) {
    return false;
  }
  AppendBig(serialized, static_cast<int32_t>(number.scale));
  *serialized += VarintFromText(number.digits);
  return true;
}

/// Plain where the scale is small, else with an exponent, in such a way that digits and scale can be read
/// back.
std::string DecimalToText(std::string_view decimal) {
  const int64_t scale = LoadBig<int32_t>(decimal.data());
  std::string text = VarintToText(decimal.substr(sizeof(int32_t)));
  const size_t sign = text[0] == '-' ? 1 : 0;
  const auto digits = static_cast<int64_t>(text.size() - sign);
  const int64_t exponent = digits - 1 - scale;
  if (scale >= 0 && exponent >= -6) {
    if (scale == 0) return text;
    if (scale >= digits) text.insert(sign, static_cast<size_t>(scale - digits + 1), '0');
    text.insert(text.size() - static_cast<size_t>(scale), ".");
    return text;
  }
  if (digits > 1) text.insert(sign + 1, ".");
  return StrCat(text, "E", exponent < 0 ? "" : "+", exponent);
}

/// float and double: NaN and the infinities by name, everything else must be a finite number.
template <typename T>
bool ParseFloat(std::string_view text, T* number) {
  const bool negative = text.substr(0, 1) == "-";
  const absl::string_view name = ToAbsl(text.substr(negative ? 1 : 0));
  if (absl::EqualsIgnoreCase(name, "nan")) {
    *number = std::numeric_limits<T>::quiet_NaN();
  } else if (absl::EqualsIgnoreCase(name, "infinity")) {
    *number = std::numeric_limits<T>::infinity();
  } else {
    DecimalText parts;
    return SplitDecimal(text, &parts) && ParseNumber(text, number);
  }
  if (negative) *number = -*number;
  return true;
}

/// The content of 'text', in which '' stands for '.
bool Unquote(std::string_view text, std::string* content) {
  if (text.size() < 2 || text.front() != '\'' || text.back() != '\'') return false;
  text = text.substr(1, text.size() - 2);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'' && (++i == text.size() || text[i] != '\'')) return false;
    content->push_back(text[i]);
  }
  return true;
}

/// Two hexadecimal digits a byte.
bool ParseHex(std::string_view text, std::string* bytes) {
  if (text.size() % 2 != 0) return false;
  for (size_t i = 0; i < text.size(); i += 2) {
    uint8_t byte = 0;
    const std::from_chars_result result = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (result.ec != std::errc() || result.ptr != text.data() + i + 2) return false;
    bytes->push_back(static_cast<char>(byte));
  }
  return true;
}

bool ParseUuid(std::string_view text, std::string* bytes) {
  if (text.size() != 36) return false;
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return false;
    if (!dash) digits.push_back(text[i]);
  }
  return ParseHex(digits, bytes);
}

bool ParseInet(const std::string& text, std::string* bytes) {
  char address[16];
  const bool v4 = inet_pton(AF_INET, text.c_str(), address) == 1;
  if (!v4 && inet_pton(AF_INET6, text.c_str(), address) != 1) return false;
  // c_str() ends at the first zero byte; the text must too.
  if (text.find('\0') != std::string::npos) return false;
  bytes->append(address, v4 ? 4 : 16);
  return true;
}

std::string InetToText(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof(text));
  return StrCat("'", static_cast<const char*>(text), "'");
}

/// The content of a quoted text, or the text itself when it has no quotes.
std::string WithoutQuotes(std::string_view text) {
  std::string content;
  return Unquote(text, &content) ? content : std::string(text);
}

bool ParseDateLiteral(std::string_view text, Value* value) {
  Date date{};
  uint32_t biased = 0;
  if (ParseNumber(text, &biased)) {
    date.days = static_cast<int32_t>(biased - kDateBias);
  } else if (!ParseDate(WithoutQuotes(text), &date)) {
    return false;
  }
  *value = date;
  return true;
}

bool ParseTimeLiteral(std::string_view text, Value* value) {
  Time time{};
  if (!ParseNumber(text, &time.nanoseconds) && !ParseTime(WithoutQuotes(text), &time)) return false;
  *value = time;
  return true;
}

bool ParseTimestampLiteral(std::string_view text, Value* value) {
  Timestamp timestamp{};
  if (!ParseNumber(text, &timestamp.milliseconds) && !ParseTimestamp(WithoutQuotes(text), &timestamp))
    return false;
  *value = timestamp;
  return true;
}

template <typename T>
bool ParseFloatLiteral(std::string_view text, Value* value) {
  T number{};
  if (!ParseFloat(text, &number)) return false;
  *value = number;
  return true;
}

/// Sets `*value` for a literal of a type whose values are words.
bool ParseWordLiteral(TypeKind kind, std::string_view text, Value* value) {
  int64_t integer = 0;
  switch (kind) {
    case TypeKind::kBoolean:
      *value = absl::EqualsIgnoreCase(ToAbsl(text), "true");
      return value->boolean() || absl::EqualsIgnoreCase(ToAbsl(text), "false");
    case TypeKind::kFloat:
      return ParseFloatLiteral<float>(text, value);
    case TypeKind::kDouble:
      return ParseFloatLiteral<double>(text, value);
    case TypeKind::kDate:
      return ParseDateLiteral(text, value);
    case TypeKind::kTime:
      return ParseTimeLiteral(text, value);
    case TypeKind::kTimestamp:
      return ParseTimestampLiteral(text, value);
    default:
      if (!ParseNumber(text, &integer)) return false;
      *value = integer;
      return true;
  }
}

/// Sets `*bytes` to the serialized form of a literal of any other type.
bool ParseBytesLiteral(TypeKind kind, std::string_view text, std::string* bytes) {
  Duration duration{};
  int64_t integer = 0;
  switch (kind) {
    case TypeKind::kCounter:
      if (!ParseNumber(text, &integer)) return false;
      AppendBig(bytes, integer);
      return true;
    case TypeKind::kAscii:
    case TypeKind::kText:
      return Unquote(text, bytes);
    case TypeKind::kBlob:
      return (text.substr(0, 2) == "0x" || text.substr(0, 2) == "0X") && ParseHex(text.substr(2), bytes);
    case TypeKind::kVarint:
      if (!IsInteger(text)) return false;
      *bytes = VarintFromText(text);
      return true;
    case TypeKind::kDecimal:
      return ParseDecimal(text, bytes);
    case TypeKind::kInet:
      return ParseInet(WithoutQuotes(text), bytes);
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid:
      return ParseUuid(text, bytes);
    case TypeKind::kDuration:
      if (!ParseDurationText(text, &duration)) return false;
      *bytes = SerializeDuration(duration);
      return true;
    default:
      return false;
  }
}

}  // namespace

Value OwnedValue::value() const& { return is_null_ ? Value() : FromBytes(type_, serialized_); }

absl::Status internal::ParseScalarLiteral(const DataType& type, std::string_view text,
                                          std::string* serialized) {
  serialized->clear();
  if (text == "''" && HasEmptyValue(type)) return absl::OkStatus();
  Value value;
  const bool parsed = type.is_word() ? ParseWordLiteral(type.kind(), text, &value)
                                     : ParseBytesLiteral(type.kind(), text, serialized);
  if (!parsed) return InvalidArgument("not a literal of type ", type.ToString(), ": ", text);
  if (type.is_word()) return AppendSerialized(type, value, serialized);
  std::string scratch;
  std::string_view bytes;
  return ToBytes(type, FromBytes(type, *serialized), &scratch, &bytes);
}

absl::StatusOr<OwnedValue> ParseLiteral(const DataType& type, std::string_view text) {
  if (absl::EqualsIgnoreCase(ToAbsl(text), "null")) return OwnedValue();
  std::string serialized;
  STOA_RETURN_IF_ERROR(type.is_composite() ? ParseCompositeLiteral(type, text, &serialized)
                                           : internal::ParseScalarLiteral(type, text, &serialized));
  return OwnedValue(type, std::move(serialized));
}

std::string FormatLiteral(const DataType& type, const Value& value) {
  std::string_view bytes = value.bytes();
  if (value.kind() == Value::Kind::kComposite && type.is_composite() && IsSerialized(type, bytes)) {
    return FormatCompositeLiteral(type, bytes);
  }
  if (value.kind() == Value::Kind::kBytes && !bytes.empty() && IsSerialized(type, bytes)) {
    if (type.kind() == TypeKind::kVarint) return VarintToText(bytes);
    if (type.kind() == TypeKind::kDecimal) return DecimalToText(bytes);
    if (type.kind() == TypeKind::kInet) return InetToText(bytes);
  }
  return value.ToString();
}

}  // namespace stoa
