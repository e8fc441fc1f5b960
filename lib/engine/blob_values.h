// The values of blob cells in the rows that a result shows.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "blob/blob_file.h"
#include "data/row_batch.h"
#include "engine/result_row.h"

namespace stoa {

/// Loads the values of the wanted columns, for one row or for consecutive rows of a batch, into memory of its
/// own, which it keeps until it is asked for other rows. Not thread-safe.
class BlobValues {
 public:
  /// What the values of several rows may take together; one row may take more.
  static constexpr uint64_t kLoadedBytesMax = 64 << 20;

  /// Turns to another batch, whose columns are loaded.
  void SetBatch(const ResultColumns& columns, const RowBatch& batch);
  /// True when a wanted column of the batch has a blob; otherwise there is nothing to load.
  bool any() const { return !columns_.empty(); }

  /// Loads the values of rows [first, end) of the batch, whose files the reader's view holds. The rows must
  /// fit (RowsThatFit). DataLoss as LoadBlob.
  absl::Status Load(Directory& directory, uint32_t first, uint32_t end);
  /// Of the rows from `first` on, where those end that can be loaded at once: `end`, or before it, but not
  /// before first + 1.
  uint32_t EndOfRowsThatFit(uint32_t first, uint32_t end) const;

  /// The values of a column, by row of the batch, for the rows that were loaded; null when it has no blobs.
  /// Valid until other rows are loaded.
  const std::string_view* Find(uint32_t column_index) const;

 private:
  struct Column {
    const ColumnVector* vector;
    std::vector<std::string_view> bytes;  // by row
    std::vector<BlobValue> values;
    const char* last_reference = nullptr;  // of the last of them
  };

  std::vector<Column> columns_;
};

}  // namespace stoa
