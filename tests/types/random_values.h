// Seeded random values of every type, boundary values among them, for tests of codecs and keys.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <stoa/composite.h>
#include <stoa/types.h>

#include "base/coding.h"
#include "io/random.h"
#include "types/big_integer.h"
#include "types/composite_codec.h"
#include "types/literals.h"
#include "types/value_codec.h"

namespace stoa {

inline std::vector<DataType> ScalarTypes() {
  std::vector<DataType> types;
  for (int kind = 1; kind <= 19; ++kind) types.push_back(static_cast<TypeKind>(kind));
  return types;
}

/// The types that may be keys: all but duration.
inline std::vector<DataType> KeyTypes() {
  std::vector<DataType> types = ScalarTypes();
  types.erase(std::find(types.begin(), types.end(), DataType(TypeKind::kDuration)));
  return types;
}

inline int64_t RandomInteger(Random* random, int64_t min, int64_t max) {
  const int64_t boundaries[] = {min, max, min + 1, max - 1, 0, 1, 2, 127, 128, 255, 256};
  int64_t number = boundaries[random->Uniform(std::size(boundaries))];
  if (random->OneIn(2)) number = static_cast<int64_t>(random->Next()) >> random->Uniform(64);
  return std::clamp(number, min, max);
}

template <typename T>
int64_t RandomIntegerOf(Random* random) {
  return RandomInteger(random, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
}

/// Short strings over few bytes, so that prefixes, equal strings and zero bytes are frequent.
inline std::string RandomBytes(Random* random, std::string_view alphabet, size_t size_max = 5) {
  std::string bytes;
  for (size_t size = random->Uniform(size_max + 1); bytes.size() < size;) {
    bytes.push_back(alphabet[random->Uniform(alphabet.size())]);
  }
  return bytes;
}

inline std::string RandomText(Random* random) {
  const char* const pieces[] = {"a",      "b",      "'",          "\x7f",
                                "\u00e9", "\u20ac", "\U0001f600", "longer piece of text"};
  std::string text;
  for (size_t count = random->Uniform(5); count > 0; --count) {
    text += random->OneIn(8) ? std::string(1, '\0') : pieces[random->Uniform(std::size(pieces))];
  }
  return text;
}

template <typename Float, typename Bits>
Float RandomFloat(Random* random) {
  using Limits = std::numeric_limits<Float>;
  const Float boundaries[] = {Float{0},
                              -Float{0},
                              Float{1},
                              -Float{1},
                              Limits::max(),
                              Limits::lowest(),
                              Limits::min(),
                              Limits::denorm_min(),
                              Limits::infinity(),
                              -Limits::infinity(),
                              Limits::quiet_NaN(),
                              -Limits::quiet_NaN()};
  return random->OneIn(2) ? boundaries[random->Uniform(std::size(boundaries))]
                          : std::bit_cast<Float>(static_cast<Bits>(random->Next()));
}

/// Digits with sign; zeros are frequent, long numbers are not.
inline std::string RandomDigits(Random* random) {
  std::string digits = random->OneIn(2) ? "-" : "";
  const size_t count = 1 + random->Uniform(random->OneIn(20) ? 400 : 6);
  for (size_t i = 0; i < count; ++i) digits.push_back("0001599"[random->Uniform(7)]);
  return digits;
}

inline std::string RandomVarint(Random* random) {
  if (random->OneIn(3)) return VarintFromText(std::to_string(RandomIntegerOf<int64_t>(random)));
  return VarintFromText(RandomDigits(random));
}

inline std::string RandomDecimal(Random* random) {
  std::string decimal;
  AppendBig(&decimal, static_cast<int32_t>(RandomInteger(random, -30, 30)));
  return decimal + RandomVarint(random);
}

inline Uuid RandomUuid(Random* random, bool time_uuid) {
  Uuid uuid{};
  for (uint8_t& byte : uuid.bytes) byte = static_cast<uint8_t>(random->OneIn(2) ? 0x80 : random->Next());
  if (time_uuid || random->OneIn(2)) uuid.bytes[6] = (uuid.bytes[6] & 0x0f) | 0x10;
  return uuid;
}

inline Duration RandomDuration(Random* random) {
  constexpr int64_t kInt32Max = std::numeric_limits<int32_t>::max();
  const bool negative = random->OneIn(2);
  const int64_t low = negative ? -1 : 0;
  const int64_t high = negative ? 0 : 1;
  return Duration{static_cast<int32_t>(RandomInteger(random, low * kInt32Max + low, high * kInt32Max)),
                  static_cast<int32_t>(RandomInteger(random, low * kInt32Max + low, high * kInt32Max)),
                  RandomInteger(random, low * std::numeric_limits<int64_t>::max() + low,
                                high * std::numeric_limits<int64_t>::max())};
}

/// The value, serialized by the codec under test, as one that owns its bytes.
inline OwnedValue Own(const DataType& type, const Value& value) {
  std::string bytes;
  const absl::Status status = AppendSerialized(type, value, &bytes);
  return status.ok() ? OwnedValue(type, bytes) : OwnedValue();
}

inline OwnedValue RandomWordValue(const DataType& type, Random* random) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return Own(type, random->OneIn(2));
    case TypeKind::kTinyint:
      return Own(type, RandomIntegerOf<int8_t>(random));
    case TypeKind::kSmallint:
      return Own(type, RandomIntegerOf<int16_t>(random));
    case TypeKind::kInt:
      return Own(type, RandomIntegerOf<int32_t>(random));
    case TypeKind::kDate:
      return Own(type, Date{static_cast<int32_t>(RandomIntegerOf<int32_t>(random))});
    case TypeKind::kTime:
      return Own(type, Time{RandomInteger(random, 0, 86'399'999'999'999)});
    case TypeKind::kTimestamp:
      return Own(type, Timestamp{RandomIntegerOf<int64_t>(random)});
    case TypeKind::kFloat:
      return Own(type, RandomFloat<float, uint32_t>(random));
    case TypeKind::kDouble:
      return Own(type, RandomFloat<double, uint64_t>(random));
    default:
      return Own(type, RandomIntegerOf<int64_t>(random));
  }
}

