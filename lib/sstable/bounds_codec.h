// Bounds of sources as bytes: a part of the statistics in a file and of its metadata.
//
//     position := token:u64 key:bytes clustering:bytes                  bytes := length:varint, that many
//     bytes times    := min_timestamp:i64 max_timestamp:i64 min_local_time:i64 max_local_time:i64 flags:u8
//     bounds   := first:position last:position times
//     flags    := 1 tombstones | 2 expiring
#pragma once

#include <string>

#include "base/coding.h"
#include "data/source_bounds.h"

namespace stoa {

void AppendPosition(std::string* out, const Position& position);
void AppendBounds(std::string* out, const SourceBounds& bounds);
/// False on malformed bytes.
bool ReadPosition(Decoder* decoder, Position* position);
bool ReadBounds(Decoder* decoder, SourceBounds* bounds);

}  // namespace stoa
