#include "types/composite_codec.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "types/byte_comparable.h"
#include "types/value_codec.h"
#include "types/vint.h"

namespace stoa {
namespace {

constexpr size_t kSizeBytes = sizeof(int32_t);

bool IsVector(const DataType& type) { return type.kind() == TypeKind::kVector; }

/// Element i, or its part of it, of the type's elements that are sorted: key and value of a map.
size_t GroupSize(const DataType& type) { return type.kind() == TypeKind::kMap ? 2 : 1; }
bool IsSorted(const DataType& type) { return type.kind() == TypeKind::kSet || type.kind() == TypeKind::kMap; }

/// An error about an element as one about the whole.
absl::Status AtElement(const DataType& type, size_t index, const absl::Status& error) {
  const size_t ordinal = index / GroupSize(type) + 1;
  const std::string_view what = type.has_components()           ? "component "
                                : type.kind() != TypeKind::kMap ? "element "
                                : index % 2 == 0                ? "key "
                                                                : "value ";
  return InvalidArgument(what, ordinal, ": ", FromAbsl(error.message()));
}

/// Rewrites a value whose elements are valid, but not all canonical or in order.
class Rewriter {
 public:
  Rewriter(const DataType& type, std::string_view bytes) : type_(type), bytes_(bytes) {}

  absl::Status Rewrite(std::string* out) {
    STOA_RETURN_IF_ERROR(ReadElements());
    if (IsSorted(type_)) STOA_RETURN_IF_ERROR(SortGroups());
    const size_t group_size = GroupSize(type_);
    out->clear();
    if (type_.is_collection()) AppendBig(out, static_cast<int32_t>(order_.size()));
    for (size_t group : order_) {
      for (size_t i = 0; i < group_size; ++i) AppendElement(type_, View(group * group_size + i), out);
    }
    return absl::OkStatus();
  }

 private:
  struct Owned {
    Element element;      // views the value's bytes or, if they are not canonical,
    std::string scratch;  // this
    bool rewritten = false;
  };

  Element View(size_t index) const {
    const Owned& owned = elements_[index];
    return owned.rewritten ? Element{false, owned.scratch} : owned.element;
  }

  absl::Status ReadElements() {
    std::string_view rest = bytes_;
    size_t count = 0;
    bool ok = TakeElementCount(type_, &rest, &count);
    while (ok && HasElement(type_, rest, elements_.size(), count)) {
      const DataType& element_type = ElementType(type_, elements_.size());
      Owned& owned = elements_.emplace_back();
      ok = TakeElement(type_, &rest, &owned.element);
      if (!ok || owned.element.is_null || !element_type.is_composite()) continue;
      std::string_view canonical;
      STOA_RETURN_IF_ERROR(CanonicalComposite(element_type, owned.element.bytes, &owned.scratch, &canonical));
      owned.rewritten = canonical.data() == owned.scratch.data();
    }
    STOA_DCHECK(ok);
    order_.resize(elements_.size() / GroupSize(type_));
    for (size_t i = 0; i < order_.size(); ++i) order_[i] = i;
    return absl::OkStatus();
  }

  /// Of equal keys the first stays, as in Cassandra, with the value of the last.
  absl::Status SortGroups() {
    const size_t group_size = GroupSize(type_);
    std::vector<std::string> keys(order_.size());
    for (size_t group = 0; group < keys.size(); ++group) {
      STOA_RETURN_IF_ERROR(
          AppendComparableElement(ElementType(type_, 0), View(group * group_size), &keys[group]));
    }
    std::stable_sort(order_.begin(), order_.end(), [&](size_t a, size_t b) { return keys[a] < keys[b]; });
    std::vector<size_t> unique;
    for (size_t group : order_) {
      if (unique.empty() || keys[unique.back()] != keys[group]) {
        unique.push_back(group);
      } else if (group_size == 2) {
        std::swap(elements_[2 * unique.back() + 1], elements_[2 * group + 1]);
      }
    }
    order_ = std::move(unique);
    return absl::OkStatus();
  }

  const DataType& type_;
  const std::string_view bytes_;
  std::vector<Owned> elements_;
  std::vector<size_t> order_;  // of groups
};

/// One pass over a value: is it valid, is it canonical?
class Checker {
 public:
  explicit Checker(const DataType& type) : type_(type) {}

  absl::Status Check(std::string_view bytes, bool* canonical) {
    std::string_view rest = bytes;
    size_t count = 0;
    if (!TakeElementCount(type_, &rest, &count)) return Malformed(bytes);
    size_t index = 0;
    for (; HasElement(type_, rest, index, count); ++index) {
      const std::string_view before = rest;
      Element element;
      if (!TakeElement(type_, &rest, &element)) return AtElement(type_, index, Malformed(before));
      if (element.is_null) {
        if (LoadBig<int32_t>(before.data()) != -1) *canonical = false;
        continue;
      }
      if (absl::Status status = CheckElement(index, element, canonical); !status.ok()) {
        return AtElement(type_, index, status);
      }
    }
    if (!rest.empty()) return InvalidArgument(rest.size(), " bytes follow the last element");
    return absl::OkStatus();
  }

