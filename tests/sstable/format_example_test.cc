// The example in FORMAT.md is what this code writes.
#include <cctype>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sstable/block_test_support.h"
#include "sstable/extent.h"
#include "sstable/sstable_fixture.h"
#include "sstable/table_reader.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa::testing {
namespace {

constexpr std::string_view kHeading = "### Example";
constexpr std::string_view kFence = "```";

/// The bytes of the fenced block below the heading. A line of it is the offset of its first byte, bytes in
/// hexadecimal, a bar, and what they mean.
std::string ReadExample() {
  std::ifstream file(STOA_SSTABLE_FORMAT);
  std::string line, bytes;
  bool below = false;
  bool inside = false;
  while (std::getline(file, line)) {
    below = below || line.starts_with(kHeading);
    if (!below) continue;
    if (line.starts_with(kFence)) {
      if (inside) return bytes;
      inside = true;
      continue;
    }
    if (!inside) continue;
    INFO(line);
    std::istringstream words(line.substr(0, line.find('|')));
    size_t offset = 0;
    if (!(words >> offset)) continue;
    CHECK(offset == bytes.size());
    for (std::string word; words >> word;) {
      REQUIRE(word.size() == 2);
      bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
    }
  }
  FAIL("no example in " << STOA_SSTABLE_FORMAT);
  return bytes;
}

/// For whoever changes the format: what goes into the fenced block, without the meaning.
std::string Dump(std::string_view bytes) {
  std::ostringstream text;
  text << std::hex;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 == 0) text << "\n" << std::dec << i << std::hex << " ";
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text << " " << (byte < 16 ? "0" : "") << static_cast<int>(byte);
  }
  return text.str();
}

/// The block in the file that holds `content`.
std::string WriteBlock(const Table& table, const Content& content) {
  SSTableFixture fixture;
  SSTableWriterOptions options;
  options.number = 1;
  options.file_id = 7;
  const SSTableMetadata metadata = ValueOf(fixture.Write(table.schema, content, options));
  const auto reader =
      ValueOf(TableReader::Open(fixture.directory(), SSTableName(1), &metadata, &fixture.cache()));
  REQUIRE(reader->root().entry_count() == 1);
  const auto extent = ValueOf(reader->GetExtent(0, nullptr));
  REQUIRE(extent->page().entry_count() == 1);
  const FileRange range = extent->page().Range(0);
  REQUIRE(range.offset == 64);
  return fixture.ReadFile(1).substr(range.offset, range.bytes);
}

}  // namespace

// Goal: the example in FORMAT.md is true, byte for byte. Method: write the rows that it describes.
TEST_CASE("the example of the format is what is written") {
  const Table table(TableSchema::Builder("readings")
                        .PartitionKey("sensor", TypeKind::kText)
                        .Clustering("day", TypeKind::kInt)
                        .Regular("celsius", TypeKind::kInt)
                        .Regular("note", TypeKind::kText));
  const auto row = [&](int day, int celsius, std::string note) {
    ContentRow result = table.Row({Value(day)}, 1000);
    result.cells[table.Id("celsius")] = WordCell(static_cast<uint64_t>(celsius), 1000);
    if (!note.empty()) result.cells[table.Id("note")] = BytesCell(std::move(note), 1000);
    return result;
  };
  Content content{Partition("attic"), Partition("cellar")};
  content[0].rows = {row(1, 20, "fine"), row(2, 23, "")};
  content[1].rows = {row(1, 12, "dry")};
  SortPartitions(&content);
  const std::string written = WriteBlock(table, content);
  INFO(Dump(written));
  CHECK(ReadExample() == written);
}

}  // namespace stoa::testing
