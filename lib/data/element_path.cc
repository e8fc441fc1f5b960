#include "data/element_path.h"

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "types/byte_comparable.h"
#include "types/comparable_composite.h"
#include "types/value_codec.h"

namespace stoa {

absl::Status AppendKeyPath(const DataType& type, std::string_view key, std::string* path) {
  if (key.size() > kKeyBytesMax) {
    return InvalidArgument("given an element or key of ", key.size(), " bytes, allowed are at most ",
                           kKeyBytesMax);
  }
  return AppendComparableElement(type.parameters()[0], Element{false, key}, path);
}

absl::Status AppendKeyPath(const DataType& type, const Value& key, std::string* path) {
  const DataType& key_type = type.parameters()[0];
  if (key.is_null() || key.is_unset()) {
    return InvalidArgument("given null as a key, expected ", key_type.ToString());
  }
  std::string serialized;
  STOA_RETURN_IF_ERROR(AppendSerialized(key_type, key, &serialized));
  return AppendKeyPath(type, std::string_view(serialized), path);
}

void AppendFieldPath(size_t field, std::string* path) {
  AppendBig<uint16_t>(path, static_cast<uint16_t>(field));
}

bool DecodeKeyPath(const DataType& type, std::string_view path, std::string* key) {
  const DataType& key_type = type.parameters()[0];
  if (path.empty()) return false;
  const char marker = path.front();
  path.remove_prefix(1);
  if (marker == kEmptyMarker) return path.empty() && HasEmptyValue(key_type);
  return marker == kComponentMarker &&
         internal::DecodeComparableSerialized(key_type, ClusteringOrder::kAscending, &path, key) &&
         path.empty();
}

bool DecodeFieldPath(const DataType& type, std::string_view path, size_t* field) {
  if (path.size() != sizeof(uint16_t)) return false;
  *field = LoadBig<uint16_t>(path.data());
  return *field < type.parameters().size();
}

}  // namespace stoa
