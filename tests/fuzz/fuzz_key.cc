// Keys: what decodes as a key of a table encodes to the same bytes.
#include <stoa/schema.h>

#include "fuzz/fuzz_target.h"
#include "schema/keys.h"

namespace {

using stoa::ClusteringOrder;
using stoa::TableSchema;
using stoa::TypeKind;
using stoa::Value;

TableSchema Schema() {
  return TableSchema::Builder("t")
      .PartitionKey("p1", TypeKind::kText)
      .PartitionKey("p2", TypeKind::kInt)
      .Clustering("c1", TypeKind::kText)
      .Clustering("c2", TypeKind::kDecimal, ClusteringOrder::kDescending)
      .Clustering("c3", TypeKind::kInt, ClusteringOrder::kDescending)
      .Build()
      .value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const TableSchema schema = Schema();
  const std::string_view key(reinterpret_cast<const char*>(data), size);
  std::string storage;
  std::string again;
  std::vector<Value> values;
  if (stoa::DecodePartitionKey(schema, key, &values).ok() &&
      stoa::AppendPartitionKey(schema, values, &again).ok()) {
    STOA_FUZZ_CHECK(again == key);
  }
  again.clear();
  values.clear();
  const bool decodes = stoa::DecodeClusteringKey(schema, key, &storage, &values).ok();
  STOA_FUZZ_CHECK(decodes == stoa::IsClusteringKey(schema, key));
  if (decodes && stoa::AppendClusteringKey(schema, values, &again).ok()) STOA_FUZZ_CHECK(again == key);
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  const TableSchema schema = Schema();
  std::vector<std::string> seeds;
  for (const std::string_view text : {"", "a", "some text"}) {
    for (const int64_t number : {int64_t{0}, int64_t{-1}, int64_t{1} << 30}) {
      stoa::AppendPartitionKey(schema, {text, number}, &seeds.emplace_back()).IgnoreError();
      constexpr std::string_view kDecimal("\0\0\0\2\5\1", 6);
      stoa::AppendClusteringKey(schema, {text, Value::Bytes(kDecimal), number}, &seeds.emplace_back())
          .IgnoreError();
    }
  }
  return seeds;
}
