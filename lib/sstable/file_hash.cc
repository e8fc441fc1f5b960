#include "sstable/file_hash.h"

#define XXH_STATIC_LINKING_ONLY  // the size of the state
#include <xxhash.h>

namespace stoa {

struct FileHash::State {
  XXH3_state_t xxh;
};

FileHash::FileHash() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->xxh); }
FileHash::~FileHash() = default;

void FileHash::Add(std::string_view bytes) { XXH3_128bits_update(&state_->xxh, bytes.data(), bytes.size()); }

FileHash::Value FileHash::value() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->xxh);
  return Value{hash.low64, hash.high64};
}

}  // namespace stoa
