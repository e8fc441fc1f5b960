// Types as bytes: the number of the kind, and after it, for types built from others, those.
#pragma once

#include <string>

#include <stoa/types.h>

#include "base/coding.h"

namespace stoa {

void AppendType(const DataType& type, std::string* out);

/// Returns false when the bytes are not a type that this version knows.
bool DecodeType(Decoder* decoder, DataType* type);

}  // namespace stoa
