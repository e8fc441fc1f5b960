// Mutations, the payload of log records: every op lies within the bytes, and belongs to a partition.
#include "base/coding.h"
#include "data/mutation.h"
#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto inside = [&](std::string_view part) {
    return part.empty() ||
           (part.data() >= bytes.data() && part.data() + part.size() <= bytes.data() + bytes.size());
  };
  const stoa::FragmentContext context{.timestamp = 1000, .now_seconds = 50};
  stoa::MutationReader reader(bytes, context);
  stoa::Mutation mutation;
  size_t ops = 0;
  while (reader.Next(&mutation)) {
    STOA_FUZZ_CHECK(++ops <= bytes.size());
    STOA_FUZZ_CHECK(mutation.kind >= stoa::mutation_op::kRow &&
                    mutation.kind <= stoa::mutation_op::kDeletePartition);
    STOA_FUZZ_CHECK(inside(mutation.key));
    if (mutation.kind == stoa::mutation_op::kRow) {
      STOA_FUZZ_CHECK(inside(mutation.clustering) && inside(mutation.fragment));
      stoa::FragmentReader fragment(mutation.fragment, context);
      stoa::ColumnId column = 0;
      stoa::Cell cell;
      while (fragment.NextCell(&column, &cell)) STOA_FUZZ_CHECK(inside(cell.bytes));
    }
    if (mutation.kind == stoa::mutation_op::kDeleteRange) STOA_FUZZ_CHECK(mutation.clustering < mutation.end);
  }
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  namespace op = stoa::mutation_op;
  const auto partition = [](std::string* out, uint64_t table, std::string_view key) {
    out->push_back(static_cast<char>(op::kPartition));
    stoa::AppendVarint(out, table);
    stoa::AppendVarint(out, 1);
    stoa::AppendLengthPrefixed(out, key);
  };
  std::string fragment(1, static_cast<char>(stoa::fragment_flags::kMarker));
  stoa::AppendVarint(&fragment, 1);
  stoa::AppendBytesCell(&fragment, 2, "value");
  std::string row;
  partition(&row, 1, "key");
  row.push_back(static_cast<char>(op::kRow));
  stoa::AppendLengthPrefixed(&row, "@clustering8");
  stoa::AppendLengthPrefixed(&row, fragment);
  std::string deletions;
  partition(&deletions, 300, "other key");
  deletions.push_back(static_cast<char>(op::kDeleteRange));
  stoa::AppendLengthPrefixed(&deletions, "a");
  stoa::AppendLengthPrefixed(&deletions, "b");
  deletions.push_back(static_cast<char>(op::kDeletePartition | op::kOwnTimestamp));
  stoa::AppendVarint(&deletions, stoa::ZigZag(-1));
  return {row, deletions, row + deletions};
}
