#include "data/mutation.h"

#include "base/hash.h"

namespace stoa {

MutationReader::MutationReader(std::string_view mutations, const FragmentContext& context)
    : decoder_(mutations), context_(context) {}

bool MutationReader::Next(Mutation* mutation) {
  while (!malformed_ && decoder_.remaining() != 0) {
    uint8_t kind = 0;
    decoder_.Little(&kind);
    if (kind == mutation_op::kPartition) {
      malformed_ = !ReadPartition();
      continue;
    }
    *mutation = partition_;
    if (!has_partition_ || !ReadOp(kind, mutation)) {
      malformed_ = true;
      break;
    }
    if (mutation->kind == mutation_op::kDeleteRange && mutation->clustering >= mutation->end) continue;
    return true;
  }
  return false;
}

bool MutationReader::ReadPartition() {
  if (!decoder_.Varint(&partition_.table) || !decoder_.Varint(&partition_.schema_version) ||
      !decoder_.LengthPrefixed(&partition_.key) || partition_.key.empty() ||
      partition_.key.size() > kKeyBytesMax) {
    return false;
  }
  partition_.token = OrderedToken(PartitionToken(partition_.key));
  has_partition_ = true;
  return true;
}

bool MutationReader::ReadOp(uint8_t kind, Mutation* mutation) {
  const bool own_timestamp = (kind & mutation_op::kOwnTimestamp) != 0;
  mutation->kind = kind & static_cast<uint8_t>(~mutation_op::kOwnTimestamp);
  switch (mutation->kind) {
    case mutation_op::kRow:
      return !own_timestamp && decoder_.LengthPrefixed(&mutation->clustering) &&
             !mutation->clustering.empty() && decoder_.LengthPrefixed(&mutation->fragment);
    case mutation_op::kDeleteRange:
      return decoder_.LengthPrefixed(&mutation->clustering) && !mutation->clustering.empty() &&
             decoder_.LengthPrefixed(&mutation->end) && ReadDeletion(own_timestamp, mutation);
    case mutation_op::kDeletePartition:
      return ReadDeletion(own_timestamp, mutation);
    default:
      return false;
  }
}

bool MutationReader::ReadDeletion(bool own_timestamp, Mutation* mutation) {
  mutation->deletion = DeletionTime{context_.timestamp, context_.now_seconds};
  if (!own_timestamp) return true;
  return decoder_.SignedVarint(&mutation->deletion.timestamp) && !mutation->deletion.live();
}

}  // namespace stoa
