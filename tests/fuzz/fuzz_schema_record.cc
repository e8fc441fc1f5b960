// Catalog records of tables: what decodes encodes to bytes that decode to the same table.
#include <stoa/schema.h>

#include "fuzz/fuzz_target.h"
#include "schema/schema_editor.h"
#include "types/random_values.h"

using stoa::SchemaEditor;
using stoa::TableSchema;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto schema = SchemaEditor::Decode({reinterpret_cast<const char*>(data), size});
  if (!schema.ok()) {
    STOA_FUZZ_CHECK(absl::IsInvalidArgument(schema.status()));
    return 0;
  }
  std::string once;
  SchemaEditor::Encode(*schema, &once);
  const auto again = SchemaEditor::Decode(once);
  STOA_FUZZ_CHECK(again.ok());
  std::string twice;
  SchemaEditor::Encode(*again, &twice);
  STOA_FUZZ_CHECK(once == twice);
  STOA_FUZZ_CHECK(schema->ToString() == again->ToString());
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  TableSchema::Builder small("t");
  small.PartitionKey("k", stoa::TypeKind::kInt);
  SchemaEditor::Encode(SchemaEditor::Create(1, small.Build().value()), &seeds.emplace_back());

  TableSchema::Builder large("flights");
  large.PartitionKey("a", stoa::TypeKind::kText).PartitionKey("b", stoa::TypeKind::kUuid);
  large.Clustering("c", stoa::TypeKind::kTimestamp, stoa::ClusteringOrder::kDescending);
  large.Clustering("d", stoa::TypeKind::kDecimal);
  int number = 0;
  for (const stoa::DataType& type : stoa::ScalarTypes()) large.Regular("r" + std::to_string(number++), type);
  const TableSchema first = SchemaEditor::Create(70000, large.Build().value());
  SchemaEditor::Encode(first, &seeds.emplace_back());
  stoa::TableAlteration alteration;
  alteration.DropColumn("r3").RenameColumn("r4", "renamed").AddColumn("r3", stoa::TypeKind::kBlob);
  SchemaEditor::Encode(SchemaEditor::Apply(first, alteration).value(), &seeds.emplace_back());
  return seeds;
}
