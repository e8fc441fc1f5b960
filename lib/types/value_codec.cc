#include "types/value_codec.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "types/composite_codec.h"
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
      return "0, 4 or 16 bytes";
    case TypeKind::kDecimal:
      return "0 or 5 bytes or more";
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

bool IsString(TypeKind kind) {
  return kind == TypeKind::kText || kind == TypeKind::kAscii || kind == TypeKind::kBlob;
}

/// Bytes of a serialized integer of a word type, or of a counter.
size_t SerializedWordBytes(const DataType& type) {
  return type.kind() == TypeKind::kCounter ? sizeof(int64_t) : type.word_bytes();
}

bool IsSerializedWord(const DataType& type, std::string_view bytes) {
  if (bytes.size() != type.word_bytes()) return false;
  // FromWord takes any word; only what ToWord makes of the value again is a serialized form.
  const uint64_t word = LoadWord(bytes.size(), bytes.data());
  uint64_t canonical = 0;
  return internal::TryToWord(type.kind(), FromWord(type, word), &canonical) && canonical == word;
}

bool IsComposite(const DataType& type, std::string_view bytes) {
  std::string scratch;
  std::string_view canonical;
  return type.is_composite() && CanonicalComposite(type, bytes, &scratch, &canonical).ok();
}

}  // namespace

absl::Status internal::Misfit(const DataType& type, const Value& value) {
  if (value.kind() != KindFor(type.kind())) {
    return InvalidArgument("given ", KindName(value.kind()), ", expected ", type.ToString());
  }
  return InvalidArgument("given ", Describe(value), ", expected ", type.ToString(), " (", Demand(type.kind()),
                         ")");
}

absl::Status ToBytes(const DataType& type, const Value& value, std::string* scratch,
                     std::string_view* bytes) {
  STOA_DCHECK(!type.is_word());
  *bytes = value.bytes();
  if (value.kind() == KindFor(type.kind())) [[likely]] {
    if (type.is_composite()) {
      const absl::Status status = CanonicalComposite(type, *bytes, scratch, bytes);
      if (status.ok()) return status;
      return InvalidArgument("given ", Describe(value), ", expected ", type.ToString(), ": ",
                             FromAbsl(status.message()));
    }
    if (type.kind() == TypeKind::kCounter) {
      scratch->clear();
      AppendBig(scratch, value.integer());
      *bytes = *scratch;
      return absl::OkStatus();
    }
    if (IsSerialized(type, *bytes)) [[likely]]
      return absl::OkStatus();
  } else if (value.kind() == Value::Kind::kEmpty && (HasEmptyValue(type) || IsString(type.kind()))) {
    return absl::OkStatus();
  }
  return internal::Misfit(type, value);
}

bool IsSerialized(const DataType& type, std::string_view bytes) {
  Duration duration;
  switch (type.kind()) {
    case TypeKind::kAscii:
      return IsAscii(bytes);
    case TypeKind::kBlob:
      return true;
    case TypeKind::kText:
      return IsUtf8(bytes);
    case TypeKind::kDuration:
      return ParseSerializedDuration(bytes, &duration);
    case TypeKind::kCounter:
      return bytes.size() == sizeof(int64_t);
    default:
      break;
  }
  if (bytes.empty() && HasEmptyValue(type)) return true;
  switch (type.kind()) {
    case TypeKind::kInet:
      return bytes.size() == 4 || bytes.size() == 16;
    case TypeKind::kVarint:
      return true;
    case TypeKind::kDecimal:
      return bytes.size() >= 5;
    case TypeKind::kUuid:
      return bytes.size() == 16;
    case TypeKind::kTimeuuid:
      return bytes.size() == 16 && static_cast<unsigned char>(bytes[6]) >> 4 == 1;
    default:
      return type.is_word() ? IsSerializedWord(type, bytes) : IsComposite(type, bytes);
  }
}

Value FromBytes(const DataType& type, std::string_view bytes) {
  const Value::Kind kind = KindFor(type.kind());
  if (kind == Value::Kind::kText) return Value(bytes);
  if (bytes.empty() && HasEmptyValue(type)) return Value::Empty();
  switch (kind) {
    case Value::Kind::kDuration:
      return Value::SerializedDuration(bytes);
    case Value::Kind::kComposite:
      return Value::Composite(bytes);
    case Value::Kind::kBytes:
      return Value::Bytes(bytes);
    case Value::Kind::kUuid: {
      Uuid uuid{};
      std::copy_n(bytes.begin(), std::min(bytes.size(), uuid.bytes.size()), uuid.bytes.begin());
      return Value(uuid);
    }
    default:
      break;
  }
  const size_t width = SerializedWordBytes(type);
  if (bytes.size() != width) return Value();
  return FromWord(type, LoadWord(width, bytes.data()));
}

absl::Status AppendSerialized(const DataType& type, const Value& value, std::string* out) {
  if (type.is_word()) {
    uint64_t word = 0;
    if (!internal::TryToWord(type.kind(), value, &word)) [[unlikely]] {
      return IsEmptyValue(type, value) ? absl::OkStatus() : internal::Misfit(type, value);
    }
    AppendWord(type.word_bytes(), word, out);
  } else {
    std::string scratch;
    std::string_view bytes;
    STOA_RETURN_IF_ERROR(ToBytes(type, value, &scratch, &bytes));
    out->append(bytes);
  }
  return absl::OkStatus();
}

absl::StatusOr<Value> ParseSerialized(const DataType& type, std::string_view bytes) {
  if (IsSerialized(type, bytes)) return FromBytes(type, bytes);
  return absl::DataLossError(
      StrCat(bytes.size(), " bytes are not a ", type.ToString(), ": 0x", HexDump(bytes, 16)));
}

}  // namespace stoa
