// The order of values of a type, written down once more without bytes that memcmp could compare: numbers as
// numbers, uuids by their fields. The byte-comparable encoding is tested against it.
#pragma once

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <stoa/types.h>
#include <stoa/value.h>

#include "base/coding.h"
#include "types/big_integer.h"
#include "types/value_codec.h"

namespace stoa {

template <typename T>
int Sign(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

/// NaNs are equal and greatest, -0.0 is less than 0.0, as in Java.
template <typename T>
int CompareFloats(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return Sign(std::isnan(a), std::isnan(b));
  if (a == 0 && b == 0) return Sign(!std::signbit(a), !std::signbit(b));
  return Sign(a, b);
}

/// Numbers as decimal text with a sign.
inline int CompareDigits(std::string a, std::string b) {
  const auto normalize = [](std::string* text) {
    const bool negative = (*text)[0] == '-';
    text->erase(0, std::min(text->find_first_not_of("-0"), text->size()));
    return negative && !text->empty();
  };
  const bool a_negative = normalize(&a);
  const bool b_negative = normalize(&b);
  if (a_negative != b_negative) return a_negative ? -1 : 1;
  const int magnitude = a.size() != b.size() ? Sign(a.size(), b.size()) : Sign(a, b);
  return a_negative ? -magnitude : magnitude;
}

/// Both brought to the same scale. For small scales.
inline int CompareDecimals(std::string_view a, std::string_view b) {
  const auto a_scale = LoadBig<int32_t>(a.data());
  const auto b_scale = LoadBig<int32_t>(b.data());
  const int32_t scale = std::max(a_scale, b_scale);
  return CompareDigits(VarintToText(a.substr(4)) + std::string(static_cast<size_t>(scale - a_scale), '0'),
                       VarintToText(b.substr(4)) + std::string(static_cast<size_t>(scale - b_scale), '0'));
}

/// Version, then for version 1 the time, then the rest; the low 8 bytes of a time-uuid as signed bytes.
inline int CompareUuids(bool time_uuids, const Uuid& a, const Uuid& b) {
  const auto version = [](const Uuid& uuid) { return uuid.bytes[6] >> 4; };
  const auto time = [](const Uuid& uuid) {
    const char* bytes = reinterpret_cast<const char*>(uuid.bytes.data());
    return static_cast<uint64_t>(LoadBig<uint16_t>(bytes + 6) & 0x0fff) << 48 |
           static_cast<uint64_t>(LoadBig<uint16_t>(bytes + 4)) << 32 | LoadBig<uint32_t>(bytes);
  };
  if (version(a) != version(b)) return Sign(version(a), version(b));
  if (version(a) == 1 && time(a) != time(b)) return Sign(time(a), time(b));
  for (size_t i = version(a) == 1 ? 8 : 0; i < 16; ++i) {
    const int order = time_uuids ? Sign(static_cast<int8_t>(a.bytes[i]), static_cast<int8_t>(b.bytes[i]))
                                 : Sign(a.bytes[i], b.bytes[i]);
    if (order != 0) return order;
  }
  return 0;
}

inline int CompareBytes(std::string_view a, std::string_view b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] != b[i]) return Sign(static_cast<unsigned char>(a[i]), static_cast<unsigned char>(b[i]));
  }
  return Sign(a.size(), b.size());
}

inline int CompareTyped(const DataType& type, const Value& a, const Value& b);

/// Whether a vector stores elements of this type without their size.
inline size_t FixedBytesOf(const DataType& type) {
  const std::string name = type.ToString();
  if (name == "boolean") return 1;
  if (name == "int" || name == "float") return 4;
  if (name == "bigint" || name == "double" || name == "timestamp") return 8;
  if (name == "uuid" || name == "timeuuid") return 16;
  return type.kind() == TypeKind::kVector ? FixedBytesOf(type.parameters()[0]) * type.dimension() : 0;
}

/// The elements of a serialized value, absent where null; of tuples and user types all of them. Elements of
/// vectors have at most 16,383 bytes.
inline std::vector<std::optional<std::string>> SplitElements(const DataType& type, std::string_view bytes) {
  std::vector<std::optional<std::string>> elements;
  size_t at = type.is_collection() ? 4 : 0;
  const bool is_vector = type.kind() == TypeKind::kVector;
  const size_t fixed = is_vector ? FixedBytesOf(type.parameters()[0]) : 0;
  while (at < bytes.size()) {
    int32_t size = static_cast<int32_t>(fixed);
    if (is_vector && fixed == 0) {  // one bit of the first byte says that there are two
      size = static_cast<uint8_t>(bytes[at++]);
      if (size >= 0x80) size = (size & 0x3f) << 8 | static_cast<uint8_t>(bytes[at++]);
    }
    if (!is_vector) {
      size = LoadBig<int32_t>(bytes.data() + at);
      at += 4;
    }
    elements.push_back(size < 0 ? std::nullopt
                                : std::optional(std::string(bytes.substr(at, static_cast<size_t>(size)))));
    at += static_cast<size_t>(std::max(size, 0));
  }
  if (type.has_components()) elements.resize(type.parameters().size());
  return elements;
}

/// Element by element, null before all others; then the shorter first.
inline int CompareComposites(const DataType& type, std::string_view a_bytes, std::string_view b_bytes) {
  const auto a = SplitElements(type, a_bytes);
  const auto b = SplitElements(type, b_bytes);
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const std::vector<DataType>& parameters = type.parameters();
    const DataType& element = parameters[type.has_components() ? i : i % parameters.size()];
    int order = Sign(a[i].has_value(), b[i].has_value());
    if (a[i] && b[i]) order = CompareTyped(element, FromBytes(element, *a[i]), FromBytes(element, *b[i]));
    if (order != 0) return order;
  }
  return Sign(a.size(), b.size());
}

/// Negative, 0 or positive: a before, equal to or after b in ascending order. Neither is null.
inline int CompareTyped(const DataType& type, const Value& a, const Value& b) {
  const bool a_empty = a.kind() == Value::Kind::kEmpty;
  const bool b_empty = b.kind() == Value::Kind::kEmpty;
  if (a_empty || b_empty) return Sign(!a_empty, !b_empty);
  if (type.is_composite()) return CompareComposites(type, a.bytes(), b.bytes());
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return Sign(a.boolean(), b.boolean());
    case TypeKind::kFloat:
      return CompareFloats(a.float_value(), b.float_value());
    case TypeKind::kDouble:
      return CompareFloats(a.double_value(), b.double_value());
    case TypeKind::kTimestamp:
      return Sign(a.timestamp(), b.timestamp());
    case TypeKind::kDate:
      return Sign(a.date(), b.date());
    case TypeKind::kTime:
      return Sign(a.time(), b.time());
    case TypeKind::kUuid:
      return CompareUuids(false, a.uuid(), b.uuid());
    case TypeKind::kTimeuuid:
      return CompareUuids(true, a.uuid(), b.uuid());
    case TypeKind::kVarint:
      return CompareDigits(VarintToText(a.bytes()), VarintToText(b.bytes()));
    case TypeKind::kDecimal:
      return CompareDecimals(a.bytes(), b.bytes());
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
      return Sign(a.integer(), b.integer());
    default:
      return CompareBytes(a.bytes(), b.bytes());
  }
}

}  // namespace stoa
