// Types: a description that parses is printed in one way, which parses to the same type; bytes that decode to
// a type encode to a form that decodes to the same type.
#include <stoa/types.h>

#include "fuzz/fuzz_target.h"
#include "io/random.h"
#include "types/random_values.h"
#include "types/type_codec.h"
#include "types/type_rules.h"

namespace {

using stoa::DataType;

const DataType* Resolve(std::string_view name) {
  static const DataType type =
      DataType::UserType("udt", {{"a", stoa::TypeKind::kInt}, {"b", DataType::List(stoa::TypeKind::kText)}});
  return name == "udt" ? &type : nullptr;
}

void CheckType(const DataType& type) {
  STOA_FUZZ_CHECK(type.depth() <= stoa::kTypeDepthMax && type.part_count() <= stoa::kTypePartsMax);
  stoa::ValidateType(type).IgnoreError();
  stoa::CanBeKey(type);
  std::string bytes;
  stoa::AppendType(type, &bytes);
  stoa::Decoder decoder(bytes);
  DataType decoded = stoa::TypeKind::kInt;
  STOA_FUZZ_CHECK(stoa::DecodeType(&decoder, &decoded) && decoder.Done());
  STOA_FUZZ_CHECK(decoded == type);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stoa::fuzz::Input input(data, size);
  if ((input.Byte() & 1) != 0) {
    stoa::Decoder decoder(input.rest());
    DataType type = stoa::TypeKind::kInt;
    if (stoa::DecodeType(&decoder, &type)) CheckType(type);
    return 0;
  }
  const auto type = DataType::Parse(input.rest(), Resolve);
  if (!type.ok()) {
    STOA_FUZZ_CHECK(absl::IsInvalidArgument(type.status()));
    return 0;
  }
  CheckType(*type);
  const auto again = DataType::Parse(type->ToString(), Resolve);
  STOA_FUZZ_CHECK(again.ok() && *again == *type);
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds = {"map<text, frozen<list<\"udt\">>>", "tuple<udt, vector<float, 3>>"};
  for (std::string& seed : seeds) seed.insert(0, 1, '\0');
  stoa::Random random(1);
  for (int i = 0; i < 100; ++i) {
    const DataType type = stoa::RandomCompositeType(stoa::ScalarTypes(), 4, &random);
    seeds.push_back(std::string(1, '\0') + type.ToString());
    stoa::AppendType(type, &seeds.emplace_back(1, '\1'));
  }
  return seeds;
}
