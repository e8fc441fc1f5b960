// Decompressors for whoever needs one for a moment.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "sstable/block.h"
#include "sstable/idle_pool.h"

namespace stoa {

/// Their contexts are large, so that one for each thread that is decompressing is kept, not one for each
/// file. Thread-safe.
class DecompressorPool {
 public:
  absl::Status Decompress(SectionCodec codec, std::string_view payload, uint32_t raw_bytes, char* out) {
    std::unique_ptr<SectionDecompressor> decompressor = idle_.Take();
    absl::Status status = decompressor->Decompress(codec, payload, raw_bytes, out);
    idle_.Give(std::move(decompressor));
    return status;
  }

 private:
  IdlePool<SectionDecompressor> idle_{SIZE_MAX};
};

}  // namespace stoa
