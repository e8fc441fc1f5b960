// The native protocol's integers of varying length: as many leading one bits as bytes follow, then the
// number, big-endian.
#pragma once

#include <cstdint>
#include <string>

#include "base/coding.h"

namespace stoa {

void AppendUnsignedVint(uint64_t value, std::string* out);
/// Returns false when the bytes are not one, or are longer than necessary.
bool ReadUnsignedVint(Decoder* decoder, uint64_t* value);

/// Signed numbers are zigzag-encoded; read in any length.
void AppendVint(int64_t value, std::string* out);
bool ReadVint(Decoder* decoder, int64_t* value);

}  // namespace stoa
