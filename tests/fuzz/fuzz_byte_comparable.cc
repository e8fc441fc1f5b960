// Byte-comparable values: what decodes is what the encoder makes of the decoded value, so every value has one
// encoding.
#include "fuzz/fuzz_target.h"
#include "io/random.h"
#include "types/byte_comparable.h"
#include "types/random_values.h"

namespace {

using stoa::ClusteringOrder;
using stoa::DataType;

ClusteringOrder OrderOf(uint8_t choice) {
  return (choice & 0x80) != 0 ? ClusteringOrder::kDescending : ClusteringOrder::kAscending;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stoa::fuzz::Input input(data, size);
  const uint8_t choice = input.Byte();
  static const std::vector<DataType> types = stoa::KeyTypes();
  const DataType& type = types[(choice & 0x7f) % types.size()];
  std::string_view rest = input.rest();
  std::string serialized;
  if (!stoa::DecodeComparable(type, OrderOf(choice), &rest, &serialized)) return 0;
  const std::string_view consumed = input.rest().substr(0, input.rest().size() - rest.size());
  const auto value = stoa::ParseSerialized(type, serialized);
  STOA_FUZZ_CHECK(value.ok());
  std::string again;
  STOA_FUZZ_CHECK(stoa::AppendComparable(type, OrderOf(choice), *value, &again).ok());
  STOA_FUZZ_CHECK(again == consumed);
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  stoa::Random random(1);
  const std::vector<DataType> types = stoa::KeyTypes();
  for (uint8_t choice : {0, 0x80}) {
    for (const DataType& type : types) {
      for (int i = 0; i < 10; ++i) {
        std::string seed(1, static_cast<char>(choice));
        const stoa::OwnedValue value = stoa::RandomValue(type, &random);
        if (stoa::AppendComparable(type, OrderOf(choice), value.value(), &seed).ok()) seeds.push_back(seed);
      }
      ++choice;
    }
  }
  return seeds;
}
