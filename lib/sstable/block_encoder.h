// Turns the rows collected for a block into its header and sections.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "sstable/block.h"
#include "sstable/block_codec.h"
#include "sstable/block_pending.h"

namespace stoa {

/// Not thread-safe; reused for block after block.
class BlockEncoder {
 public:
  BlockEncoder(const BlockLayout* layout, int compression_level);

  /// Internal when a section would be larger than any reader accepts.
  absl::StatusOr<BuiltBlock> Encode(PendingBlock& block);
  /// Bytes of all sections before compression.
  size_t raw_bytes() const { return raw_bytes_; }

 private:
  void PlanKeys(const PendingBlock& block);
  void AppendKeyDescriptors(std::string* out) const;
  void AppendKeyPayloads(SectionBuffer* out) const;
  size_t CountLanes(std::span<PendingColumn* const> columns, uint32_t row_count);
  void EncodeColumns(PendingBlock& block, BuiltBlock* built);
  absl::Status CompressSections(BuiltBlock* built);
  absl::Status AppendHeader(const PendingBlock& block, bool has_liveness, BuiltBlock* built);
  absl::Status AppendDirectory(const BuiltBlock& built, std::string* header);
  SectionBuffer& NewSection();

  const std::vector<ClusteringComponent>* components_ = nullptr;  // of the keys of the block
  SectionCompressor compressor_;
  size_t raw_bytes_ = 0;

  // Sections in use are sections_[0, section_count_).
  std::vector<SectionBuffer> sections_;
  size_t section_count_ = 0;
  std::vector<uint32_t> columns_in_section_;

  struct KeyColumnWriter {
    WordWriter high;
    WordWriter low;
    KeyStringsWriter strings;
  };
  KeyStringsWriter partition_keys_;
  WordWriter first_rows_;
  DeletionsWriter partition_deletions_;
  WordWriter change_runs_;
  WordWriter change_rows_;
  KeyStringsWriter change_bounds_;
  DeletionsWriter change_deletions_;
  std::vector<KeyColumnWriter> clustering_;
  SparseWriter timestamps_;
  SparseWriter flags_;
  SparseWriter expiries_;
  DeletionsWriter deletions_;
  ColumnWriter column_;
};

}  // namespace stoa
