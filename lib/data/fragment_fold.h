// Several fragments of a row as one, so that a row which is written often stays cheap to read.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "data/fragment.h"
#include "data/row_merger.h"

namespace stoa {

/// A fragment with what the commit it came with says of it.
struct FragmentInContext {
  std::string_view bytes;
  FragmentContext context;
};

/// Adds what a fragment says to the row that `merger` puts together; of its cells those that the merger
/// projects.
void AddFragment(const FragmentInContext& fragment, RowMerger* merger);

/// How the deltas of counters are folded.
struct CounterFold {
  /// A deletion which everybody who reads the fold knows to cover the row.
  DeletionTime covering;
  const CanFold* can_fold = nullptr;  ///< null: they stay as they are
};

/// Appends to `out` one fragment which, in the context that is returned, says of a row what all of
/// `fragments` say together (by the rules of RowMerger, which do not depend on their order): a reader who
/// adds it instead of them sees the same row. REQUIRES: all are well formed.
FragmentContext FoldFragments(std::span<const FragmentInContext> fragments, const CounterFold& counters,
                              std::string* out);

}  // namespace stoa
