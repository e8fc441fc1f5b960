#include <string>
#include <vector>

#include "schema/keys.h"
#include "support/catch.h"
#include "support/counted_new.h"

// Goal: making and reading keys on the hot paths takes nothing from the heap. Method: this program counts
// every allocation; the strings and vectors given have room already.

namespace stoa {
namespace {

TEST_CASE("keys are made and read without allocating") {
  const TableSchema schema = TableSchema::Builder("t")
                                 .PartitionKey("a", TypeKind::kText)
                                 .PartitionKey("b", TypeKind::kInt)
                                 .Clustering("c", TypeKind::kTimestamp, ClusteringOrder::kDescending)
                                 .Clustering("d", TypeKind::kText)
                                 .Clustering("e", TypeKind::kUuid)
                                 .Clustering("f", TypeKind::kVarint)
                                 .Clustering("g", TypeKind::kDouble)
                                 .Build()
                                 .value();
  std::string text(100, 'x');
  text[50] = '\0';
  const Uuid uuid{};
  std::string key;
  std::string storage;
  std::vector<Value> values;
  key.reserve(1000);
  storage.reserve(1000);
  values.reserve(10);
  const size_t before = testing::allocations;
  bool ok = AppendPartitionKey(schema, {text, 1}, &key).ok() && DecodePartitionKey(schema, key, &values).ok();
  key.clear();
  ok = ok &&
       AppendClusteringKey(schema, {Timestamp{1}, text, uuid, Value::Bytes("\x01\x02"), 1.5}, &key).ok() &&
       DecodeClusteringKey(schema, key, &storage, &values).ok();
  key.clear();
  ok = ok && AppendClusteringBound(schema, {Timestamp{1}, text}, BoundSide::kAfter, &key).ok();
  const size_t after = testing::allocations;
  CHECK(ok);
  CHECK(after == before);
}

}  // namespace
}  // namespace stoa
