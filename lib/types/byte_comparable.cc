#include "types/byte_comparable.h"

#include "base/check.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
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

/// Any type but the word types. `bytes` are the serialized value.
absl::Status AppendComparableBytes(const DataType& type, ClusteringOrder order, std::string_view bytes,
                                   std::string* out) {
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
      AppendEscaped(order, bytes, out);
      return absl::OkStatus();
    case TypeKind::kVarint:
      AppendComparableVarint(bytes, out);
      break;
    case TypeKind::kDecimal:
      AppendComparableDecimal(bytes, out);
      break;
    default:
      return InvalidArgument(type.ToString(), " cannot be a key");
  }
  if (order == ClusteringOrder::kDescending) Invert(out->data() + start, out->size() - start);
  return absl::OkStatus();
}

}  // namespace

size_t ComparableBytes(const DataType& type) {
  const bool uuid = type.kind() == TypeKind::kUuid || type.kind() == TypeKind::kTimeuuid;
  return uuid ? kUuidBytes : type.word_bytes();
}

absl::Status AppendComparable(const DataType& type, ClusteringOrder order, const Value& value,
                              std::string* out) {
  const size_t width = type.word_bytes();
  if (width != 0) {
    uint64_t word = 0;
    STOA_RETURN_IF_ERROR(ToWord(type, value, &word));
    const uint64_t comparable = ComparableWord(type.kind(), word);
    AppendWord(width, order == ClusteringOrder::kDescending ? ~comparable : comparable, out);
    return absl::OkStatus();
  }
  std::string_view bytes;
  STOA_RETURN_IF_ERROR(ToBytes(type, value, &bytes));
  const size_t bytes_max = type.kind() == TypeKind::kDecimal ? kDecimalKeyBytesMax : kKeyBytesMax;
  if (bytes.size() > bytes_max) {
    return InvalidArgument("given ", bytes.size(), " bytes, expected at most ", bytes_max, " in a key");
  }
  return AppendComparableBytes(type, order, bytes, out);
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
      return DecodeEscaped(order, bytes, out) && IsSerialized(type, std::string_view(*out).substr(start));
    case TypeKind::kVarint:
      return DecodeComparableVarint(&reader, out);
    case TypeKind::kDecimal:
      return DecodeComparableDecimal(&reader, out);
    default:
      return false;
  }
}

}  // namespace stoa
