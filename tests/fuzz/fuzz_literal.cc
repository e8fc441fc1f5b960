// Literals: text that parses is written in one way, which parses to the same value.
#include "fuzz/fuzz_target.h"
#include "io/random.h"
#include "types/literals.h"
#include "types/random_values.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stoa::fuzz::Input input(data, size);
  static const std::vector<stoa::DataType> types = stoa::ScalarTypes();
  const stoa::DataType& type = types[input.Byte() % types.size()];
  const auto parsed = stoa::ParseLiteral(type, input.rest());
  if (!parsed.ok()) {
    STOA_FUZZ_CHECK(absl::IsInvalidArgument(parsed.status()));
    return 0;
  }
  const std::string text = stoa::FormatLiteral(type, parsed->value());
  const auto again = stoa::ParseLiteral(type, text);
  STOA_FUZZ_CHECK(again.ok());
  STOA_FUZZ_CHECK(stoa::FormatLiteral(type, again->value()) == text);
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  stoa::Random random(1);
  const std::vector<stoa::DataType> types = stoa::ScalarTypes();
  for (size_t i = 0; i < types.size(); ++i) {
    const std::string choice(1, static_cast<char>(i));
    seeds.push_back(choice + "null");
    for (int j = 0; j < 10; ++j) {
      const stoa::OwnedValue value = stoa::RandomValue(types[i], &random);
      seeds.push_back(choice + stoa::FormatLiteral(types[i], value.value()));
    }
  }
  return seeds;
}
