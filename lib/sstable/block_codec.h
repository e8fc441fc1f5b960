// Compression of sections.
#pragma once

#include <memory>

#include "sstable/block.h"
#include "sstable/encoding_writer.h"

namespace stoa {

/// Compresses sections with one zstd context. Not thread-safe.
class SectionCompressor {
 public:
  /// Level 0 compresses nothing.
  explicit SectionCompressor(int level);
  ~SectionCompressor();

  /// Takes the bytes of `section`; they stay raw where zstd saves less than a tenth.
  absl::StatusOr<BlockSection> Compress(SectionBuffer&& section);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stoa
