// Keeps the rows that satisfy conditions, and skips what zone maps rule out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <stoa/query.h>
#include <stoa/types.h>

#include "data/row_batch.h"
#include "io/file_system.h"

namespace stoa {

/// One condition on a projected column. Values are serialized (types/value_codec.h) and compared in the order
/// of their type; a null never satisfies it, nor does a NaN.
struct Predicate {
  uint32_t index = 0;  ///< place of the column in the projection
  TypeKind kind = TypeKind::kInt;
  Comparison comparison = Comparison::kEqual;
  uint64_t word = 0;  ///< of a word type
  std::string bytes;  ///< of any other
};

/// Filters the live rows of `live` by all of `predicates`. `merged` is the merge under `live` (not owned, may
/// be null: no skipping), which is asked where a match is possible: a range of positions is skipped only if,
/// for some predicate, no source that overlaps it can match. Forward streams only skip; reverse ones are only
/// filtered. `directory`: where the blobs are that rows refer to; null where there are none.
std::unique_ptr<RowSource> NewPredicateFilter(std::unique_ptr<RowSource> live, RowSource* merged,
                                              const ScanSpec& spec, const std::vector<Predicate>& predicates,
                                              Directory* directory = nullptr);

}  // namespace stoa
