// Filters: what parses can be asked anything; what was built of the input's tokens knows them all.
#include "base/coding.h"
#include "fuzz/fuzz_target.h"
#include "sstable/filter.h"

namespace stoa {
namespace {

void Ask(std::string_view bytes) {
  SectionPayload payload(bytes.size());
  bytes.copy(payload.data(), bytes.size());
  Filter filter;
  const absl::Status status = filter.Parse(std::move(payload));
  STOA_FUZZ_CHECK(status.ok() || absl::IsDataLoss(status));
  if (!status.ok()) return;
  STOA_FUZZ_CHECK(filter.byte_count() == bytes.size());
  for (uint64_t token = 1; token != 0; token <<= 1) (void)filter.MayContain(token - 1);
  (void)filter.MayContain(~uint64_t{0});
}

void Build(fuzz::Input input) {
  FilterBuilder builder(input.Byte() % 24);
  std::vector<uint64_t> tokens;
  Decoder decoder(input.rest());
  for (uint64_t token = 0; decoder.Little(&token);) tokens.push_back(token);
  for (const uint64_t token : tokens) builder.Add(token);
  const std::string bytes = builder.Finish();
  if (bytes.empty()) return;
  SectionPayload payload(bytes.size());
  bytes.copy(payload.data(), bytes.size());
  Filter filter;
  STOA_FUZZ_CHECK(filter.Parse(std::move(payload)).ok());
  for (const uint64_t token : tokens) STOA_FUZZ_CHECK(filter.MayContain(token));
}

}  // namespace
}  // namespace stoa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stoa::Ask({reinterpret_cast<const char*>(data), size});
  stoa::Build(stoa::fuzz::Input(data, size));
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  for (const uint64_t count : {1, 20, 200}) {
    stoa::FilterBuilder builder(10);
    for (uint64_t i = 0; i < count; ++i) builder.Add(i * 0x9e3779b97f4a7c15);
    seeds.push_back(builder.Finish());
  }
  return seeds;
}
