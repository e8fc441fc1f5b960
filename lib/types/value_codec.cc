#include "types/value_codec.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "types/duration.h"
#include "types/utf8.h"

namespace stoa {
namespace {

std::string_view KindName(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kBoolean:
      return "boolean";
    case Value::Kind::kInteger:
      return "integer";
    case Value::Kind::kFloat:
      return "float";
    case Value::Kind::kDouble:
      return "double";
    case Value::Kind::kText:
      return "text";
    case Value::Kind::kBytes:
      return "bytes";
    case Value::Kind::kTimestamp:
      return "timestamp";
    case Value::Kind::kDate:
      return "date";
    case Value::Kind::kTime:
      return "time";
    case Value::Kind::kUuid:
      return "uuid";
    case Value::Kind::kDuration:
      return "duration";
    case Value::Kind::kComposite:
      return "composite";
    case Value::Kind::kEmpty:
      return "empty";
    case Value::Kind::kUnset:
      return "unset";
  }
  return "unknown";
}

/// What a column of this type is given.
Value::Kind KindFor(TypeKind kind) {
  switch (kind) {
    case TypeKind::kAscii:
    case TypeKind::kText:
      return Value::Kind::kText;
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
      return Value::Kind::kInteger;
    case TypeKind::kBlob:
    case TypeKind::kDecimal:
    case TypeKind::kInet:
    case TypeKind::kVarint:
      return Value::Kind::kBytes;
    case TypeKind::kBoolean:
      return Value::Kind::kBoolean;
    case TypeKind::kDate:
      return Value::Kind::kDate;
    case TypeKind::kDouble:
      return Value::Kind::kDouble;
    case TypeKind::kDuration:
      return Value::Kind::kDuration;
    case TypeKind::kFloat:
      return Value::Kind::kFloat;
    case TypeKind::kTime:
      return Value::Kind::kTime;
    case TypeKind::kTimestamp:
      return Value::Kind::kTimestamp;
    case TypeKind::kTimeuuid:
    case TypeKind::kUuid:
      return Value::Kind::kUuid;
    case TypeKind::kList:
    case TypeKind::kSet:
    case TypeKind::kMap:
    case TypeKind::kTuple:
    case TypeKind::kUserType:
    case TypeKind::kVector:
      return Value::Kind::kComposite;
    case TypeKind::kCounter:
      return Value::Kind::kInteger;
  }
  return Value::Kind::kNull;
}

/// What IsSerialized and the ranges of the integers demand, for messages.
std::string_view Demand(TypeKind kind) {
  switch (kind) {
    case TypeKind::kAscii:
      return "7-bit characters";
    case TypeKind::kText:
      return "UTF-8";
    case TypeKind::kInet:
      return "4 or 16 bytes";
    case TypeKind::kVarint:
      return "1 byte or more";
    case TypeKind::kDecimal:
      return "5 bytes or more";
    case TypeKind::kTimeuuid:
      return "version 1";
    case TypeKind::kDuration:
      return "three vints of one sign: months and days of 32 bits, nanoseconds of 64";
    case TypeKind::kTime:
      return "0 to 86399999999999 ns";
    case TypeKind::kTinyint:
      return "-128 to 127";
    case TypeKind::kSmallint:
      return "-32768 to 32767";
    case TypeKind::kInt:
      return "-2147483648 to 2147483647";
    default:
      return "";
  }
}

/// The value itself where it is short, for messages.
std::string Describe(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kInteger:
    case Value::Kind::kUuid:
      return value.ToString();
    case Value::Kind::kTime:
      return StrCat(value.time().nanoseconds, " ns");
    default:
      return StrCat(KindName(value.kind()), " of ", value.bytes().size(), " bytes: 0x",
                    HexDump(value.bytes(), 16));
  }
}

}  // namespace

absl::Status internal::Misfit(const DataType& type, const Value& value) {
  if (value.kind() != KindFor(type.kind())) {
    return InvalidArgument("given ", KindName(value.kind()), ", expected ", type.ToString());
  }
  return InvalidArgument("given ", Describe(value), ", expected ", type.ToString(), " (", Demand(type.kind()),
                         ")");
}

absl::Status ToBytes(const DataType& type, const Value& value, std::string_view* bytes) {
  STOA_DCHECK(!type.is_word());
  *bytes = value.bytes();
  if (value.kind() == KindFor(type.kind()) && IsSerialized(type, *bytes)) [[likely]]
    return absl::OkStatus();
  return internal::Misfit(type, value);
}

bool IsSerialized(const DataType& type, std::string_view bytes) {
  Duration duration;
  switch (type.kind()) {
    case TypeKind::kAscii:
      return IsAscii(bytes);
    case TypeKind::kText:
      return IsUtf8(bytes);
    case TypeKind::kInet:
      return bytes.size() == 4 || bytes.size() == 16;
    case TypeKind::kVarint:
      return !bytes.empty();
    case TypeKind::kDecimal:
      return bytes.size() >= 5;
    case TypeKind::kUuid:
      return bytes.size() == 16;
    case TypeKind::kTimeuuid:
      return bytes.size() == 16 && static_cast<unsigned char>(bytes[6]) >> 4 == 1;
    case TypeKind::kDuration:
      return ParseSerializedDuration(bytes, &duration);
    default:
      return true;
  }
}

Value FromBytes(const DataType& type, std::string_view bytes) {
  switch (KindFor(type.kind())) {
    case Value::Kind::kText:
      return Value(bytes);
    case Value::Kind::kDuration:
      return Value::SerializedDuration(bytes);
    case Value::Kind::kUuid: {
      Uuid uuid{};
      std::copy_n(bytes.begin(), std::min(bytes.size(), uuid.bytes.size()), uuid.bytes.begin());
      return Value(uuid);
    }
    default:
      return Value::Bytes(bytes);
  }
}

absl::Status AppendSerialized(const DataType& type, const Value& value, std::string* out) {
  if (type.is_word()) {
    uint64_t word = 0;
    STOA_RETURN_IF_ERROR(ToWord(type, value, &word));
    AppendWord(type.word_bytes(), word, out);
  } else {
    std::string_view bytes;
    STOA_RETURN_IF_ERROR(ToBytes(type, value, &bytes));
    out->append(bytes);
  }
  return absl::OkStatus();
}

absl::StatusOr<Value> ParseSerialized(const DataType& type, std::string_view bytes) {
  if (type.is_word()) {
    if (bytes.size() == type.word_bytes()) {
      const uint64_t word = LoadWord(bytes.size(), bytes.data());
      const Value value = FromWord(type, word);
      // FromWord takes any word; only what ToWord makes of the value again is a serialized form.
      uint64_t canonical = 0;
      if (internal::TryToWord(type.kind(), value, &canonical) && canonical == word) return value;
    }
  } else if (IsSerialized(type, bytes)) {
    return FromBytes(type, bytes);
  }
  return absl::DataLossError(
      StrCat(bytes.size(), " bytes are not a ", type.ToString(), ": 0x", HexDump(bytes, 16)));
}

}  // namespace stoa
