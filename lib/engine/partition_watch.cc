#include "engine/partition_watch.h"

#include <algorithm>

#include "data/mutation.h"

namespace stoa {

bool Touches(std::string_view mutations, std::span<const WatchedPartition> partitions) {
  MutationReader reader(mutations, FragmentContext{});
  Mutation mutation;
  const char* last_key = nullptr;  // a run of operations on one partition shares the bytes of its key
  while (reader.Next(&mutation)) {
    if (mutation.key.data() == last_key) continue;
    last_key = mutation.key.data();
    const bool watched =
        std::any_of(partitions.begin(), partitions.end(), [&](const WatchedPartition& partition) {
          return partition.table == mutation.table && partition.key == mutation.key;
        });
    if (watched) return true;
  }
  return false;
}

}  // namespace stoa
