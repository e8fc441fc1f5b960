// Composite values in serialized form, as the native protocol has them:
//
//     list, set          n:int32 (size:int32 bytes){n}
//     map                n:int32 (size:int32 key  size:int32 value){n}
//     tuple, user type   (size:int32 bytes)*      size -1: null; fewer than the type has: the last are null
//     vector             elements one after another: of types that Cassandra takes for fixed in size as they
//                        are, of others each after its size as an unsigned vint (vint.h)
//
// What is stored is *canonical*: a set ascends in the order of its element type and a map in that of its
// keys, without repeats, and a null has the size -1. Then equal values mostly have equal bytes, which is what
// decides between cells of one timestamp. ("Mostly": numbers of several forms, such as 1.0 and 1.00, are
// kept as given, and so is a tuple that ends early.) Which sizes are fixed is not what one would think:
// tinyint, smallint, date and time are not.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <absl/status/status.h>

#include <stoa/types.h>

namespace stoa {

struct Element {
  bool is_null = false;
  std::string_view bytes;
};

/// Bytes of each element of a vector, where the type of elements is one of fixed size; else 0.
size_t FixedElementBytes(const DataType& element_type);

// Taking a value apart. `*rest` begins as its bytes; each call takes what it returns off the front.

/// How many elements may follow: of a map keys and values both, of a tuple or user type at most so many.
/// False when the bytes cannot hold them.
bool TakeElementCount(const DataType& type, std::string_view* rest, size_t* count);
/// The type of an element.
inline const DataType& ElementType(const DataType& type, size_t index) {
  switch (type.kind()) {
    case TypeKind::kMap:
      return type.parameters()[index % 2];
    case TypeKind::kTuple:
    case TypeKind::kUserType:
      return type.parameters()[index];
    default:
      return type.parameters()[0];
  }
}
/// True while `*rest` has another one of the `count` elements, of which `index` have been taken.
inline bool HasElement(const DataType& type, std::string_view rest, size_t index, size_t count) {
  return index < count && !(type.has_components() && rest.empty());
}
/// False when the bytes hold no element: too few bytes, or a null where there can be none. Its bytes need not
/// be a value of its type.
bool TakeElement(const DataType& type, std::string_view* rest, Element* element);

// Putting one together.

/// Adds an element; `size` as for AppendElement.
void AppendElement(const DataType& type, const Element& element, std::string* out);
/// Begins an element whose bytes will be appended to `*out`; returns where. EndElement completes it.
size_t BeginElement(const DataType& type, std::string* out);
void EndElement(const DataType& type, size_t start, std::string* out);

/// Sets `*canonical` to the canonical form of a serialized value of a composite type: `bytes` themselves if
/// they have it, else a view of `*scratch`. InvalidArgument, naming the place, when they are not a value of
/// the type; when an element of a set or a key of a map is larger than one that orders rows may be.
absl::Status CanonicalComposite(const DataType& type, std::string_view bytes, std::string* scratch,
                                std::string_view* canonical);

}  // namespace stoa
