#include <stoa/composite.h>

#include <utility>

#include <stoa/schema.h>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "types/composite_codec.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

/// Appends one element; `out` has what stands before it.
absl::Status AppendValue(const DataType& type, size_t index, const Value& value, std::string* out) {
  const DataType& element_type = ElementType(type, index);
  if (value.is_null() && type.has_components()) {
    AppendElement(type, {true, {}}, out);
    return absl::OkStatus();
  }
  const size_t start = BeginElement(type, out);
  STOA_RETURN_IF_ERROR(AppendSerialized(element_type, value, out));
  const size_t size = out->size() - start;
  if (size > kCellBytesMax) {
    return InvalidArgument("given ", size, " bytes; a cell holds at most ", kCellBytesMax);
  }
  const size_t fixed = type.kind() == TypeKind::kVector ? FixedElementBytes(element_type) : 0;
  if (fixed != 0 && size != fixed) {
    return InvalidArgument("given the empty value, expected ", element_type.ToString());
  }
  EndElement(type, start, out);
  return absl::OkStatus();
}

absl::Status CheckCount(const DataType& type, size_t given) {
  if (type.kind() == TypeKind::kVector && given != type.dimension()) {
    return InvalidArgument("given ", given, " elements, expected ", type.ToString());
  }
  if (type.has_components() && given > type.parameters().size()) {
    return InvalidArgument("given ", given, " components, expected ", type.ToString(), " with ",
                           type.parameters().size());
  }
  return absl::OkStatus();
}

/// Brings the elements of a set or map into order.
absl::StatusOr<std::string> InOrder(const DataType& type, std::string serialized) {
  if (type.kind() != TypeKind::kSet && type.kind() != TypeKind::kMap) return serialized;
  std::string scratch;
  std::string_view canonical;
  STOA_RETURN_IF_ERROR(CanonicalComposite(type, serialized, &scratch, &canonical));
  return canonical.data() == serialized.data() ? std::move(serialized) : std::move(scratch);
}

absl::Status At(std::string_view place, size_t index, const absl::Status& error) {
  return InvalidArgument(place, index + 1, ": ", FromAbsl(error.message()));
}

}  // namespace

absl::StatusOr<std::string> SerializeComposite(const DataType& type, Values elements) {
  if (!type.is_composite() || type.kind() == TypeKind::kMap || type.parameters().empty()) {
    return InvalidArgument("given elements, expected ", type.ToString());
  }
  STOA_RETURN_IF_ERROR(CheckCount(type, elements.size()));
  std::string out;
  if (type.is_collection()) AppendBig(&out, static_cast<int32_t>(elements.size()));
  for (size_t i = 0; i < elements.size(); ++i) {
    const absl::Status status = AppendValue(type, i, elements[i], &out);
    if (!status.ok()) return At(type.has_components() ? "component " : "element ", i, status);
  }
  return InOrder(type, std::move(out));
}

absl::StatusOr<std::string> SerializeMap(const DataType& type, std::span<const MapEntry> entries) {
  if (type.kind() != TypeKind::kMap || type.parameters().empty())
    return InvalidArgument("given a map, expected ", type.ToString());
  std::string out;
  AppendBig(&out, static_cast<int32_t>(entries.size()));
  for (size_t i = 0; i < entries.size(); ++i) {
    absl::Status status = AppendValue(type, 0, entries[i].key, &out);
    if (!status.ok()) return At("key ", i, status);
    status = AppendValue(type, 1, entries[i].value, &out);
    if (!status.ok()) return At("value ", i, status);
  }
  return InOrder(type, std::move(out));
}

CompositeReader::CompositeReader(DataType type, const Value& value)
    : type_(std::move(type)), rest_(value.bytes()) {
  const bool has_elements = value.kind() == Value::Kind::kComposite || type_.has_components();
  if (!type_.is_composite()) {
    ok_ = false;
  } else if (has_elements) {
    ok_ = TakeElementCount(type_, &rest_, &size_);
    if (!ok_) size_ = 0;
  }
}

bool CompositeReader::Next(Value* element) {
  if (!ok_) return false;
  if (next_ == size_) {
    ok_ = rest_.empty();
    return false;
  }
  const DataType& element_type = ElementType(type_, next_++);
  *element = Value();
  if (type_.has_components() && rest_.empty()) return true;
  Element taken;
  ok_ = TakeElement(type_, &rest_, &taken);
  if (!ok_ || taken.is_null) return ok_;
  absl::StatusOr<Value> value = ParseSerialized(element_type, taken.bytes);
  ok_ = value.ok();
  if (ok_) *element = *value;
  return ok_;
}

}  // namespace stoa
