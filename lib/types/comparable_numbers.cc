#include "types/comparable_numbers.h"

#include <limits>

#include <stoa/schema.h>

#include "base/check.h"
#include "base/coding.h"
#include "types/big_integer.h"

namespace stoa {
namespace {

constexpr size_t kShortVarintBytesMax = 120;
constexpr uint8_t kShortPrefix = 0x7f;  // plus the length
constexpr uint8_t kLongPrefix = kShortPrefix + kShortVarintBytesMax + 1;

constexpr char kNegative = 1;
constexpr char kZero = 2;
constexpr char kPositive = 3;
constexpr uint64_t kSignBit = uint64_t{1} << 63;

/// A decimal key has no more digits than this: 256 < 10^2.41.
constexpr size_t kDigitsMax = kDecimalKeyBytesMax * 241 / 100;

/// Integers of so many digits keep their trailing zeros: 100 was most likely written so and not as 1E+2.
constexpr int64_t kPlainDigitsMax = 18;
static_assert(sizeof(int32_t) + sizeof(int64_t) == kShortDecimalBytesMax);  // 10^18 < 2^63

void Invert(std::string* bytes, size_t from) {
  for (size_t i = from; i < bytes->size(); ++i) (*bytes)[i] = static_cast<char>(~(*bytes)[i]);
}

/// Reads digit pairs up to the terminator; false unless they are what AppendComparableDecimal writes.
bool ReadDigits(MaskedReader* reader, std::string* digits) {
  uint8_t byte = 0;
  while (true) {
    if (!reader->Read(&byte) || byte > 100) return false;
    if (byte == 0) break;
    if (digits->size() > kDigitsMax) return false;
    digits->push_back(static_cast<char>('0' + (byte - 1) / 10));
    digits->push_back(static_cast<char>('0' + (byte - 1) % 10));
  }
  if (digits->empty() || digits->front() == '0') return false;
  if (digits->back() == '0') digits->pop_back();
  return digits->back() != '0';
}

/// Appends the serialized form of 0.digits * 10^exponent; false when there is none.
bool AppendDecimal(bool negative, std::string digits, int64_t exponent, std::string* out) {
  constexpr int64_t kScaleMin = std::numeric_limits<int32_t>::min();
  constexpr int64_t kScaleMax = std::numeric_limits<int32_t>::max();
  const auto count = static_cast<int64_t>(digits.size());
  if (exponent < count - kScaleMax || exponent > static_cast<int64_t>(kDigitsMax) - kScaleMin) return false;
  int64_t scale = count - exponent;
  if (scale < 0 && exponent <= kPlainDigitsMax) {
    digits.append(static_cast<size_t>(-scale), '0');
    scale = 0;
  } else if (scale < kScaleMin) {
    digits.append(static_cast<size_t>(kScaleMin - scale), '0');
    scale = kScaleMin;
  }
  if (digits.size() > kDigitsMax) return false;
  const std::string unscaled = VarintFromText(negative ? "-" + digits : digits);
  if (sizeof(int32_t) + unscaled.size() > kDecimalKeyBytesMax) return false;
  AppendBig(out, static_cast<int32_t>(scale));
  out->append(unscaled);
  return true;
}

}  // namespace

void AppendComparableVarint(std::string_view varint, std::string* out) {
  STOA_DCHECK(!varint.empty() && varint.size() <= kKeyBytesMax);
  varint = MinimalVarint(varint);
  const size_t start = out->size();
  if (varint.size() <= kShortVarintBytesMax) {
    out->push_back(static_cast<char>(kShortPrefix + varint.size()));
  } else {
    out->push_back(static_cast<char>(kLongPrefix));
    AppendBig(out, static_cast<uint16_t>(varint.size()));
  }
  if ((varint[0] & 0x80) != 0) Invert(out, start);
  out->append(varint);
}

bool DecodeComparableVarint(MaskedReader* reader, std::string* out) {
  uint8_t byte = 0;
  if (!reader->Read(&byte)) return false;
  const bool negative = byte < 0x80;
  const uint8_t mask = negative ? 0xff : 0;
  byte ^= mask;
  size_t size = 0;
  if (byte == kLongPrefix) {
    uint8_t high = 0;
    uint8_t low = 0;
    if (!reader->Read(&high) || !reader->Read(&low)) return false;
    size = static_cast<size_t>(high ^ mask) << 8 | static_cast<size_t>(low ^ mask);
    if (size <= kShortVarintBytesMax) return false;
  } else {
    if (byte <= kShortPrefix || byte > kLongPrefix) return false;
    size = byte - kShortPrefix;
  }
  const size_t start = out->size();
  for (size_t i = 0; i < size; ++i) {
    if (!reader->Read(&byte)) return false;
    out->push_back(static_cast<char>(byte));
  }
  const std::string_view varint = std::string_view(*out).substr(start);
  return ((varint[0] & 0x80) != 0) == negative && MinimalVarint(varint).size() == size;
}

void AppendComparableDecimal(std::string_view decimal, std::string* out) {
  STOA_DCHECK(decimal.size() >= 5 && decimal.size() <= kDecimalKeyBytesMax);
  const auto scale = LoadBig<int32_t>(decimal.data());
  std::string text = VarintToText(decimal.substr(sizeof(scale)));
  const bool negative = text[0] == '-';
  if (negative) text.erase(0, 1);
  if (text == "0") return out->push_back(kZero);
  const int64_t exponent = static_cast<int64_t>(text.size()) - scale;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.size() % 2 != 0) text.push_back('0');

  out->push_back(negative ? kNegative : kPositive);
  const size_t start = out->size();
  AppendBig(out, static_cast<uint64_t>(exponent) ^ kSignBit);
  for (size_t i = 0; i < text.size(); i += 2) {
    out->push_back(static_cast<char>((text[i] - '0') * 10 + (text[i + 1] - '0') + 1));
  }
  out->push_back('\0');
  if (negative) Invert(out, start);
}

bool DecodeComparableDecimal(MaskedReader* reader, std::string* out) {
  uint8_t sign = 0;
  if (!reader->Read(&sign)) return false;
  if (sign == kZero) {
    out->append(5, '\0');
    return true;
  }
  if (sign != kNegative && sign != kPositive) return false;
  if (sign == kNegative) reader->Invert();
  uint64_t exponent = 0;
  for (int i = 0; i < 8; ++i) {
    uint8_t byte = 0;
    if (!reader->Read(&byte)) return false;
    exponent = exponent << 8 | byte;
  }
  std::string digits;
  return ReadDigits(reader, &digits) &&
         AppendDecimal(sign == kNegative, std::move(digits), static_cast<int64_t>(exponent ^ kSignBit), out);
}

}  // namespace stoa
