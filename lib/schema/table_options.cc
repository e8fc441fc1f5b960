#include "schema/table_options.h"

#include <bit>
#include <cstdint>

#include "base/status_macros.h"
#include "base/strings.h"
#include "schema/schema_validation.h"

namespace stoa {
namespace {

constexpr int64_t kTenYearsSeconds = 10LL * 366 * 86400;

template <typename Number>
absl::Status ValidateOption(std::string_view whose, std::string_view option, Number value, Number min,
                            Number max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return InvalidArgument(whose, ": option ", option, " is ", value, ", allowed are ", min, " to ", max);
}

absl::Status ValidateCompaction(std::string_view whose, const CompactionOptions& options) {
  if (absl::Status parsed = ParseScalingParameters(options.scaling_parameters).status(); !parsed.ok()) {
    return InvalidArgument(whose, ": ", FromAbsl(parsed.message()));
  }
  constexpr uint64_t kMebibyte = 1 << 20;
  STOA_RETURN_IF_ERROR(ValidateOption(whose, "target_sstable_bytes", options.target_sstable_bytes, kMebibyte,
                                      kMebibyte << 20));
  STOA_RETURN_IF_ERROR(ValidateOption(whose, "min_sstable_bytes", options.min_sstable_bytes, uint64_t{0},
                                      options.target_sstable_bytes));
  STOA_RETURN_IF_ERROR(ValidateOption<int64_t>(whose, "base_shard_count", options.base_shard_count, 1, 1024));
  STOA_RETURN_IF_ERROR(ValidateOption(whose, "sstable_growth", options.sstable_growth, 0.0, 1.0));
  STOA_RETURN_IF_ERROR(
      ValidateOption<int64_t>(whose, "window_seconds", options.window_seconds, 0, kTenYearsSeconds));
  STOA_RETURN_IF_ERROR(
      ValidateOption<int64_t>(whose, "files_per_read_max", options.files_per_read_max, 2, 1000));
  STOA_RETURN_IF_ERROR(
      ValidateOption(whose, "space_amplification_max", options.space_amplification_max, 1.1, 100.0));
  return ValidateOption(whose, "tombstone_threshold", options.tombstone_threshold, 0.01, 1.0);
}

}  // namespace

absl::Status ValidateOptions(std::string_view whose, const TableOptions& options) {
  STOA_RETURN_IF_ERROR(ValidateOption<int64_t>(
      whose, "default_time_to_live_seconds", options.default_time_to_live_seconds, 0, kTimeToLiveSecondsMax));
  STOA_RETURN_IF_ERROR(
      ValidateOption<int64_t>(whose, "gc_grace_seconds", options.gc_grace_seconds, 0, kGcGraceSecondsMax));
  STOA_RETURN_IF_ERROR(ValidateOption<int64_t>(whose, "delete_persistence_seconds",
                                               options.delete_persistence_seconds, 0, kTenYearsSeconds));
  if (options.delete_persistence_seconds != 0 &&
      options.delete_persistence_seconds <= options.gc_grace_seconds) {
    return InvalidArgument(
        whose, ": option delete_persistence_seconds is ", options.delete_persistence_seconds,
        ", allowed are 0 and what is more than gc_grace_seconds, which is ", options.gc_grace_seconds);
  }
  STOA_RETURN_IF_ERROR(ValidateOption<int64_t>(whose, "compression_level", options.compression_level, 0, 19));
  return ValidateCompaction(whose, options.compaction);
}

void EncodeOptions(const TableOptions& options, std::string* out) {
  const auto append_double = [out](double value) { AppendLittle(out, std::bit_cast<uint64_t>(value)); };
  AppendVarint(out, static_cast<uint64_t>(options.default_time_to_live_seconds));
  AppendVarint(out, static_cast<uint64_t>(options.gc_grace_seconds));
  AppendVarint(out, static_cast<uint64_t>(options.delete_persistence_seconds));
  AppendVarint(out, static_cast<uint64_t>(options.compression_level));
  const CompactionOptions& compaction = options.compaction;
  AppendLengthPrefixed(out, compaction.scaling_parameters);
  AppendVarint(out, compaction.target_sstable_bytes);
  AppendVarint(out, compaction.min_sstable_bytes);
  AppendVarint(out, compaction.base_shard_count);
  append_double(compaction.sstable_growth);
  AppendVarint(out, static_cast<uint64_t>(compaction.window_seconds));
  AppendVarint(out, compaction.files_per_read_max);
  append_double(compaction.space_amplification_max);
  append_double(compaction.tombstone_threshold);
}

bool DecodeOptions(Decoder* decoder, TableOptions* options) {
  uint32_t time_to_live = 0, level = 0;
  uint64_t gc_grace = 0, persistence = 0, window = 0;
  uint64_t growth = 0, amplification = 0, tombstones = 0;
  std::string_view scaling;
  CompactionOptions& compaction = options->compaction;
  if (!decoder->Varint(&time_to_live) || !decoder->Varint(&gc_grace) || !decoder->Varint(&persistence) ||
      !decoder->Varint(&level) || !decoder->LengthPrefixed(&scaling) ||
      !decoder->Varint(&compaction.target_sstable_bytes) || !decoder->Varint(&compaction.min_sstable_bytes) ||
      !decoder->Varint(&compaction.base_shard_count) || !decoder->Little(&growth) ||
      !decoder->Varint(&window) || !decoder->Varint(&compaction.files_per_read_max) ||
      !decoder->Little(&amplification) || !decoder->Little(&tombstones)) {
    return false;
  }
  options->default_time_to_live_seconds = static_cast<int32_t>(time_to_live);
  options->gc_grace_seconds = static_cast<int64_t>(gc_grace);
  options->delete_persistence_seconds = static_cast<int64_t>(persistence);
  options->compression_level = static_cast<int32_t>(level);
  compaction.scaling_parameters = std::string(scaling);
  compaction.sstable_growth = std::bit_cast<double>(growth);
  compaction.window_seconds = static_cast<int64_t>(window);
  compaction.space_amplification_max = std::bit_cast<double>(amplification);
  compaction.tombstone_threshold = std::bit_cast<double>(tombstones);
  return true;
}

}  // namespace stoa
