#include "replay/canonical.h"

#include <memory>
#include <vector>

#include <stoa/composite.h>

#include "types/byte_comparable.h"
#include "types/value_codec.h"

namespace stoa::replay {
namespace {

std::string CanonicalDecimal(std::string_view bytes) {
  std::string comparable;
  std::string canonical;
  const DataType type = TypeKind::kDecimal;
  if (!AppendComparable(type, ClusteringOrder::kAscending, FromBytes(type, bytes), &comparable).ok()) {
    return std::string(bytes);
  }
  std::string_view rest = comparable;
  return DecodeComparable(type, ClusteringOrder::kAscending, &rest, &canonical) ? canonical
                                                                                : std::string(bytes);
}

}  // namespace

std::string Canonical(const DataType& type, std::string_view bytes) {
  if (bytes.empty()) return std::string();
  if (type.kind() == TypeKind::kDecimal) return CanonicalDecimal(bytes);
  if (type.parameters().empty()) return std::string(bytes);
  CompositeReader reader(type, Value::Composite(bytes));
  std::vector<std::unique_ptr<std::string>> storage;
  std::vector<Value> elements;
  const std::vector<DataType>& parameters = type.parameters();
  Value element;
  for (size_t i = 0; reader.Next(&element); ++i) {
    if (element.is_null()) {
      elements.emplace_back();
      continue;
    }
    const DataType& of = parameters[i % parameters.size()];
    std::string serialized;
    (void)AppendSerialized(of, element, &serialized);
    storage.push_back(std::make_unique<std::string>(Canonical(of, serialized)));
    elements.push_back(*ParseSerialized(of, *storage.back()));
  }
  if (type.kind() == TypeKind::kMap) {
    std::vector<MapEntry> entries;
    for (size_t i = 0; i + 1 < elements.size(); i += 2) entries.push_back({elements[i], elements[i + 1]});
    return SerializeMap(type, entries).value_or(std::string(bytes));
  }
  if (type.kind() == TypeKind::kTuple || type.kind() == TypeKind::kUserType) {
    while (!elements.empty() && elements.back().is_null()) elements.pop_back();
  }
  return SerializeComposite(type, elements).value_or(std::string(bytes));
}

}  // namespace stoa::replay
