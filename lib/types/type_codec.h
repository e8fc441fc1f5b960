// Types as bytes: the number of the kind, and after it, for types built from others, those:
//
//     type := kind:u8                                             a scalar
//           | list or set:u8 frozen:u8 type
//           | map:u8 frozen:u8 key:type value:type
//           | tuple:u8 count:varint type*
//           | user type:u8 frozen:u8 name count:varint (name type)*
//           | vector:u8 dimension:varint type
//     name := length:varint bytes
#pragma once

#include <string>

#include <stoa/types.h>

#include "base/coding.h"

namespace stoa {

void AppendType(const DataType& type, std::string* out);

/// Returns false when the bytes are not a type that this version knows, or one beyond kTypeDepthMax,
/// kTypePartsMax or kTupleComponentsMax. Whether a column may have it is for ValidateType (type_rules.h).
bool DecodeType(Decoder* decoder, DataType* type);

}  // namespace stoa
