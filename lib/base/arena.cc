#include "base/arena.h"

#include <algorithm>
#include <utility>

namespace stoa {

char* Arena::AllocateSlow(size_t bytes) {
  // A large object gets a chunk of its own, so that the rest of the current chunk is not wasted.
  const bool own_chunk = bytes > chunk_bytes_ / 4;
  const size_t size = own_chunk ? bytes : chunk_bytes_;
  chunks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
  allocated_bytes_ += size;
  char* result = chunks_.back().bytes.get();
  if (!own_chunk) {
    next_ = result + bytes;
    end_ = result + size;
  }
  chunk_bytes_ = std::min(chunk_bytes_ * 2, chunk_bytes_max_);
  return result;
}

void Arena::Reset() {
  if (chunks_.empty()) return;
  if (chunks_.size() > 1) {
    size_t keep = 0;
    for (size_t i = 1; i < chunks_.size(); ++i) {
      if (chunks_[i].size > chunks_[keep].size) keep = i;
    }
    std::swap(chunks_[0], chunks_[keep]);
    chunks_.resize(1);
    allocated_bytes_ = chunks_[0].size;
  }
  next_ = chunks_[0].bytes.get();
  end_ = next_ + chunks_[0].size;
}

}  // namespace stoa
