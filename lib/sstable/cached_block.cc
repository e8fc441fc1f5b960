#include "sstable/cached_block.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/hash.h"
#include "base/prefetch.h"
#include "base/status_macros.h"
#include "sstable/block_column.h"
#include "sstable/stored_block.h"

namespace stoa {

absl::StatusOr<std::shared_ptr<CachedBlock>> CachedBlock::Load(const std::shared_ptr<const TableFile>& file,
                                                               const FileRange& range,
                                                               const BlockLayout& layout, BlockCache* cache,
                                                               ReadStats* stats) {
  if (range.bytes < kBlockFrameBytes || range.offset > file->bytes() ||
      range.bytes > file->bytes() - range.offset) {
    return file->Corrupt(range.offset, "a block of ", range.bytes, " bytes does not lie in the file");
  }
  size_t size = static_cast<size_t>(std::min<uint64_t>(range.bytes, kWholeReadBytes));
  auto bytes = std::make_unique_for_overwrite<char[]>(size);
  STOA_RETURN_IF_ERROR(file->Read(range.offset, size, bytes.get(), stats));
  const uint64_t front_bytes = BlockFrontBytes(std::string_view(bytes.get(), size));
  if (front_bytes > size && front_bytes <= range.bytes) {
    size = static_cast<size_t>(front_bytes);
    bytes = std::make_unique_for_overwrite<char[]>(size);
    STOA_RETURN_IF_ERROR(file->Read(range.offset, size, bytes.get(), stats));
  }
  STOA_ASSIGN_OR_RETURN(BlockFront front,
                        BlockFront::Decode(*file, range, std::string_view(bytes.get(), size), layout));
  const auto block = std::make_shared<CachedBlock>(Passkey(), file, range, std::move(front.header()), cache);
  uint64_t at = front.bytes();
  for (size_t i = 0; i < block->header_.sections.size(); ++i) {
    const uint32_t stored_bytes = block->header_.sections[i].stored_bytes;
    Slot& slot = block->slots_[i];
    slot.offset = range.offset + at;
    slot.checksum = front.section_checksum(i);
    if (at + stored_bytes <= size) {
      slot.stored = std::make_unique_for_overwrite<char[]>(stored_bytes);
      std::memcpy(slot.stored.get(), bytes.get() + at, stored_bytes);
    }
    at += stored_bytes;
  }
  return block;
}

CachedBlock::CachedBlock(Passkey, const std::shared_ptr<const TableFile>& file, const FileRange& range,
                         BlockHeader header, BlockCache* cache)
    : slots_(header.sections.size()),
      columns_(header.columns.size()),
      header_(std::move(header)),
      file_(file),
      range_(range),
      key_{file->file_id(), range.offset, CachedKind::kBlock},
      cache_(cache) {}

CachedBlock::~CachedBlock() {
  for (const auto& column : columns_) delete column.load(std::memory_order_relaxed);
  delete[] tokens_.load(std::memory_order_relaxed);
}

size_t CachedBlock::memory_bytes() const {
  const size_t slots = slots_.size() * sizeof(Slot) + columns_.size() * sizeof(columns_[0]);
  const auto stored = static_cast<size_t>(std::min<uint64_t>(range_.bytes, kWholeReadBytes));
  return sizeof(*this) + header_.memory_bytes() + slots + stored;
}

void CachedBlock::PrefetchForFind() const {
  constexpr size_t kFrontBytes = 256;
  constexpr size_t kLineBytes = 64;
  const char* const section = slots_[kKeySection].raw.load(std::memory_order_acquire);
  if (section != nullptr) Prefetch(section, kFrontBytes);
  const KeyParts& keys = header_.keys;
  const auto* const begin = reinterpret_cast<const char*>(&header_.liveness.timestamps);
  Prefetch(begin, static_cast<size_t>(reinterpret_cast<const char*>(&keys.clustering) - begin));
  if (!keys.clustering.empty()) Prefetch(keys.clustering.data(), 2 * kLineBytes);
  if (columns_.empty()) return;
  Prefetch(header_.columns.data(), kLineBytes);
  Prefetch(columns_.data(), kLineBytes);
  const uint64_t* const tokens = KeptTokens();
  if (tokens == nullptr) return;
  // One of many partitions, of which the filter has said that it is there: then its row mostly is.
  Prefetch(tokens, std::min<size_t>(header_.run_count * sizeof(*tokens), kFrontBytes));
  Prefetch(&header_.columns.back(), sizeof(header_.columns.back()));
  if (columns_.size() > kFewColumns) return;
  const BlockColumn* const first = KeptColumn(0);
  if (first != nullptr) Prefetch(first, sizeof(*first));
}

void CachedBlock::KeepColumn(uint32_t place, const BlockColumn& column) {
  if (header_.columns[place].bytes < sizeof(BlockColumn)) return;
  auto kept = std::make_unique<const BlockColumn>(column);
  const BlockColumn* expected = nullptr;
  if (!columns_[place].compare_exchange_strong(expected, kept.get(), std::memory_order_acq_rel)) return;
  kept.release();
  cache_->Grow(key_, this, sizeof(BlockColumn));
}

void CachedBlock::KeepTokens(std::span<const uint64_t> tokens) {
  auto kept = std::make_unique_for_overwrite<uint64_t[]>(tokens.size());
  std::copy(tokens.begin(), tokens.end(), kept.get());
  const uint64_t* expected = nullptr;
  if (!tokens_.compare_exchange_strong(expected, kept.get(), std::memory_order_acq_rel)) return;
  kept.release();
  cache_->Grow(key_, this, tokens.size_bytes());
}

absl::StatusOr<std::string_view> CachedBlock::Section(uint32_t number) {
  if (number >= header_.sections.size())
    return absl::DataLossError(StrCat("no section ", number, " in the block"));
  Slot& slot = slots_[number];
  const char* raw = slot.raw.load(std::memory_order_acquire);
  if (raw == nullptr) [[unlikely]] {
    STOA_RETURN_IF_ERROR(Fill(number));
    raw = slot.raw.load(std::memory_order_acquire);
  }
  return std::string_view(raw, header_.sections[number].raw_bytes);
}

absl::Status CachedBlock::Fill(uint32_t number) {
  const BlockHeader::Section& section = header_.sections[number];
  Slot& slot = slots_[number];
  uint64_t growth = section.raw_bytes;
  {
    MutexLock lock(&mutex_);
    if (slot.raw.load(std::memory_order_relaxed) != nullptr) return absl::OkStatus();
    // Only a block that is larger than a whole read needs the file again, and only a reader of an open
    // SSTable asks.
    const std::shared_ptr<const TableFile> file = file_.lock();
    if (file == nullptr) return absl::FailedPreconditionError("the SSTable of a block is closed");
    if (slot.stored != nullptr) growth -= std::min<uint64_t>(growth, section.stored_bytes);
    STOA_ASSIGN_OR_RETURN(Buffer stored, TakeStored(number, *file));
    if (section.codec == SectionCodec::kRaw) {
      slot.raw_owner = std::move(stored);
    } else {
      auto raw = std::make_unique_for_overwrite<char[]>(section.raw_bytes);
      STOA_RETURN_IF_ERROR(file->Located(
          slot.offset, cache_->decompressors().Decompress(section.codec, {stored.get(), section.stored_bytes},
                                                          section.raw_bytes, raw.get())));
      slot.raw_owner = std::move(raw);
    }
    slot.raw.store(slot.raw_owner.get(), std::memory_order_release);
  }
  if (growth > 0) cache_->Grow(key_, this, growth);
  return absl::OkStatus();
}

absl::StatusOr<CachedBlock::Buffer> CachedBlock::TakeStored(uint32_t number, const TableFile& file) {
  const uint32_t stored_bytes = header_.sections[number].stored_bytes;
  Slot& slot = slots_[number];
  Buffer stored = std::move(slot.stored);
  if (stored == nullptr) {
    stored = std::make_unique_for_overwrite<char[]>(stored_bytes);
    STOA_RETURN_IF_ERROR(file.Read(slot.offset, stored_bytes, stored.get(), nullptr));
  }
  if (SectionChecksum({stored.get(), stored_bytes}, file.file_id(), slot.offset) != slot.checksum) {
    return file.Corrupt(slot.offset, "the checksum of section ", number, " of a block is wrong");
  }
  return stored;
}

}  // namespace stoa