/// A frozen type of at most `depth` types inside one another. `leaves` are the scalars in it. Sets and keys
/// of maps hold no durations themselves.
inline DataType RandomCompositeType(const std::vector<DataType>& leaves, size_t depth, Random* random) {
  const auto part = [&] {
    if (depth > 2 && random->OneIn(3)) return RandomCompositeType(leaves, depth - 1, random);
    return leaves[random->Uniform(leaves.size())];
  };
  const auto ordered_part = [&] {
    DataType type = part();
    return type == DataType(TypeKind::kDuration) ? DataType(TypeKind::kText) : type;
  };
  switch (random->Uniform(6)) {
    case 0:
      return DataType::List(part()).Frozen();
    case 1:
      return DataType::Set(ordered_part()).Frozen();
    case 2:
      return DataType::Map(ordered_part(), part()).Frozen();
    case 3:
      return DataType::Vector(part(), 1 + static_cast<uint32_t>(random->Uniform(3)));
    case 4: {
      std::vector<DataType> components(1 + random->Uniform(3), TypeKind::kInt);
      for (DataType& component : components) component = part();
      return DataType::Tuple(std::move(components));
    }
    default: {
      std::vector<TypeField> fields;
      for (size_t i = random->Uniform(3) + 1; i > 0; --i) fields.push_back({"f" + std::to_string(i), part()});
      return DataType::UserType("udt" + std::to_string(random->Uniform(3)), std::move(fields)).Frozen();
    }
  }
}

inline OwnedValue RandomValue(const DataType& type, Random* random);

/// Few elements, so that values often begin alike; nulls and empty values among them.
inline OwnedValue RandomComposite(const DataType& type, Random* random) {
  size_t count = random->Uniform(4);
  if (type.has_components()) count = 1 + random->Uniform(type.parameters().size());
  if (type.kind() == TypeKind::kVector) count = type.dimension();
  std::vector<OwnedValue> owned;  // first complete, for its elements are viewed
  const size_t parts = type.kind() == TypeKind::kMap ? 2 * count : count;
  for (size_t i = 0; i < parts; ++i) {
    const DataType& element_type = ElementType(type, i);
    const bool fixed = type.kind() == TypeKind::kVector && FixedElementBytes(element_type) != 0;
    if (type.has_components() && random->OneIn(4)) {
      owned.emplace_back();
    } else if (!fixed && HasEmptyValue(element_type) && random->OneIn(8)) {
      owned.emplace_back(element_type, "");
    } else {
      owned.push_back(RandomValue(element_type, random));
    }
  }
  std::vector<Value> elements;
  for (const OwnedValue& value : owned) elements.push_back(value.value());
  if (type.kind() != TypeKind::kMap) return OwnedValue(type, SerializeComposite(type, elements).value());
  std::vector<MapEntry> entries;
  for (size_t i = 0; i < parts; i += 2) entries.push_back({elements[i], elements[i + 1]});
  return OwnedValue(type, SerializeMap(type, entries).value());
}

/// A value that is neither null nor empty.
inline OwnedValue RandomValue(const DataType& type, Random* random) {
  if (type.is_composite()) return RandomComposite(type, random);
  constexpr std::string_view kBytes("\0\x01\x7f\x80\xfe\xff", 6);
  switch (type.kind()) {
    case TypeKind::kAscii:
      return OwnedValue(type, RandomBytes(random, std::string_view("\0\x01 a'\x7f", 6)));
    case TypeKind::kText:
      return OwnedValue(type, RandomText(random));
    case TypeKind::kBlob:
      return OwnedValue(type, RandomBytes(random, kBytes));
    case TypeKind::kInet: {
      std::string bytes = RandomBytes(random, kBytes, 16);
      bytes.resize(random->OneIn(2) ? 4 : 16);
      return OwnedValue(type, bytes);
    }
    case TypeKind::kVarint:
      return OwnedValue(type, RandomVarint(random));
    case TypeKind::kDecimal:
      return OwnedValue(type, RandomDecimal(random));
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid:
      return Own(type, RandomUuid(random, type.kind() == TypeKind::kTimeuuid));
    case TypeKind::kDuration:
      return OwnedValue(type, SerializeDuration(RandomDuration(random)));
    default:
      return RandomWordValue(type, random);
  }
}

}  // namespace stoa
