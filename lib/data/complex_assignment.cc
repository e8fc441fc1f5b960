#include "data/complex_assignment.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "data/element_path.h"
#include "types/composite_codec.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

absl::Status NotFor(const DataType& type, std::string_view what) {
  return InvalidArgument("of type ", type.ToString(), " ", what);
}

}  // namespace

absl::Status CheckElement(std::string_view value) {
  if (value.size() <= kCellBytesMax) return absl::OkStatus();
  return InvalidArgument("given an element of ", value.size(), " bytes; a cell holds at most ",
                         kCellBytesMax);
}

absl::Status CountElements(const ComplexCellBuilder& cell, size_t* element_bytes) {
  *element_bytes += cell.ResolvedBytesMax();
  if (*element_bytes <= kBatchElementBytesMax) return absl::OkStatus();
  return InvalidArgument("given elements, with which those of the batch take ", *element_bytes,
                         " bytes; a batch holds at most ", kBatchElementBytesMax);
}

absl::Status ComplexAssignments::Encode(const DataType& type, std::span<const Assignment> assignments,
                                        uint32_t* list_operations, size_t* element_bytes,
                                        std::string* content) {
  content->clear();
  builder_.Clear();
  list_operations_ = list_operations;
  for (const Assignment& assignment : assignments) {
    if (assignment.value.is_unset()) continue;
    if (assignment.kind == AssignmentKind::kSet && assignments.size() > 1) {
      return InvalidArgument("is assigned twice");
    }
    STOA_RETURN_IF_ERROR(type.kind() == TypeKind::kCounter ? Count(assignment) : Apply(type, assignment));
  }
  if (builder_.empty()) return absl::OkStatus();
  STOA_RETURN_IF_ERROR(CountElements(builder_, element_bytes));
  builder_.Finish(content);
  return absl::OkStatus();
}

void ComplexAssignments::EncodeDeletion(std::string* content) {
  content->clear();
  builder_.Clear();
  builder_.DeleteAt();
  builder_.Finish(content);
}

absl::Status ComplexAssignments::Count(const Assignment& assignment) {
  const bool adds = assignment.kind == AssignmentKind::kAdd;
  if (!adds && assignment.kind != AssignmentKind::kRemove) {
    return InvalidArgument("is a counter, which is only added to and subtracted from");
  }
  if (assignment.value.kind() != Value::Kind::kInteger) {
    return InvalidArgument("given ", assignment.value.ToString(), ", expected an integer to ",
                           adds ? "add to" : "subtract from", " a counter");
  }
  // Sums wrap around, so the least integer is its own negative.
  const auto amount = static_cast<uint64_t>(assignment.value.integer());
  builder_.Increment(static_cast<int64_t>(adds ? amount : 0 - amount));
  return absl::OkStatus();
}

/// A null is no elements: overwriting with it leaves nothing, adding and removing it changes nothing.
absl::Status ComplexAssignments::Apply(const DataType& type, const Assignment& assignment) {
  const AssignmentKind kind = assignment.kind;
  if (kind == AssignmentKind::kPut) return PutOne(type, assignment);
  if (kind == AssignmentKind::kPrepend && type.kind() != TypeKind::kList) {
    return NotFor(type, "cannot be put in front of, only a list can");
  }
  if (type.kind() == TypeKind::kUserType && kind != AssignmentKind::kSet) {
    return NotFor(type, "cannot be added to or removed from: its fields are put");
  }
  if (kind == AssignmentKind::kRemove) return RemoveAll(type, assignment.value);
  if (kind == AssignmentKind::kSet) builder_.DeleteBefore();
  if (assignment.value.is_null()) return absl::OkStatus();
  std::string_view bytes;
  STOA_RETURN_IF_ERROR(ToBytes(type, assignment.value, &scratch_, &bytes));
  return type.kind() == TypeKind::kUserType ? PutFields(type, bytes) : PutAll(type, kind, bytes);
}

