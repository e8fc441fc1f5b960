// Validation of the options of a table, and their bytes in its catalog record.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/status.h>

#include <stoa/schema.h>

#include "base/coding.h"

namespace stoa {

/// InvalidArgument naming the option, its value and the allowed range; `whose` names the table.
absl::Status ValidateOptions(std::string_view whose, const TableOptions& options);

///     options    := default_time_to_live_seconds:varint gc_grace_seconds:varint
///     delete_persistence_seconds:varint
///                   compression_level:varint compaction
///     compaction := scaling_parameters (length:varint bytes)  target_sstable_bytes:varint
///                   min_sstable_bytes:varint base_shard_count:varint sstable_growth:double
///                   window_seconds:varint files_per_read_max:varint space_amplification_max:double
///                   tombstone_threshold:double
///
/// A double is the 8 bytes of an IEEE number, little-endian.
void EncodeOptions(const TableOptions& options, std::string* out);
/// False when the bytes end too early. Numbers too large for an option become ones that validation refuses.
bool DecodeOptions(Decoder* decoder, TableOptions* options);

}  // namespace stoa
