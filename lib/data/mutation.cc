#include "data/mutation.h"

#include "base/hash.h"
#include "data/complex_cell.h"

namespace stoa {

MutationReader::MutationReader(std::string_view mutations, const FragmentContext& context)
    : decoder_(mutations), context_(context) {}

bool MutationReader::Next(Mutation* mutation) {
  while (!malformed_ && decoder_.remaining() != 0) {
    uint8_t kind = 0;
    op_ = decoder_.rest().data();
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
  const uint8_t flags = kind & (mutation_op::kOwnTimestamp | mutation_op::kBefore);
  mutation->kind = kind - flags;
  switch (mutation->kind) {
    case mutation_op::kRow:
      return flags == 0 && decoder_.LengthPrefixed(&mutation->clustering) && !mutation->clustering.empty() &&
             decoder_.LengthPrefixed(&mutation->fragment);
    case mutation_op::kDeleteRange:
      return decoder_.LengthPrefixed(&mutation->clustering) && !mutation->clustering.empty() &&
             decoder_.LengthPrefixed(&mutation->end) && ReadDeletion(flags, mutation);
    case mutation_op::kDeletePartition:
      return ReadDeletion(flags, mutation);
    default:
      return false;
  }
}

bool MutationReader::ReadDeletion(uint8_t flags, Mutation* mutation) {
  mutation->deletion = DeletionTime{context_.timestamp, context_.now_seconds};
  if (flags == 0) return true;
  if (flags == mutation_op::kBefore) {
    mutation->deletion.timestamp = TimestampBefore(context_.timestamp);
    return true;
  }
  return flags == mutation_op::kOwnTimestamp && decoder_.SignedVarint(&mutation->deletion.timestamp) &&
         !mutation->deletion.live();
}

namespace {

bool OnlyDeletes(const Cell& cell) {
  ComplexCellReader reader(cell, FragmentContext{});
  ComplexElement element;
  CounterDelta delta;
  while (reader.NextElement(&element)) {
    if (!element.cell.tombstone) return false;
  }
  return !reader.NextDelta(&delta) && reader.ok();
}

bool RowOnlyDeletes(std::string_view fragment) {
  FragmentReader reader(fragment, FragmentContext{});
  if (reader.has_marker()) return false;
  ColumnId column = 0;
  Cell cell;
  while (reader.NextCell(&column, &cell)) {
    if (cell.complex ? !OnlyDeletes(cell) : !cell.tombstone) return false;
  }
  return reader.ok();
}

}  // namespace

bool OnlyDeletes(std::string_view mutations) {
  MutationReader reader(mutations, FragmentContext{});
  Mutation mutation;
  while (reader.Next(&mutation)) {
    if (mutation.kind == mutation_op::kRow && !RowOnlyDeletes(mutation.fragment)) return false;
  }
  return reader.ok();
}

void MakeDeletionsOlder(std::string* mutations) {
  MutationReader reader(*mutations, FragmentContext{});
  Mutation mutation;
  while (reader.Next(&mutation)) {
    if (mutation.kind == mutation_op::kRow) continue;
    (*mutations)[static_cast<size_t>(reader.op() - mutations->data())] |= mutation_op::kBefore;
  }
}

}  // namespace stoa