 private:
  static absl::Status Malformed(std::string_view bytes) {
    return InvalidArgument("no elements in 0x", HexDump(bytes, 16));
  }

  absl::Status CheckElement(size_t index, const Element& element, bool* canonical) {
    const DataType& element_type = ElementType(type_, index);
    if (element_type.is_composite() && !(element.bytes.empty() && HasEmptyValue(element_type))) {
      STOA_RETURN_IF_ERROR(Checker(element_type).Check(element.bytes, canonical));
    } else if (!IsSerialized(element_type, element.bytes)) {
      return InvalidArgument(element.bytes.size(), " bytes are no ", element_type.ToString(), ": 0x",
                             HexDump(element.bytes, 16));
    }
    if (!IsSorted(type_) || index % GroupSize(type_) != 0) return absl::OkStatus();
    // What is not canonical inside is compared when it is.
    return *canonical ? CheckOrder(element_type, element, canonical) : absl::OkStatus();
  }

  absl::Status CheckOrder(const DataType& element_type, const Element& element, bool* canonical) {
    key_.clear();
    STOA_RETURN_IF_ERROR(AppendComparableElement(element_type, element, &key_));
    if (key_ <= last_key_) *canonical = false;
    std::swap(key_, last_key_);
    return absl::OkStatus();
  }

  const DataType& type_;
  std::string key_;
  std::string last_key_;  // less than any key when empty
};

}  // namespace

size_t FixedElementBytes(const DataType& element_type) {
  switch (element_type.kind()) {
    case TypeKind::kBoolean:
      return 1;
    case TypeKind::kInt:
    case TypeKind::kFloat:
      return 4;
    case TypeKind::kBigint:
    case TypeKind::kDouble:
    case TypeKind::kTimestamp:
      return 8;
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid:
      return 16;
    case TypeKind::kVector:
      if (element_type.parameters().empty()) return 0;
      return FixedElementBytes(element_type.parameters()[0]) * element_type.dimension();
    default:
      return 0;
  }
}

bool TakeElementCount(const DataType& type, std::string_view* rest, size_t* count) {
  // A kind alone, DataType(TypeKind::kList), has no elements, whatever the bytes.
  if (!type.has_components() && type.parameters().size() != GroupSize(type)) return false;
  if (IsVector(type)) {
    *count = type.dimension();
    return true;
  }
  if (type.has_components()) {
    *count = type.parameters().size();
    return true;
  }
  if (rest->size() < kSizeBytes) return false;
  const auto number = LoadBig<int32_t>(rest->data());
  rest->remove_prefix(kSizeBytes);
  if (number < 0) return false;
  *count = static_cast<size_t>(number) * GroupSize(type);
  return *count <= rest->size() / kSizeBytes;
}

bool TakeElement(const DataType& type, std::string_view* rest, Element* element) {
  Decoder decoder(*rest);
  element->is_null = false;
  uint64_t size = IsVector(type) ? FixedElementBytes(type.parameters()[0]) : 0;
  if (IsVector(type)) {
    if (size == 0 && !ReadUnsignedVint(&decoder, &size)) return false;
  } else {
    int32_t given = 0;
    if (!decoder.Big(&given)) return false;
    element->is_null = given < 0;
    if (element->is_null && !type.has_components()) return false;
    size = element->is_null ? 0 : static_cast<uint64_t>(given);
  }
  if (!decoder.Bytes(size, &element->bytes)) return false;
  *rest = decoder.rest();
  return true;
}

void AppendElement(const DataType& type, const Element& element, std::string* out) {
  if (!IsVector(type)) {
    AppendBig(out, element.is_null ? int32_t{-1} : static_cast<int32_t>(element.bytes.size()));
  } else if (FixedElementBytes(type.parameters()[0]) == 0) {
    AppendUnsignedVint(element.bytes.size(), out);
  }
  out->append(element.bytes);
}

size_t BeginElement(const DataType& type, std::string* out) {
  if (!IsVector(type)) out->append(kSizeBytes, '\0');
  return out->size();
}

void EndElement(const DataType& type, size_t start, std::string* out) {
  const size_t size = out->size() - start;
  if (!IsVector(type)) {
    StoreBig(out->data() + start - kSizeBytes, static_cast<int32_t>(size));
  } else if (FixedElementBytes(type.parameters()[0]) == 0) {
    std::string vint;
    AppendUnsignedVint(size, &vint);
    out->insert(start, vint);
  }
}

absl::Status CanonicalComposite(const DataType& type, std::string_view bytes, std::string* scratch,
                                std::string_view* canonical) {
  *canonical = bytes;
  if (bytes.empty() && HasEmptyValue(type)) return absl::OkStatus();
  bool is_canonical = true;
  STOA_RETURN_IF_ERROR(Checker(type).Check(bytes, &is_canonical));
  if (is_canonical) return absl::OkStatus();
  STOA_RETURN_IF_ERROR(Rewriter(type, bytes).Rewrite(scratch));
  *canonical = *scratch;
  return absl::OkStatus();
}

}  // namespace stoa
