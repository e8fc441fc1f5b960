// Row fragments: a valid one yields as many cells as it says, with ascending columns; any other ends in an
// error.
#include "data/fragment.h"

#include "data/complex_cell.h"
#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const bool valid = stoa::IsValidFragment(bytes);
  stoa::FragmentReader reader(bytes, stoa::FragmentContext{});
  stoa::ColumnId column = 0;
  stoa::ColumnId previous = 0;
  stoa::Cell cell;
  uint32_t cells = 0;
  while (reader.NextCell(&column, &cell)) {
    STOA_FUZZ_CHECK(cells == 0 || column > previous);
    STOA_FUZZ_CHECK(cell.bytes.empty() ||
                    (cell.bytes.data() >= bytes.data() &&
                     cell.bytes.data() + cell.bytes.size() <= bytes.data() + bytes.size()));
    previous = column;
    ++cells;
  }
  if (valid) {
    STOA_FUZZ_CHECK(reader.ok());
    STOA_FUZZ_CHECK(cells == reader.cell_count());
  }
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  namespace flags = stoa::fragment_flags;
  std::string header(1, static_cast<char>(flags::kMarker | flags::kTimestamp | flags::kTtl |
                                          flags::kDeletion | flags::kDeletionTimes));
  stoa::AppendVarint(&header, stoa::ZigZag(-5));
  stoa::AppendVarint(&header, 3600);
  stoa::AppendVarint(&header, stoa::ZigZag(7));
  stoa::AppendVarint(&header, stoa::ZigZag(1700000000));
  std::string full = header;
  stoa::AppendVarint(&full, 4);
  stoa::AppendWordCell(&full, 3, 0x1234, 4);
  stoa::AppendTombstoneCell(&full, 1);
  stoa::AppendBytesCell(&full, 200, "some bytes");
  stoa::AppendBytesCell(&full, 1, "");
  stoa::ComplexCellBuilder builder;
  builder.DeleteBefore();
  builder.Put("path", "value");
  builder.Append(0, 0, "appended");
  std::string content;
  builder.Finish(&content);
  std::string complex(1, '\0');
  stoa::AppendVarint(&complex, 1);
  stoa::AppendComplexCell(&complex, 3, content);
  std::string plain(1, static_cast<char>(flags::kMarker));
  stoa::AppendVarint(&plain, 1);
  stoa::AppendWordCell(&plain, 1, 1, 8);
  return {full, complex, plain, std::string(2, '\0')};
}
