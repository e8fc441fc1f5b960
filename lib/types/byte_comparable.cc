#include "types/byte_comparable.h"

#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "types/comparable_composite.h"
#include "types/comparable_numbers.h"

namespace stoa {
namespace {

constexpr size_t kUuidBytes = 16;
/// Cassandra compares the low bytes of time-uuids one by one as signed numbers.
constexpr uint64_t kSignBitOfEveryByte = 0x8080808080808080ULL;

void Invert(char* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(~bytes[i]);
}

/// The high half of a uuid (time_low, time_mid, version and time_high) with its most significant part first.
uint64_t TimeFirst(uint64_t high) { return high << 48 | (high << 16 & 0xffff'0000'0000ULL) | high >> 32; }
uint64_t TimeLast(uint64_t comparable) {
  return comparable << 32 | (comparable >> 16 & 0xffff'0000ULL) | comparable >> 48;
}

/// The high half of a uuid that is not of version 1, with the version moved to the front.
uint64_t VersionFirst(uint64_t high) {
  return (high & 0xf000) << 48 | (high >> 4 & 0x0fff'ffff'ffff'f000ULL) | (high & 0xfff);
}
uint64_t VersionInPlace(uint64_t comparable) {
  return (comparable << 4 & 0xffff'ffff'ffff'0000ULL) | (comparable >> 48 & 0xf000) | (comparable & 0xfff);
}

void AppendUuid(bool time_uuid, ClusteringOrder order, std::string_view uuid, std::string* out) {
  auto high = LoadBig<uint64_t>(uuid.data());
  auto low = LoadBig<uint64_t>(uuid.data() + 8);
  high = (high >> 12 & 0xf) == 1 ? TimeFirst(high) : VersionFirst(high);
  if (time_uuid) low ^= kSignBitOfEveryByte;
  char bytes[kUuidBytes];
  StoreBig(bytes, high);
  StoreBig(bytes + 8, low);
  if (order == ClusteringOrder::kDescending) Invert(bytes, kUuidBytes);
  out->append(bytes, kUuidBytes);
}

bool DecodeUuid(bool time_uuid, ClusteringOrder order, std::string_view* bytes, std::string* out) {
  if (bytes->size() < kUuidBytes) return false;
  const uint64_t mask = order == ClusteringOrder::kDescending ? ~uint64_t{0} : 0;
  uint64_t high = LoadBig<uint64_t>(bytes->data()) ^ mask;
  uint64_t low = LoadBig<uint64_t>(bytes->data() + 8) ^ mask;
  const bool version_1 = high >> 60 == 1;
  if (time_uuid && !version_1) return false;
  high = version_1 ? TimeLast(high) : VersionInPlace(high);
  if (time_uuid) low ^= kSignBitOfEveryByte;
  AppendBig(out, high);
  AppendBig(out, low);
  bytes->remove_prefix(kUuidBytes);
  return true;
}

/// Bytes of any length: 00 becomes 00 ff, and 00 ends them. What follows an encoded value is never ff (and
/// after a descending one never 00), so the end cannot be taken for an escape.
void AppendEscaped(ClusteringOrder order, std::string_view bytes, std::string* out) {
  const size_t start = out->size();
  size_t zero = 0;
  while ((zero = bytes.find('\0')) != std::string_view::npos) {
    out->append(bytes.substr(0, zero + 1));
    out->push_back('\xff');
    bytes.remove_prefix(zero + 1);
  }
  out->append(bytes);
  out->push_back('\0');
  if (order == ClusteringOrder::kDescending) Invert(out->data() + start, out->size() - start);
}

bool DecodeEscaped(ClusteringOrder order, std::string_view* bytes, std::string* out) {
  const bool descending = order == ClusteringOrder::kDescending;
  const char zero = descending ? '\xff' : '\0';
  const char escape = descending ? '\0' : '\xff';
  const size_t start = out->size();
  bool escaped = true;
  while (escaped) {
    const size_t end = bytes->find(zero);
    if (end == std::string_view::npos) return false;
    escaped = end + 1 < bytes->size() && (*bytes)[end + 1] == escape;
    out->append(bytes->substr(0, escaped ? end + 1 : end));
    bytes->remove_prefix(escaped ? end + 2 : end + 1);
  }
  if (descending) Invert(out->data() + start, out->size() - start);
  return out->size() - start <= kKeyBytesMax;
}

absl::Status TooLarge(size_t given, size_t most) {
  return InvalidArgument("given ", given, " bytes, expected at most ", most, " in a key");
}

/// Sets `*size` to the size of the composite value that comes back.
absl::Status MeasureDecoded(const DataType& type, ClusteringOrder order, std::string_view encoded,
                            size_t* size) {
  std::string decoded;
  if (!internal::DecodeComparableSerialized(type, order, &encoded, &decoded) ||
      decoded.size() > kKeyBytesMax) {
    return InvalidArgument("with all components the value has more than ", kKeyBytesMax,
                           " bytes, the most in a key");
  }
  *size = decoded.size();
  return absl::OkStatus();
}

}  // namespace

size_t ComparableBytes(const DataType& type) {
  const bool uuid = type.kind() == TypeKind::kUuid || type.kind() == TypeKind::kTimeuuid;
  return uuid ? kUuidBytes : type.word_bytes();
}

absl::Status internal::AppendComparableSerialized(const DataType& type, ClusteringOrder order,
                                                  std::string_view bytes, std::string* out) {
  const size_t start = out->size();
  switch (type.kind()) {
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid:
      AppendUuid(type.kind() == TypeKind::kTimeuuid, order, bytes, out);
      return absl::OkStatus();
    case TypeKind::kAscii:
    case TypeKind::kText:
    case TypeKind::kBlob:
    case TypeKind::kInet:
    case TypeKind::kDuration:
      AppendEscaped(order, bytes, out);
      return absl::OkStatus();
    case TypeKind::kVarint:
      if (bytes.size() > kKeyBytesMax) return TooLarge(bytes.size(), kKeyBytesMax);
      AppendComparableVarint(bytes, out);
      break;
    case TypeKind::kDecimal:
      if (bytes.size() > kDecimalKeyBytesMax) return TooLarge(bytes.size(), kDecimalKeyBytesMax);
      AppendComparableDecimal(bytes, out);
      break;
    default:
      if (type.is_composite()) {
        STOA_RETURN_IF_ERROR(AppendComparableComposite(type, bytes, out));
      } else if (const size_t width = type.word_bytes(); width != 0) {
        AppendWord(width, ComparableWord(type.kind(), LoadWord(width, bytes.data())), out);
      } else {
        return InvalidArgument(type.ToString(), " cannot be a key");
      }
  }
  if (order == ClusteringOrder::kDescending) Invert(out->data() + start, out->size() - start);
  return absl::OkStatus();
}

absl::Status AppendComparable(const DataType& type, ClusteringOrder order, const Value& value,
                              std::string* out, size_t* counted_bytes) {
  const size_t width = type.word_bytes();
  if (width != 0) {
    char bytes[sizeof(uint64_t)];
    if (!StoreComparableWord(type, order, value, bytes)) return internal::Misfit(type, value);
    out->append(bytes, width);
    if (counted_bytes != nullptr) *counted_bytes += width;
    return absl::OkStatus();
  }
  if (type.kind() == TypeKind::kDuration) return InvalidArgument("duration cannot be a key");
  if (IsEmptyValue(type, value)) return InvalidArgument("given the empty value, expected ", type.ToString());
  std::string scratch;
  std::string_view bytes;
  STOA_RETURN_IF_ERROR(ToBytes(type, value, &scratch, &bytes));
  if (bytes.size() > kKeyBytesMax) return TooLarge(bytes.size(), kKeyBytesMax);
  const size_t start = out->size();
  STOA_RETURN_IF_ERROR(internal::AppendComparableSerialized(type, order, bytes, out));
  size_t size =
      type.kind() == TypeKind::kDecimal ? std::max(bytes.size(), kShortDecimalBytesMax) : bytes.size();
  if (type.is_composite())
    STOA_RETURN_IF_ERROR(MeasureDecoded(type, order, std::string_view(*out).substr(start), &size));
  if (counted_bytes != nullptr) *counted_bytes += size;
  return absl::OkStatus();
}

bool DecodeComparableWord(const DataType& type, ClusteringOrder order, std::string_view* bytes,
                          uint64_t* word) {
  const size_t width = type.word_bytes();
  STOA_DCHECK(width != 0);
  if (bytes->size() < width) return false;
  uint64_t comparable = LoadWord(width, bytes->data());
  if (order == ClusteringOrder::kDescending) comparable ^= ~uint64_t{0} >> (64 - 8 * width);
  bytes->remove_prefix(width);
  *word = WordFromComparable(type.kind(), comparable);
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return *word <= 1;
    case TypeKind::kTime:
      return *word <= static_cast<uint64_t>(kTimeNanosecondsMax);
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      return ComparableWord(type.kind(), *word) == comparable;  // NaNs other than the canonical one
    default:
      return true;
  }
}

bool DecodeComparable(const DataType& type, ClusteringOrder order, std::string_view* bytes,
                      std::string* out) {
  const size_t start = out->size();
  return type.kind() != TypeKind::kDuration &&
         internal::DecodeComparableSerialized(type, order, bytes, out) && out->size() - start <= kKeyBytesMax;
}

bool internal::DecodeComparableSerialized(const DataType& type, ClusteringOrder order,
                                          std::string_view* bytes, std::string* out) {
  if (type.is_word()) {
    uint64_t word = 0;
    if (!DecodeComparableWord(type, order, bytes, &word)) return false;
    AppendWord(type.word_bytes(), word, out);
    return true;
  }
  const size_t start = out->size();
  MaskedReader reader(bytes, order == ClusteringOrder::kDescending ? 0xff : 0);
  switch (type.kind()) {
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid:
      return DecodeUuid(type.kind() == TypeKind::kTimeuuid, order, bytes, out);
    case TypeKind::kAscii:
    case TypeKind::kText:
    case TypeKind::kBlob:
    case TypeKind::kInet:
    case TypeKind::kDuration:
      if (!DecodeEscaped(order, bytes, out)) return false;
      return IsSerialized(type, std::string_view(*out).substr(start)) &&
             !(type.kind() == TypeKind::kInet && out->size() == start);  // a marker of its own
    case TypeKind::kVarint:
      return DecodeComparableVarint(&reader, out);
    case TypeKind::kDecimal:
      return DecodeComparableDecimal(&reader, out);
    default:
      return type.is_composite() && DecodeComparableComposite(type, order, bytes, out);
  }
}

}  // namespace stoa
