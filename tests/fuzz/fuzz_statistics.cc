// The statistics of an SSTable and its metadata in the manifest: what decodes encodes to bytes that decode to
// the same.
#include "fuzz/fuzz_target.h"
#include "fuzz/small_database.h"
#include "sstable/statistics.h"

namespace stoa {
namespace {

template <typename T>
void RoundTrip(std::string_view bytes, absl::StatusCode expected) {
  const auto decoded = T::Decode(bytes);
  STOA_FUZZ_CHECK(decoded.ok() || decoded.status().code() == expected);
  if (!decoded.ok()) return;
  std::string once, twice;
  decoded->Encode(&once);
  const auto again = T::Decode(once);
  STOA_FUZZ_CHECK(again.ok());
  again->Encode(&twice);
  STOA_FUZZ_CHECK(once == twice);
}

}  // namespace
}  // namespace stoa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  stoa::RoundTrip<stoa::Statistics>(bytes, absl::StatusCode::kDataLoss);
  stoa::RoundTrip<stoa::SSTableMetadata>(bytes, absl::StatusCode::kInvalidArgument);
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  const stoa::fuzz::SampleTables tables;
  for (const auto& table : tables.samples()) {
    seeds.push_back(table.Payload(table.reader->statistics_range(), stoa::SectionKind::kStatistics));
    table.reader->metadata().Encode(&seeds.emplace_back());
  }
  return seeds;
}
