// Clustering keys, component by component (types/byte_comparable.h): taken apart when a block is built,
// compared with positions when one is searched.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "sstable/block.h"
#include "sstable/encoding_bytes.h"

namespace stoa {

/// Whether values of the shape stand behind a marker byte; others are a part of the key as it is.
inline bool HasMarker(ClusteringComponent::Shape shape) { return shape < ClusteringComponent::Shape::kRest; }

/// The byte that ends values of a terminated shape; the same byte inverted behind it takes its end away.
inline char ComponentTerminator(ClusteringComponent::Shape shape) {
  return shape == ClusteringComponent::Shape::kTerminated ? '\0' : '\xff';
}

/// Bytes of the first word of a fixed component that has two (9 to 16 bytes); the rest is the second.
inline constexpr uint8_t kHighBytes = 8;

/// The first `bytes` bytes at `from` as one big-endian word.
inline uint64_t LoadComponent(const char* from, uint8_t bytes) {
  switch (bytes) {
    case 1:
      return static_cast<uint8_t>(*from);
    case 2:
      return LoadBig<uint16_t>(from);
    case 4:
      return LoadBig<uint32_t>(from);
    case 8:
      return LoadBig<uint64_t>(from);
    default: {
      uint64_t word = 0;
      for (unsigned i = 0; i < bytes; ++i) word = word << 8 | static_cast<uint8_t>(from[i]);
      return word;
    }
  }
}

/// The inverse; writes `bytes` bytes.
inline void StoreComponent(char* to, uint64_t word, uint8_t bytes) {
  switch (bytes) {
    case 1:
      *to = static_cast<char>(word);
      return;
    case 2:
      return StoreBig(to, static_cast<uint16_t>(word));
    case 4:
      return StoreBig(to, static_cast<uint32_t>(word));
    case 8:
      return StoreBig(to, word);
    default:
      for (unsigned i = bytes; i > 0; --i, word >>= 8) to[i - 1] = static_cast<char>(word);
  }
}

/// The values of one component in the rows of a block being built, as in KeyColumn.
struct PendingKeyColumn {
  std::vector<uint64_t> high;
  std::vector<uint64_t> low;
  ByteStrings strings;

  void Clear() {
    high.clear();
    low.clear();
    strings.Clear();
  }
};

/// Appends the components of `key` to `columns`, one for each of the layout. False when it does not consist
/// of them; the columns are then of no use for this row any more.
bool SplitClusteringKey(const std::vector<ClusteringComponent>& components, std::string_view key,
                        std::vector<PendingKeyColumn>* columns);

/// Whether a row of a table with this layout may have the key: that of the static row, or one of the layout's
/// components, of which some may be empty. These are the keys that a block may keep whole.
bool IsKeyOfLayout(const std::vector<ClusteringComponent>& components, std::string_view key);

/// Appends to `out` the key whose components are those of row `row` of `columns`: the inverse.
void JoinClusteringKey(const std::vector<ClusteringComponent>& components,
                       const std::vector<PendingKeyColumn>& columns, size_t row, std::string* out);

/// Compares a row's bytes from a component of varying size on - `prefix` and `suffix` together are the value,
/// without terminator - with the bytes `rest` of a position: < 0 when the row is less, 0 when the position
/// goes on behind the same value (of kRest and kWhole: is the row), > 0 when the row is greater.
int CompareComponent(ClusteringComponent::Shape shape, std::string_view prefix, std::string_view suffix,
                     std::string_view rest);

}  // namespace stoa
