#include "sstable/block_key.h"

#include "data/static_row.h"
#include "types/byte_comparable.h"

namespace stoa {
namespace {

using Shape = ClusteringComponent::Shape;

/// Size of the value at the front of `bytes` without its terminator; npos when there is no terminator.
size_t TerminatedSize(std::string_view bytes, char terminator) {
  for (size_t at = 0;; at += 2) {
    at = bytes.find(terminator, at);
    if (at == std::string_view::npos) return at;
    if (at + 1 == bytes.size() || bytes[at + 1] != static_cast<char>(~terminator)) return at;
  }
}

void SplitFixed(std::string_view value, PendingKeyColumn* column) {
  const auto bytes = static_cast<uint8_t>(value.size());
  if (bytes > kHighBytes) {
    column->high.push_back(LoadComponent(value.data(), kHighBytes));
    column->low.push_back(LoadComponent(value.data() + kHighBytes, bytes - kHighBytes));
  } else {
    column->low.push_back(LoadComponent(value.data(), bytes));
  }
}

/// Takes a component off the front of `*key`: its marker, the value and what ends it. False when none is
/// there.
bool TakeComponent(const ClusteringComponent& component, std::string_view* key, std::string_view* value) {
  if (key->empty() || key->front() != kComponentMarker) return false;
  key->remove_prefix(1);
  const bool fixed = component.shape == Shape::kFixed;
  const size_t size = fixed ? component.bytes : TerminatedSize(*key, ComponentTerminator(component.shape));
  const size_t end_bytes = fixed ? 0 : 1;
  if (size == std::string_view::npos || key->size() < size + end_bytes) return false;
  *value = key->substr(0, size);
  key->remove_prefix(size + end_bytes);
  return true;
}

/// The same of a component that is the empty value, which is a marker alone. A layout knows the order of
/// terminated components; of fixed ones it does not, and takes the marker of either.
bool TakeEmptyComponent(Shape shape, std::string_view* key) {
  if (key->empty()) return false;
  const bool ascending = key->front() == kEmptyMarker && shape != Shape::kTerminatedInverted;
  const bool descending = key->front() == kEmptyMarkerDescending && shape != Shape::kTerminated;
  if (ascending || descending) key->remove_prefix(1);
  return ascending || descending;
}

}  // namespace

bool SplitClusteringKey(const std::vector<ClusteringComponent>& components, std::string_view key,
                        std::vector<PendingKeyColumn>* columns) {
  if (key.empty() || key.back() != kRowEnd) return false;
  key.remove_suffix(1);
  for (size_t i = 0; i < components.size(); ++i) {
    PendingKeyColumn& column = (*columns)[i];
    if (components[i].shape == Shape::kRest) {
      column.strings.Add(key);
      return true;
    }
    std::string_view value;
    if (!TakeComponent(components[i], &key, &value)) return false;
    if (components[i].shape == Shape::kFixed) {
      SplitFixed(value, &column);
    } else {
      column.strings.Add(value);
    }
  }
  return key.empty();
}

bool IsKeyOfLayout(const std::vector<ClusteringComponent>& components, std::string_view key) {
  if (IsStaticRow(key)) return true;
  if (key.empty() || key.back() != kRowEnd) return false;
  key.remove_suffix(1);
  for (const ClusteringComponent& component : components) {
    if (component.shape == Shape::kRest) return true;
    std::string_view value;
    if (!TakeEmptyComponent(component.shape, &key) && !TakeComponent(component, &key, &value)) return false;
  }
  return key.empty();
}

void JoinClusteringKey(const std::vector<ClusteringComponent>& components,
                       const std::vector<PendingKeyColumn>& columns, size_t row, std::string* out) {
  for (size_t i = 0; i < components.size(); ++i) {
    const auto [shape, bytes] = components[i];
    if (HasMarker(shape)) out->push_back(kComponentMarker);
    if (shape == Shape::kFixed) {
      const uint8_t high = bytes > kHighBytes ? kHighBytes : 0;
      char word[2 * kHighBytes];
      if (high != 0) StoreComponent(word, columns[i].high[row], high);
      StoreComponent(word + high, columns[i].low[row], bytes - high);
      out->append(word, bytes);
      continue;
    }
    out->append(columns[i].strings[row]);
    if (HasMarker(shape)) out->push_back(ComponentTerminator(shape));
    if (shape == Shape::kWhole) return;
  }
  out->push_back(kRowEnd);
}

int CompareComponent(Shape shape, std::string_view prefix, std::string_view suffix, std::string_view rest) {
  for (const std::string_view part : {prefix, suffix}) {
    const int order = part.compare(rest.substr(0, part.size()));
    if (order != 0) return order;
    rest.remove_prefix(part.size());
  }
  if (shape == Shape::kWhole) return rest.empty() ? 0 : -1;
  if (shape == Shape::kRest) return rest.empty() ? 1 : std::string_view(&kRowEnd, 1).compare(rest);
  // The row goes on with the terminator and a byte that is neither 00 nor FF.
  const char terminator = ComponentTerminator(shape);
  if (rest.empty()) return 1;
  if (rest[0] != terminator) return static_cast<uint8_t>(terminator) < static_cast<uint8_t>(rest[0]) ? -1 : 1;
  if (rest.size() == 1) return 1;
  if (rest[1] == static_cast<char>(~terminator)) return terminator == '\0' ? -1 : 1;
  return 0;
}

}  // namespace stoa
