// A data block in memory: its header, and its sections decompressed as they are wanted.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <absl/container/fixed_array.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "io/sync.h"
#include "sstable/block.h"
#include "sstable/block_cache.h"
#include "sstable/table_file.h"

namespace stoa {

/// Thread-safe. A block up to kWholeReadBytes is read from the file at once, and its sections wait,
/// compressed, until they are wanted; of a larger one each section is read when it is wanted.
class CachedBlock : public CacheEntry, public SectionSource {
  struct Passkey {};

 public:
  static constexpr size_t kWholeReadBytes = 64 << 10;

  /// Reads and verifies the front of the block at `range`. Whatever the block grows by later is charged to
  /// `cache`, which outlives it. The caller inserts it there.
  static absl::StatusOr<std::shared_ptr<CachedBlock>> Load(const std::shared_ptr<const TableFile>& file,
                                                           const FileRange& range, const BlockLayout& layout,
                                                           BlockCache* cache, ReadStats* stats);
  /// For Load, which wants block and reference count in one piece of memory.
  CachedBlock(Passkey, const std::shared_ptr<const TableFile>& file, const FileRange& range,
              BlockHeader header, BlockCache* cache);
  ~CachedBlock() override;

  const BlockHeader& header() const { return header_; }
  /// Asks for the memory in which a search begins: the header, and the front of the keys.
  void PrefetchForFind() const;
  uint64_t offset() const { return range_.offset; }
  /// The bytes in memory when it was loaded.
  size_t memory_bytes() const;

  /// Verified and decompressed when first wanted; valid as long as the block. After an error it may be tried
  /// again.
  absl::StatusOr<std::string_view> Section(uint32_t number) override;
  const char* LoadedSection(uint32_t number) const override {
    return slots_[number].raw.load(std::memory_order_acquire);
  }
  /// Columns are kept that take more bytes themselves than what was parsed of them.
  const BlockColumn* KeptColumn(uint32_t place) const override {
    return columns_[place].load(std::memory_order_acquire);
  }
  void KeepColumn(uint32_t place, const BlockColumn& column) override;
  const uint64_t* KeptTokens() const override { return tokens_.load(std::memory_order_acquire); }
  void KeepTokens(std::span<const uint64_t> tokens) override;

 private:
  using Buffer = std::unique_ptr<char[]>;
  struct Slot {
    std::atomic<const char*> raw{nullptr};  // set once, after what it points to
    Buffer raw_owner;                       // guarded by mutex_, like all that follows
    Buffer stored;                          // payload as in the file, if it was read and is not wanted yet
    uint64_t offset = 0;                    // in the file
    uint64_t checksum = 0;
  };

  /// Of so many columns what was parsed is found without another wait.
  static constexpr size_t kFewColumns = 10;

  absl::Status Fill(uint32_t number);
  absl::StatusOr<Buffer> TakeStored(uint32_t number, const TableFile& file)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // What every read needs stands first, and in one piece with the reference count: each line of memory that
  // names another costs a wait.
  absl::FixedArray<Slot, 4> slots_;
  absl::FixedArray<std::atomic<const BlockColumn*>, kFewColumns> columns_;  // null: not kept
  std::atomic<const uint64_t*> tokens_{nullptr};                            // likewise
  const BlockHeader header_;
  // The cache must not keep the file of an SSTable open that nobody uses any more.
  const std::weak_ptr<const TableFile> file_;
  const FileRange range_;
  const CacheKey key_;
  BlockCache* const cache_;
  Mutex mutex_;
};

}  // namespace stoa
