#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <stoa/compaction_options.h>

#include "base/status_macros.h"
#include "base/strings.h"

namespace stoa {
namespace {

constexpr int32_t kFanoutMax = 256;

std::optional<int32_t> ParseScalingParameter(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (text == "N" || text == "n") return 0;
  int32_t number = 0;
  const bool tiered = absl::StartsWithIgnoreCase(text, "T");
  if (tiered || absl::StartsWithIgnoreCase(text, "L")) {
    if (!absl::SimpleAtoi(text.substr(1), &number) || number < 2 || number > kFanoutMax) return std::nullopt;
    return tiered ? number - 2 : 2 - number;
  }
  if (!absl::SimpleAtoi(text, &number) || number < 2 - kFanoutMax || number > kFanoutMax - 2)
    return std::nullopt;
  return number;
}

absl::Status Unfit(std::string_view option, std::string_view value, std::string_view allowed) {
  return InvalidArgument("compaction option ", option, " is '", value, "', allowed is ", allowed);
}

/// The options of a CQL map, taken one by one.
class CqlMap {
 public:
  explicit CqlMap(const std::map<std::string, std::string>& options) : options_(options) {}

  const std::string* Find(const std::string& name) const {
    auto it = options_.find(name);
    return it == options_.end() ? nullptr : &it->second;
  }

  template <typename Number>
  absl::Status Take(const std::string& name, Number* number) const {
    const std::string* text = Find(name);
    if (text == nullptr) return absl::OkStatus();
    bool parsed = false;
    if constexpr (std::is_floating_point_v<Number>) {
      parsed = absl::SimpleAtod(*text, number) && std::isfinite(*number);
    } else {
      parsed = absl::SimpleAtoi(*text, number);
    }
    return parsed ? absl::OkStatus() : Unfit(name, *text, "a number");
  }

  /// A size such as "1GiB" or "100 MiB"; of a bare number the unit is a byte.
  absl::Status TakeSize(const std::string& name, uint64_t* bytes) const {
    const std::string* text = Find(name);
    if (text == nullptr) return absl::OkStatus();
    absl::string_view rest = absl::StripAsciiWhitespace(*text);
    double unit = 1;
    constexpr std::array<const char*, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
    for (size_t i = 0; i < kUnits.size(); ++i) {
      if (absl::EndsWithIgnoreCase(rest, kUnits[i])) {
        unit = std::ldexp(1.0, 10 * static_cast<int>(i + 1));
        rest.remove_suffix(3);
        break;
      }
    }
    if (unit == 1) absl::ConsumeSuffix(&rest, "B");
    double number = 0;
    if (!absl::SimpleAtod(rest, &number) || !(number >= 0 && number * unit < 0x1p63)) {
      return Unfit(name, *text, "a size such as 1GiB");
    }
    *bytes = static_cast<uint64_t>(number * unit);
    return absl::OkStatus();
  }

  absl::Status CheckNames(std::initializer_list<std::string_view> known) const {
    constexpr std::array<std::string_view, 9> kCommon = {"class",
                                                         "enabled",
                                                         "log_all",
                                                         "min_threshold",
                                                         "max_threshold",
                                                         "only_purge_repaired_tombstones",
                                                         "tombstone_compaction_interval",
                                                         "tombstone_threshold",
                                                         "unchecked_tombstone_compaction"};
    for (const auto& [name, value] : options_) {
      const bool found = std::find(kCommon.begin(), kCommon.end(), name) != kCommon.end() ||
                         std::find(known.begin(), known.end(), name) != known.end();
      if (!found) return InvalidArgument("there is no compaction option ", name, " of ", *Find("class"));
    }
    return absl::OkStatus();
  }

