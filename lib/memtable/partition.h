// A partition in the memtable.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "base/arena.h"
#include "data/deletion_time.h"
#include "data/position.h"
#include "memtable/partition_deletions.h"
#include "memtable/row_tree.h"

namespace stoa {

/// One writer at a time; readers take no locks. Lives in an arena, its key behind it.
struct Partition : PartitionDeletions {
  static Partition* Create(Arena* arena, uint64_t token, std::string_view key) {
    char* at = arena->Allocate(sizeof(Partition) + key.size());
    if (!key.empty()) std::memcpy(at + sizeof(Partition), key.data(), key.size());
    return new (at) Partition(token, key.size());
  }

  std::string_view key() const {
    return std::string_view(reinterpret_cast<const char*>(this) + sizeof(Partition), key_size);
  }
  /// The start of the partition.
  PositionView position() const { return PositionView{token, key(), {}}; }

  RowTree rows;
  // What a search looks at stands last, in one piece with the root of the rows and the key.
  std::atomic<Partition*> next{nullptr};  ///< in the order of (token, key)
  const uint64_t token;
  const size_t key_size;

 private:
  Partition(uint64_t partition_token, size_t partition_key_size)
      : token(partition_token), key_size(partition_key_size) {}
};

}  // namespace stoa
