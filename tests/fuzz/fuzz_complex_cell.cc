// Complex cells: what is merged of any bytes is a well-formed, resolved cell that does not depend on order
// and grouping.
#include "data/complex_cell.h"

#include "base/coding.h"
#include "data/complex_merge.h"
#include "fuzz/fuzz_target.h"

namespace {

using stoa::Cell;
using stoa::FragmentContext;

struct Given {
  Cell cell;
  FragmentContext context;
};

/// What all say together; an empty one if that is nothing.
Cell Merge(const std::vector<Given>& cells, std::string* bytes) {
  stoa::ComplexMerger merger;
  merger.Start();
  for (const Given& given : cells) merger.Add(given.cell, given.context);
  Cell merged;
  return merger.Merge(stoa::ComplexRules(), bytes, &merged) ? merged : Cell{};
}

void CheckReader(const Given& given) {
  stoa::ComplexCellReader reader(given.cell, given.context);
  stoa::ComplexElement element;
  const char* const begin = given.cell.bytes.data();
  while (reader.NextElement(&element)) {
    STOA_FUZZ_CHECK(element.cell.timestamp <= given.cell.timestamp);
    STOA_FUZZ_CHECK(element.path.data() >= begin &&
                    element.path.data() + element.path.size() <= begin + given.cell.bytes.size());
  }
  stoa::CounterDelta delta;
  while (reader.NextDelta(&delta)) STOA_FUZZ_CHECK(delta.min_timestamp <= delta.max_timestamp);
  const bool in_context = stoa::ComplexCellReader(given.cell, given.context).in_context();
  STOA_FUZZ_CHECK(reader.ok() == stoa::IsValidComplexCell(given.cell, true));
  if (in_context) STOA_FUZZ_CHECK(!stoa::IsValidComplexCell(given.cell, false));
}

}  // namespace

// An input: for each cell its timestamp, of its commit too, in a byte, then its bytes with their length.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stoa::Decoder decoder({reinterpret_cast<const char*>(data), size});
  std::vector<Given> cells;
  uint8_t timestamp = 0;
  Given given;
  while (cells.size() < 6 && decoder.Little(&timestamp) && decoder.LengthPrefixed(&given.cell.bytes)) {
    given.cell.complex = true;
    given.cell.timestamp = timestamp % 2 == 0 ? timestamp : stoa::kNoTimestamp + 1 + timestamp;
    given.context = FragmentContext{timestamp, 100};
    CheckReader(given);
    // Of malformed ones a merge takes what it can: what comes out must be well formed, no more.
    std::string ignored;
    const Cell merged = Merge({given}, &ignored);
    STOA_FUZZ_CHECK(!merged.complex || stoa::IsValidComplexCell(merged, false));
    if (stoa::IsValidComplexCell(given.cell, true)) cells.push_back(given);
  }
  if (cells.size() < 2) return 0;
  std::string bytes, reverse_bytes, first_bytes, grouped_bytes;
  const Cell merged = Merge(cells, &bytes);
  const Cell reverse = Merge({cells.rbegin(), cells.rend()}, &reverse_bytes);
  std::vector<Given> grouped = {{Merge({cells.begin(), cells.end() - 1}, &first_bytes), {}}, cells.back()};
  if (!grouped[0].cell.complex) grouped.erase(grouped.begin());
  const Cell again = Merge(grouped, &grouped_bytes);
  for (const Cell& other : {reverse, again}) {
    STOA_FUZZ_CHECK(other.complex == merged.complex && other.bytes == merged.bytes &&
                    other.timestamp == merged.timestamp);
  }
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  stoa::ComplexCellBuilder builder;
  std::vector<std::string> cells;
  const auto finish = [&] {
    builder.Finish(&cells.emplace_back());
    builder.Clear();
  };
  builder.DeleteBefore();
  builder.Put("a", "1");
  builder.Put("b", "");
  finish();
  builder.Put("a", "2");
  builder.Remove("b");
  finish();
  builder.Append(1, 0, "x");
  builder.Append(1, 1, "y");
  builder.Prepend(2, 0, "z");
  finish();
  builder.Increment(-5);
  finish();
  builder.DeleteAt();
  finish();
  std::vector<std::string> seeds;
  std::string all;
  std::string some_resolved;
  for (size_t i = 0; i < cells.size(); ++i) {
    for (std::string* out : {&all, &some_resolved}) {
      Given given{Cell{}, FragmentContext{static_cast<int64_t>(20 - 2 * i), 100}};
      given.cell.timestamp = given.context.timestamp;
      given.cell.expiry = i == 1 ? 200 : stoa::kNoExpiry;
      given.cell.bytes = cells[i];
      std::string bytes;
      if (out == &some_resolved) given.cell = Merge({given}, &bytes);
      out->push_back(static_cast<char>(given.cell.timestamp));
      stoa::AppendLengthPrefixed(out, given.cell.bytes);
    }
    seeds.push_back(all);
  }
  seeds.push_back(some_resolved);
  return seeds;
}
