// Positions: the one order of everything in a table.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stoa {

/// A place in a table: token (in ordered form, base/hash.h), then serialized partition key, then clustering
/// key or bound (types/byte_comparable.h). An empty clustering is the start of the partition, before all rows
/// and bounds; an empty partition key is the start of the token. A view.
struct PositionView {
  uint64_t token = 0;
  std::string_view key;
  std::string_view clustering;

  friend std::strong_ordering operator<=>(const PositionView& a, const PositionView& b) {
    if (a.token != b.token) return a.token <=> b.token;
    if (const int order = a.key.compare(b.key); order != 0) return order <=> 0;
    return a.clustering.compare(b.clustering) <=> 0;
  }
  friend bool operator==(const PositionView&, const PositionView&) = default;
  bool SamePartition(const PositionView& other) const { return token == other.token && key == other.key; }
};

/// A position that owns its bytes.
struct Position {
  uint64_t token = 0;
  std::string key;
  std::string clustering;

  Position() = default;
  explicit Position(const PositionView& view)
      : token(view.token), key(view.key), clustering(view.clustering) {}
  PositionView view() const { return PositionView{token, key, clustering}; }
  operator PositionView() const { return view(); }  // NOLINT(google-explicit-constructor)

  friend std::strong_ordering operator<=>(const Position& a, const Position& b) {
    return a.view() <=> b.view();
  }
  friend bool operator==(const Position&, const Position&) = default;
};

/// Positions from `start` (included) to `end` (excluded; none: to the end of the table). Views.
struct PositionRange {
  PositionView start;
  std::optional<PositionView> end;

  bool Contains(const PositionView& p) const { return p >= start && (!end.has_value() || p < *end); }
};

}  // namespace stoa
