#include "base/stream_hash.h"

#define XXH_STATIC_LINKING_ONLY  // the size of the state
#include <xxhash.h>

namespace stoa {

struct StreamHash128::State {
  XXH3_state_t xxh;
};

StreamHash128::StreamHash128() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->xxh); }
StreamHash128::~StreamHash128() = default;

void StreamHash128::Add(std::string_view bytes) {
  XXH3_128bits_update(&state_->xxh, bytes.data(), bytes.size());
}

HashValue128 StreamHash128::value() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->xxh);
  return HashValue128{hash.low64, hash.high64};
}

}  // namespace stoa
