// Decompressors for whoever needs one for a moment.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "io/sync.h"
#include "sstable/block.h"

namespace stoa {

/// Their contexts are large, so that one for each thread that is decompressing is kept, not one for each
/// file. Thread-safe.
class DecompressorPool {
 public:
  absl::Status Decompress(SectionCodec codec, std::string_view payload, uint32_t raw_bytes, char* out) {
    std::unique_ptr<SectionDecompressor> decompressor = Take();
    absl::Status status = decompressor->Decompress(codec, payload, raw_bytes, out);
    MutexLock lock(&mutex_);
    idle_.push_back(std::move(decompressor));
    return status;
  }

 private:
  std::unique_ptr<SectionDecompressor> Take() {
    {
      MutexLock lock(&mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<SectionDecompressor> decompressor = std::move(idle_.back());
        idle_.pop_back();
        return decompressor;
      }
    }
    return std::make_unique<SectionDecompressor>();
  }

  Mutex mutex_;
  std::vector<std::unique_ptr<SectionDecompressor>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stoa
