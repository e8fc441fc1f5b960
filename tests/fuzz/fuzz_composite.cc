// Composite values: bytes that are a value are stored in one form, which is stable, is read element by
// element, prints, and is a key that comes back; bytes that decode as a key are the key of what they decode
// to.
#include <stoa/composite.h>

#include "fuzz/fuzz_target.h"
#include "io/random.h"
#include "types/byte_comparable.h"
#include "types/random_values.h"
#include "types/type_codec.h"
#include "types/type_rules.h"

namespace {

using stoa::ClusteringOrder;
using stoa::DataType;
using stoa::Value;

ClusteringOrder OrderOf(uint8_t choice) {
  return (choice & 2) != 0 ? ClusteringOrder::kDescending : ClusteringOrder::kAscending;
}

void CheckValue(const DataType& type, ClusteringOrder order, std::string_view bytes) {
  stoa::CompositeReader reader(type, Value::Composite(bytes));
  for (Value element; reader.Next(&element);) {
  }
  std::string stored;
  const bool ok = stoa::AppendSerialized(type, Value::Composite(bytes), &stored).ok();
  STOA_FUZZ_CHECK(ok == stoa::IsSerialized(type, bytes));
  if (!ok) return;
  std::string again;
  STOA_FUZZ_CHECK(stoa::AppendSerialized(type, Value::Composite(stored), &again).ok());
  STOA_FUZZ_CHECK(again == stored);
  const std::string text = stoa::FormatLiteral(type, stoa::FromBytes(type, stored));
  const auto parsed = stoa::ParseLiteral(type, text);
  STOA_FUZZ_CHECK(parsed.ok());
  STOA_FUZZ_CHECK(stoa::ParseLiteral(type, stoa::FormatLiteral(type, parsed->value())).ok());
  std::string key;
  if (stored.empty() || !stoa::AppendComparable(type, order, Value::Composite(stored), &key).ok()) return;
  std::string_view rest = key;
  std::string decoded;
  STOA_FUZZ_CHECK(stoa::DecodeComparable(type, order, &rest, &decoded) && rest.empty());
  std::string key_again;
  STOA_FUZZ_CHECK(stoa::AppendComparable(type, order, Value::Composite(decoded), &key_again).ok());
  STOA_FUZZ_CHECK(key_again == key);
}

void CheckKey(const DataType& type, ClusteringOrder order, std::string_view bytes) {
  std::string_view rest = bytes;
  std::string decoded;
  if (!stoa::DecodeComparable(type, order, &rest, &decoded)) return;
  std::string again;
  STOA_FUZZ_CHECK(stoa::AppendComparable(type, order, Value::Composite(decoded), &again).ok());
  STOA_FUZZ_CHECK(again == bytes.substr(0, bytes.size() - rest.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stoa::fuzz::Input input(data, size);
  const uint8_t choice = input.Byte();
  stoa::Decoder decoder(input.rest());
  DataType type = stoa::TypeKind::kInt;
  if (!stoa::DecodeType(&decoder, &type) || !type.is_composite() || !stoa::ValidateType(type).ok()) return 0;
  if ((choice & 1) != 0) {
    CheckKey(type, OrderOf(choice), decoder.rest());
  } else {
    CheckValue(type, OrderOf(choice), decoder.rest());
  }
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  stoa::Random random(1);
  for (int i = 0; i < 200; ++i) {
    const DataType type = stoa::RandomCompositeType(stoa::KeyTypes(), 4, &random);
    const stoa::OwnedValue value = stoa::RandomValue(type, &random);
    for (const uint8_t choice : {0, 1, 2, 3}) {
      std::string& seed = seeds.emplace_back(1, static_cast<char>(choice));
      stoa::AppendType(type, &seed);
      if ((choice & 1) == 0) seed += value.value().bytes();
      if ((choice & 1) != 0)
        stoa::AppendComparable(type, OrderOf(choice), value.value(), &seed).IgnoreError();
    }
  }
  return seeds;
}