/// Every element of a canonical list, set or map.
absl::Status ComplexAssignments::PutAll(const DataType& type, AssignmentKind kind, std::string_view bytes) {
  size_t count = 0;
  if (!TakeElementCount(type, &bytes, &count)) return InvalidArgument("given no value of ", type.ToString());
  const uint32_t operation = type.kind() == TypeKind::kList && count > 0 ? (*list_operations_)++ : 0;
  for (size_t i = 0; HasElement(type, bytes, i, count); ++i) {
    Element element;
    if (!TakeElement(type, &bytes, &element)) {
      return InvalidArgument("given no value of ", type.ToString());
    }
    if (type.kind() == TypeKind::kList) {
      STOA_RETURN_IF_ERROR(CheckElement(element.bytes));
      const auto index = static_cast<uint32_t>(i);
      if (kind == AssignmentKind::kPrepend) {
        builder_.Prepend(operation, index, element.bytes);
      } else {
        builder_.Append(operation, index, element.bytes);
      }
      continue;
    }
    path_.clear();
    STOA_RETURN_IF_ERROR(AppendKeyPath(type, element.bytes, &path_));
    Element value;
    if (type.kind() == TypeKind::kMap && (++i, !TakeElement(type, &bytes, &value))) {
      return InvalidArgument("given no value of ", type.ToString());
    }
    STOA_RETURN_IF_ERROR(CheckElement(value.bytes));
    builder_.Put(path_, value.bytes);
  }
  return absl::OkStatus();
}

absl::Status ComplexAssignments::PutFields(const DataType& type, std::string_view bytes) {
  size_t count = 0;
  if (!TakeElementCount(type, &bytes, &count)) return InvalidArgument("given no value of ", type.ToString());
  for (size_t i = 0; HasElement(type, bytes, i, count); ++i) {
    Element field;
    if (!TakeElement(type, &bytes, &field)) return InvalidArgument("given no value of ", type.ToString());
    if (field.is_null) continue;
    STOA_RETURN_IF_ERROR(CheckElement(field.bytes));
    path_.clear();
    AppendFieldPath(i, &path_);
    builder_.Put(path_, field.bytes);
  }
  return absl::OkStatus();
}

/// `keys`: a set of the elements, or of the keys of a map.
absl::Status ComplexAssignments::RemoveAll(const DataType& type, const Value& keys) {
  if (keys.is_null()) return absl::OkStatus();
  const DataType set = DataType::Set(type.parameters()[0]);
  std::string_view bytes;
  STOA_RETURN_IF_ERROR(ToBytes(set, keys, &scratch_, &bytes));
  size_t count = 0;
  if (!TakeElementCount(set, &bytes, &count)) return InvalidArgument("given no value of ", set.ToString());
  for (size_t i = 0; HasElement(set, bytes, i, count); ++i) {
    Element element;
    if (!TakeElement(set, &bytes, &element)) return InvalidArgument("given no value of ", set.ToString());
    path_.clear();
    STOA_RETURN_IF_ERROR(AppendKeyPath(type, element.bytes, &path_));
    builder_.Remove(path_);
  }
  return absl::OkStatus();
}

absl::Status ComplexAssignments::PutOne(const DataType& type, const Assignment& assignment) {
  path_.clear();
  size_t place = 1;  // of the value's type in the parameters
  switch (type.kind()) {
    case TypeKind::kMap:
      STOA_RETURN_IF_ERROR(AppendKeyPath(type, assignment.key, &path_));
      break;
    case TypeKind::kUserType: {
      const auto& names = type.field_names();
      const auto field = assignment.key.kind() == Value::Kind::kText
                             ? std::find(names.begin(), names.end(), assignment.key.text())
                             : names.end();
      if (field == names.end()) return NotFor(type, StrCat("has no field ", assignment.key.ToString()));
      place = static_cast<size_t>(field - names.begin());
      AppendFieldPath(place, &path_);
      break;
    }
    default:
      return NotFor(type, "has no elements that can be put");
  }
  if (assignment.value.is_null()) {
    builder_.Remove(path_);
    return absl::OkStatus();
  }
  value_.clear();
  STOA_RETURN_IF_ERROR(AppendSerialized(type.parameters()[place], assignment.value, &value_));
  STOA_RETURN_IF_ERROR(CheckElement(value_));
  builder_.Put(path_, value_);
  return absl::OkStatus();
}

}  // namespace stoa
