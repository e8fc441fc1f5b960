#include <stoa/compaction_options.h>

#include <limits>

#include <stoa/schema.h>

#include "base/strings.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa::testing {
namespace {

std::string Refused(const std::map<std::string, std::string>& options) {
  return std::string(FromAbsl(CompactionOptions::FromCql(options).status().message()));
}

// Goal: scaling parameters are read as Cassandra reads them. Method: each form, both ends of the range.
TEST_CASE("scaling parameters") {
  const auto parse = [](std::string_view text) { return ValueOf(ParseScalingParameters(text)); };
  CHECK(parse("T4") == std::vector<int32_t>{2});
  CHECK(parse("T4, L10,N , -8,2,0") == std::vector<int32_t>{2, -8, 0, -8, 2, 0});
  CHECK(parse("T2,L2,T256,L256") == std::vector<int32_t>{0, 0, 254, -254});
  for (const char* text : {"", "T1", "L1", "T257", "T", "T4,", "X3", "255", "-255", "4.5", "T-3"}) {
    CAPTURE(text);
    CHECK(ParseScalingParameters(text).status().code() == absl::StatusCode::kInvalidArgument);
  }
  CHECK(FromAbsl(ParseScalingParameters("T4, 4x").status().message()) ==
        "compaction option scaling_parameters is 'T4, 4x', allowed is a list of Tn, Ln (n from 2 to 256), N, "
        "or "
        "such numbers as 2 and -8");
}

// Goal: every strategy of Cassandra means something. Method: one map each.
TEST_CASE("compaction options from CQL") {
  const CompactionOptions unified = ValueOf(
      CompactionOptions::FromCql({{"class", "org.apache.cassandra.db.compaction.UnifiedCompactionStrategy"},
                                  {"scaling_parameters", "T8, T4"},
                                  {"target_sstable_size", "256MiB"},
                                  {"min_sstable_size", "5 mib"},
                                  {"base_shard_count", "8"},
                                  {"sstable_growth", "0.5"},
                                  {"flush_size_override", "100MiB"},
                                  {"tombstone_threshold", "0.3"},
                                  {"files_per_read_max", "10"},
                                  {"space_amplification_max", "1.5"}}));
  CHECK(unified.scaling_parameters == "T8, T4");
  CHECK(unified.target_sstable_bytes == 256u << 20);
  CHECK(unified.min_sstable_bytes == 5u << 20);
  CHECK(unified.base_shard_count == 8);
  CHECK((unified.sstable_growth == 0.5 && unified.tombstone_threshold == 0.3));
  CHECK((unified.files_per_read_max == 10 && unified.space_amplification_max == 1.5));
  CHECK(unified.ToString() ==
        "{'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T8, T4', 'target_sstable_size': "
        "'268435456B', 'min_sstable_size': '5242880B', 'base_shard_count': '8', 'sstable_growth': '0.5', "
        "'files_per_read_max': '10', 'space_amplification_max': '1.5', 'tombstone_threshold': '0.3'}");

  CompactionOptions expected;
  expected.scaling_parameters = "T6";
  CHECK(ValueOf(CompactionOptions::FromCql(
            {{"class", "SizeTieredCompactionStrategy"}, {"min_threshold", "6"}, {"bucket_low", "0.5"}})) ==
        expected);
  expected = {};
  expected.scaling_parameters = "L10";
  expected.target_sstable_bytes = 160u << 20;
  expected.sstable_growth = 0;
  CHECK(ValueOf(CompactionOptions::FromCql({{"class", "LeveledCompactionStrategy"}})) == expected);
  expected = {};
  expected.window_seconds = 2 * 3600;
  CHECK(ValueOf(CompactionOptions::FromCql({{"class", "TimeWindowCompactionStrategy"},
                                            {"compaction_window_unit", "HOURS"},
                                            {"compaction_window_size", "2"}})) == expected);
}

TEST_CASE("compaction options that are refused") {
  CHECK(Refused({}) == "compaction options lack the class of the strategy");
  CHECK(Refused({{"class", "DateTieredCompactionStrategy"}}).find("is 'DateTieredCompactionStrategy'") !=
        std::string::npos);
  CHECK(Refused({{"class", "LeveledCompactionStrategy"}, {"fanout", "5"}}) ==
        "there is no compaction option fanout of LeveledCompactionStrategy");
  CHECK(Refused({{"class", "LeveledCompactionStrategy"}, {"fanout_size", "x"}}) ==
        "compaction option fanout_size is 'x', allowed is a number");
  CHECK(Refused({{"class", "UnifiedCompactionStrategy"}, {"target_sstable_size", "1XB"}}) ==
        "compaction option target_sstable_size is '1XB', allowed is a size such as 1GiB");
  CHECK(Refused({{"class", "TimeWindowCompactionStrategy"}, {"compaction_window_unit", "WEEKS"}}) ==
        "compaction option compaction_window_unit is 'WEEKS', allowed is MINUTES, HOURS or DAYS");
  CHECK(Refused({{"class", "TimeWindowCompactionStrategy"}, {"compaction_window_size", "0"}}) ==
        "compaction option compaction_window_size is '0', allowed is a number from 1");
}

// Goal: no value outside of its range becomes part of a table. Method: both sides of every bound.
TEST_CASE("compaction options of a table are validated") {
  const auto refusal = [](const auto& change) {
    TableOptions options;
    change(&options);
    return std::string(FromAbsl(TableSchema::Builder("t")
                                    .PartitionKey("k", TypeKind::kInt)
                                    .Options(options)
                                    .Build()
                                    .status()
                                    .message()));
  };
  const auto check = [&](auto CompactionOptions::*option, auto inside, auto outside) {
    CHECK(refusal([&](TableOptions* options) { options->compaction.*option = inside; }).empty());
    const std::string message =
        refusal([&](TableOptions* options) { options->compaction.*option = outside; });
    CAPTURE(message);
    CHECK(message.find("allowed are") != std::string::npos);
  };
  constexpr uint64_t kMebibyte = 1 << 20;
  check(&CompactionOptions::target_sstable_bytes, kMebibyte << 20, (kMebibyte << 20) + 1);
  check(&CompactionOptions::target_sstable_bytes, 100 * kMebibyte, kMebibyte - 1);
  check(&CompactionOptions::min_sstable_bytes, uint64_t{1} << 30, (uint64_t{1} << 30) + 1);
  check(&CompactionOptions::base_shard_count, 1u, 0u);
  check(&CompactionOptions::base_shard_count, 1024u, 1025u);
  check(&CompactionOptions::sstable_growth, 0.0, -0.1);
  check(&CompactionOptions::sstable_growth, 1.0, std::numeric_limits<double>::quiet_NaN());
  check(&CompactionOptions::window_seconds, int64_t{0}, int64_t{-1});
  check(&CompactionOptions::window_seconds, int64_t{316'224'000}, int64_t{316'224'001});
  check(&CompactionOptions::files_per_read_max, 2u, 1u);
  check(&CompactionOptions::files_per_read_max, 1000u, 1001u);
  check(&CompactionOptions::space_amplification_max, 1.1, 1.0);
  check(&CompactionOptions::space_amplification_max, 100.0, std::numeric_limits<double>::infinity());
  check(&CompactionOptions::tombstone_threshold, 0.01, 0.0);
  check(&CompactionOptions::tombstone_threshold, 1.0, 1.1);
  CHECK(refusal([](TableOptions* options) {
          options->compaction.scaling_parameters = "Q";
        }).starts_with("table t: compaction option scaling_parameters is 'Q'"));
  CHECK(refusal([](TableOptions* options) {
          options->gc_grace_seconds = 10;
          options->delete_persistence_seconds = 10;
        }) ==
        "table t: option delete_persistence_seconds is 10, allowed are 0 and what is more than "
        "gc_grace_seconds, "
        "which is 10");
}

}  // namespace
}  // namespace stoa::testing
