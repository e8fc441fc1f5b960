#include "types/comparable_composite.h"

#include <cstdint>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "types/byte_comparable.h"
#include "types/composite_codec.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

/// Reads the elements of one composite value back.
class ElementsDecoder {
 public:
  ElementsDecoder(const DataType& type, ClusteringOrder order, std::string_view* bytes, std::string* out)
      : type_(type), order_(order), bytes_(bytes), out_(out) {}

  bool Decode() {
    const size_t start = out_->size();
    if (type_.is_collection()) out_->append(sizeof(int32_t), '\0');
    char marker = 0;
    while (true) {
      const std::string_view before = *bytes_;
      if (!TakeMarker(&marker)) return false;
      if (marker == kElementsEnd) break;
      if (!DecodeElement(marker) || !IsInOrder(before)) return false;
      ++index_;
    }
    return End(start);
  }

 private:
  bool TakeMarker(char* marker) {
    if (bytes_->empty()) return false;
    *marker = order_ == ClusteringOrder::kDescending ? static_cast<char>(~bytes_->front()) : bytes_->front();
    bytes_->remove_prefix(1);
    return true;
  }

  bool DecodeElement(char marker) {
    const bool is_vector = type_.kind() == TypeKind::kVector;
    if (type_.has_components() && index_ == type_.parameters().size()) return false;
    if (is_vector && index_ == type_.dimension()) return false;
    const DataType& element_type = ElementType(type_, index_);
    ends_with_null_ = marker == kNullMarker;
    switch (marker) {
      case kNullMarker:
        AppendElement(type_, {true, {}}, out_);
        return type_.has_components();
      case kEmptyMarker:
        if (is_vector && FixedElementBytes(element_type) != 0) return false;
        AppendElement(type_, {false, {}}, out_);
        return HasEmptyValue(element_type);
      case kComponentMarker: {
        const size_t start = BeginElement(type_, out_);
        if (!internal::DecodeComparableSerialized(element_type, order_, bytes_, out_)) return false;
        EndElement(type_, start, out_);
        return true;
      }
      default:
        return false;
    }
  }

  /// Elements of a set and keys of a map ascend. `from` begins with the element just read. An encoding is
  /// ordered only together with what follows it, so not the encodings alone are compared.
  bool IsInOrder(std::string_view from) {
    const bool is_map = type_.kind() == TypeKind::kMap;
    if ((type_.kind() != TypeKind::kSet && !is_map) || (is_map && index_ % 2 == 1)) return true;
    const size_t size = from.size() - bytes_->size();
    const std::string_view last = last_from_;
    const std::string_view last_key = last.substr(0, last_size_);
    last_from_ = from;
    last_size_ = size;
    if (index_ == 0) return true;
    const int order = last.compare(from);
    return last_key != from.substr(0, size) &&
           (order_ == ClusteringOrder::kDescending ? order > 0 : order < 0);
  }

  bool End(size_t start) {
    if (type_.is_collection()) {
      const size_t group = type_.kind() == TypeKind::kMap ? 2 : 1;
      StoreBig(out_->data() + start, static_cast<int32_t>(index_ / group));
      return index_ % group == 0;
    }
    if (type_.kind() == TypeKind::kVector) return index_ == type_.dimension();
    if (ends_with_null_) return false;
    for (; index_ < type_.parameters().size(); ++index_) AppendElement(type_, {true, {}}, out_);
    return true;
  }

  const DataType& type_;
  const ClusteringOrder order_;
  std::string_view* const bytes_;
  std::string* const out_;
  size_t index_ = 0;
  bool ends_with_null_ = false;
  std::string_view last_from_;  // begins with the last key
  size_t last_size_ = 0;        // of that key
};

}  // namespace

absl::Status AppendComparableElement(const DataType& type, const Element& element, std::string* out) {
  if (element.is_null) {
    out->push_back(kNullMarker);
    return absl::OkStatus();
  }
  if (element.bytes.empty() && HasEmptyValue(type)) {
    out->push_back(kEmptyMarker);
    return absl::OkStatus();
  }
  out->push_back(kComponentMarker);
  return internal::AppendComparableSerialized(type, ClusteringOrder::kAscending, element.bytes, out);
}

absl::Status AppendComparableComposite(const DataType& type, std::string_view bytes, std::string* out) {
  size_t count = 0;
  if (!TakeElementCount(type, &bytes, &count)) return InvalidArgument("no elements of ", type.ToString());
  size_t end = out->size();  // without nulls at the end
  for (size_t i = 0; HasElement(type, bytes, i, count); ++i) {
    Element element;
    if (!TakeElement(type, &bytes, &element)) return InvalidArgument("no element of ", type.ToString());
    STOA_RETURN_IF_ERROR(AppendComparableElement(ElementType(type, i), element, out));
    if (!element.is_null) end = out->size();
  }
  out->resize(end);
  out->push_back(kElementsEnd);
  return absl::OkStatus();
}

bool DecodeComparableComposite(const DataType& type, ClusteringOrder order, std::string_view* bytes,
                               std::string* out) {
  return ElementsDecoder(type, order, bytes, out).Decode();
}

}  // namespace stoa