 private:
  const std::map<std::string, std::string>& options_;
};

absl::Status FromUnified(const CqlMap& map, CompactionOptions* options) {
  STOA_RETURN_IF_ERROR(
      map.CheckNames({"scaling_parameters", "target_sstable_size", "min_sstable_size", "base_shard_count",
                      "sstable_growth", "flush_size_override", "max_sstables_to_compact",
                      "overlap_inclusion_method", "parallelize_output_shards",
                      "expired_sstable_check_frequency_seconds", "unsafe_aggressive_sstable_expiration",
                      // Of Stoa alone.
                      "window_seconds", "files_per_read_max", "space_amplification_max"}));
  if (const std::string* scaling = map.Find("scaling_parameters")) options->scaling_parameters = *scaling;
  STOA_RETURN_IF_ERROR(map.TakeSize("target_sstable_size", &options->target_sstable_bytes));
  STOA_RETURN_IF_ERROR(map.TakeSize("min_sstable_size", &options->min_sstable_bytes));
  STOA_RETURN_IF_ERROR(map.Take("base_shard_count", &options->base_shard_count));
  STOA_RETURN_IF_ERROR(map.Take("sstable_growth", &options->sstable_growth));
  STOA_RETURN_IF_ERROR(map.Take("window_seconds", &options->window_seconds));
  STOA_RETURN_IF_ERROR(map.Take("files_per_read_max", &options->files_per_read_max));
  return map.Take("space_amplification_max", &options->space_amplification_max);
}

absl::Status FromTiered(const CqlMap& map, CompactionOptions* options) {
  int32_t threshold = 4;
  STOA_RETURN_IF_ERROR(map.Take("min_threshold", &threshold));
  options->scaling_parameters = StrCat("T", threshold);
  return absl::OkStatus();
}

absl::Status FromLeveled(const CqlMap& map, CompactionOptions* options) {
  STOA_RETURN_IF_ERROR(map.CheckNames({"sstable_size_in_mb", "fanout_size", "single_sstable_uplevel"}));
  int32_t fanout = 10;
  uint64_t mebibytes = 160;
  STOA_RETURN_IF_ERROR(map.Take("fanout_size", &fanout));
  STOA_RETURN_IF_ERROR(map.Take("sstable_size_in_mb", &mebibytes));
  options->scaling_parameters = StrCat("L", fanout);
  options->target_sstable_bytes = std::min(mebibytes, uint64_t{1} << 20) << 20;
  options->sstable_growth = 0;  // files of one size, on every level
  return absl::OkStatus();
}

absl::Status FromWindows(const CqlMap& map, CompactionOptions* options) {
  STOA_RETURN_IF_ERROR(
      map.CheckNames({"compaction_window_unit", "compaction_window_size", "timestamp_resolution",
                      "expired_sstable_check_frequency_seconds", "unsafe_aggressive_sstable_expiration",
                      "min_sstable_size", "bucket_low", "bucket_high"}));
  STOA_RETURN_IF_ERROR(FromTiered(map, options));
  const std::map<std::string, int64_t> units = {{"MINUTES", 60}, {"HOURS", 3600}, {"DAYS", 86400}};
  int64_t unit = 86400;
  if (const std::string* name = map.Find("compaction_window_unit")) {
    auto it = units.find(*name);
    if (it == units.end()) return Unfit("compaction_window_unit", *name, "MINUTES, HOURS or DAYS");
    unit = it->second;
  }
  int32_t size = 1;
  STOA_RETURN_IF_ERROR(map.Take("compaction_window_size", &size));
  if (size < 1) return Unfit("compaction_window_size", StrCat(size), "a number from 1");
  options->window_seconds = unit * size;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<int32_t>> ParseScalingParameters(std::string_view text) {
  std::vector<int32_t> parameters;
  for (const absl::string_view part : absl::StrSplit(ToAbsl(text), ',')) {
    const std::optional<int32_t> parameter = ParseScalingParameter(part);
    if (!parameter.has_value()) {
      return Unfit("scaling_parameters", text,
                   StrCat("a list of Tn, Ln (n from 2 to ", kFanoutMax, "), N, or such numbers as 2 and -8"));
    }
    parameters.push_back(*parameter);
  }
  return parameters;
}

absl::StatusOr<CompactionOptions> CompactionOptions::FromCql(
    const std::map<std::string, std::string>& options) {
  const CqlMap map(options);
  const std::string* name = map.Find("class");
  if (name == nullptr) return InvalidArgument("compaction options lack the class of the strategy");
  absl::string_view strategy = *name;
  absl::ConsumePrefix(&strategy, "org.apache.cassandra.db.compaction.");
  CompactionOptions result;
  if (strategy == "UnifiedCompactionStrategy") {
    STOA_RETURN_IF_ERROR(FromUnified(map, &result));
  } else if (strategy == "SizeTieredCompactionStrategy") {
    STOA_RETURN_IF_ERROR(map.CheckNames({"min_sstable_size", "bucket_low", "bucket_high"}));
    STOA_RETURN_IF_ERROR(FromTiered(map, &result));
  } else if (strategy == "LeveledCompactionStrategy") {
    STOA_RETURN_IF_ERROR(FromLeveled(map, &result));
  } else if (strategy == "TimeWindowCompactionStrategy") {
    STOA_RETURN_IF_ERROR(FromWindows(map, &result));
  } else {
    return Unfit("class", *name,
                 "UnifiedCompactionStrategy, SizeTieredCompactionStrategy, LeveledCompactionStrategy or "
                 "TimeWindowCompactionStrategy");
  }
  STOA_RETURN_IF_ERROR(map.Take("tombstone_threshold", &result.tombstone_threshold));
  return result;
}

std::string CompactionOptions::ToString() const {
  const CompactionOptions plain;
  std::string out =
      StrCat("{'class': 'UnifiedCompactionStrategy', 'scaling_parameters': '", scaling_parameters, "'");
  const auto add = [&out](std::string_view name, const auto& value, const auto& usual,
                          std::string_view unit = {}) {
    if (value != usual) out += StrCat(", '", name, "': '", value, unit, "'");
  };
  add("target_sstable_size", target_sstable_bytes, plain.target_sstable_bytes, "B");
  add("min_sstable_size", min_sstable_bytes, plain.min_sstable_bytes, "B");
  add("base_shard_count", base_shard_count, plain.base_shard_count);
  add("sstable_growth", sstable_growth, plain.sstable_growth);
  add("window_seconds", window_seconds, plain.window_seconds);
  add("files_per_read_max", files_per_read_max, plain.files_per_read_max);
  add("space_amplification_max", space_amplification_max, plain.space_amplification_max);
  add("tombstone_threshold", tombstone_threshold, plain.tombstone_threshold);
  return out + "}";
}

}  // namespace stoa
