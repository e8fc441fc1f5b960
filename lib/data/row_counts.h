// How many rows a read went through, for whoever wants to know.
#pragma once

#include <cstdint>

namespace stoa {

/// Where to count; null: nowhere.
struct RowCounts {
  uint64_t* examined = nullptr;  ///< rows looked at
  uint64_t* dropped = nullptr;   ///< rows of which deletions left nothing to hand over

  void Add(uint64_t rows_examined, uint64_t rows_dropped) const {
    if (examined != nullptr) *examined += rows_examined;
    if (dropped != nullptr) *dropped += rows_dropped;
  }
};

}  // namespace stoa
