// A condition on one column, applied to the cells of many rows at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "data/row_batch.h"
#include "io/file_system.h"
#include "read/predicate_filter.h"

namespace stoa {

/// Immutable but for scratch memory; not thread-safe.
class ColumnTest {
 public:
  /// `directory`: where blobs are; null where there are none.
  ColumnTest(const Predicate& predicate, Directory* directory);

  uint32_t index() const { return predicate_.index; }
  /// What values can satisfy the condition, for zone maps; may allow some that cannot. Views this object.
  const ColumnBounds& bounds() const { return bounds_; }

  /// Clears keep[row - begin] of the rows in [begin, end) whose cell, which is live if there is one, does not
  /// satisfy the condition. Loads blobs where their beginning does not tell; the errors are those of loading.
  absl::Status Apply(const ColumnVector& column, uint32_t begin, uint32_t end, uint8_t* keep);

 private:
  void SetWordBounds();
  void SetBytesBounds();

  template <typename Test>
  static void ForEachValue(const ColumnVector& column, uint32_t begin, uint32_t end, uint8_t* keep,
                           const Test& test);
  template <typename Number, typename FromWord>
  void ApplyNumber(const ColumnVector& column, uint32_t begin, uint32_t end, uint8_t* keep,
                   const FromWord& number);
  void ApplyWords(const ColumnVector& column, uint32_t begin, uint32_t end, uint8_t* keep);
  absl::Status ApplyBytes(const ColumnVector& column, uint32_t begin, uint32_t end, uint8_t* keep);
  absl::StatusOr<bool> BlobSatisfies(std::string_view reference) const;

  Predicate predicate_;
  Directory* directory_;
  ColumnBounds bounds_;
  bool by_encoding_ = false;  // the order of the type is not that of its bytes
  std::string encoded_;
  std::string scratch_;
};

}  // namespace stoa
