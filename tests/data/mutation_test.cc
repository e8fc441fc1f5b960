#include "data/mutation.h"

#include "data/blob_reference.h"
#include "data/fragment.h"
#include "support/catch.h"
#include "support/row_generator.h"
#include "support/row_stream.h"

namespace stoa::testing {
namespace {

ContentRow RowOf(std::string_view clustering, std::string_view fragment, const FragmentContext& context) {
  ContentRow row;
  row.clustering = clustering;
  FragmentReader reader(fragment, context);
  row.has_marker = reader.has_marker();
  if (row.has_marker) {
    row.marker_timestamp = reader.timestamp();
    row.marker_expiry = reader.expiry();
  }
  row.deletion = reader.deletion();
  ColumnId column = 0;
  Cell cell;
  uint32_t cells = 0;
  while (reader.NextCell(&column, &cell)) {
    row.cells[column] = Owned(cell, context);
    ++cells;
  }
  CHECK(reader.ok());
  CHECK(cells == reader.cell_count());
  return row;
}

Content ContentOf(std::string_view mutations, const FragmentContext& context) {
  Content content;
  MutationReader reader(mutations, context);
  Mutation mutation;
  while (reader.Next(&mutation)) {
    if (content.empty())
      content.push_back(ContentPartition{mutation.token, std::string(mutation.key), {}, {}, {}});
    ContentPartition& partition = content.back();
    if (mutation.kind == mutation_op::kRow) {
      CHECK(IsValidFragment(mutation.fragment));
      partition.rows.push_back(RowOf(mutation.clustering, mutation.fragment, context));
    } else if (mutation.kind == mutation_op::kDeleteRange) {
      partition.ranges.push_back(
          ContentRange{std::string(mutation.clustering), std::string(mutation.end), mutation.deletion});
    } else {
      partition.deletion = mutation.deletion;
    }
  }
  CHECK(reader.ok());
  return content;
}

TEST_CASE("Random writes come back from their bytes") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    RowGenerator generator(seed);
    for (int i = 0; i < 100; ++i) {
      const RandomWrite write = generator.NextWrite();
      CHECK(Dump(Normalized(ContentOf(write.mutations, write.context))) == Dump(Normalized(write.content)));
    }
  }
}

TEST_CASE("A fragment with times of its own comes back from its bytes") {
  std::string reference;
  AppendBlobReference(&reference, BlobReference{"abc", {7, 8, 3}, {9, 10}});
  const std::vector<std::pair<ColumnId, ContentCell>> cells = {
      {0, {5, kNoExpiry, false, false, 0xfe, {}}},
      {3, {-6, 100, false, false, 0xffff, {}}},
      {4, {7, kNoExpiry, false, false, 1, {}}},
      {4000000000, {INT64_MAX, INT64_MIN, false, false, UINT64_MAX, {}}},
      {4000000001, {8, 9, true, false, 0, {}}},
      {4000000002, {8, 9, false, true, 0, {}}},
      {4294967294, {INT64_MIN + 1, 9, false, false, 0, std::string("a\0b", 3)}},
      {4294967295, {8, 9, false, false, 0, reference, true}},
  };
  const std::vector<uint8_t> word_bytes = {1, 2, 4, 8, 4, 4, 0, 0};
  std::string fragment;
  fragment.push_back(static_cast<char>(fragment_flags::kAll));
  AppendVarint(&fragment, ZigZag(-3));
  AppendVarint(&fragment, 20);
  AppendVarint(&fragment, ZigZag(-4));
  AppendVarint(&fragment, ZigZag(12));
  AppendVarint(&fragment, cells.size());
  ColumnId before = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    AppendCell(&fragment, cells[i].first - before, cells[i].second.view(), word_bytes[i],
               FragmentTimes{-3, 1020});
    before = cells[i].first;
  }
  CHECK(IsValidFragment(fragment));
  const ContentRow row = RowOf("c", fragment, FragmentContext{1, 1000});
  CHECK(row.marker_timestamp == -3);
  CHECK(row.marker_expiry == 1020);
  CHECK(row.deletion == DeletionTime{-4, 12});
  REQUIRE(row.cells.size() == cells.size());
  for (const auto& [column, cell] : cells) CHECK(row.cells.at(column) == cell);
}

// Goal: what the memtable asks of a row, whether it says more than values, costs no reading of values.
// Method: a fragment with a cell of every kind, read by turns.
TEST_CASE("Plain cells are passed over, and no others [rule]") {
  constexpr FragmentTimes kTimes{7, 1020};
  const std::string tree = "tree";
  Cell plain;
  plain.timestamp = kTimes.timestamp;
  plain.expiry = kTimes.expiry;
  Cell text = plain;
  text.bytes = tree;
  Cell other_timestamp = plain;
  other_timestamp.timestamp = 8;
  Cell other_expiry = text;
  other_expiry.expiry = kNoExpiry;
  Cell tombstone = plain;
  tombstone.tombstone = true;
  Cell empty = plain;
  empty.empty = true;
  const std::vector<std::pair<Cell, uint8_t>> cells = {
      {plain, 1}, {plain, 2},     {text, 0},  {other_timestamp, 4}, {plain, 4},
      {plain, 8}, {tombstone, 0}, {empty, 0}, {other_expiry, 0},    {text, 0}};
  std::string fragment;
  AppendFragmentHead(&fragment, fragment_flags::kMarker, kTimes.timestamp, 20, cells.size());
  for (const auto& [cell, word_bytes] : cells) AppendCell(&fragment, 1, cell, word_bytes, kTimes);

  FragmentReader reader(fragment, FragmentContext{1, 1000});
  ColumnId column = 0;
  Cell cell;
  std::vector<uint32_t> skipped;
  std::vector<ColumnId> read;
  while (true) {
    skipped.push_back(reader.SkipPlainCells());
    if (!reader.NextCell(&column, &cell)) break;
    read.push_back(column);
  }
  CHECK(reader.ok());
  CHECK(skipped == std::vector<uint32_t>{3, 2, 0, 0, 1});
  CHECK(read == std::vector<ColumnId>{4, 7, 8, 9});
}

TEST_CASE("Malformed fragments are refused") {
  const auto valid = [](std::initializer_list<int> bytes) {
    std::string fragment;
    for (const int byte : bytes) fragment.push_back(static_cast<char>(byte));
    FragmentReader reader(fragment, FragmentContext{});
    ColumnId column = 0;
    Cell cell;
    do {
      reader.SkipPlainCells();
    } while (reader.NextCell(&column, &cell));
    CHECK(reader.ok() == IsValidFragment(fragment));
    return IsValidFragment(fragment);
  };
  CHECK(valid({1, 0}));
  CHECK(valid({1, 1, 5, 1, 9}));
  CHECK(valid({0, 2, 5, 1, 9, 1, 0}));
  CHECK(!valid({}));
  CHECK(!valid({1}));
  CHECK(!valid({32, 0}));                                        // unknown flag
  CHECK(!valid({16, 2, 2, 0}));                                  // times of a deletion that is not there
  CHECK(!valid({1, 0, 0}));                                      // something after the end
  CHECK(!valid({1, 1, 5, 1, 9, 0}));                             // the same
  CHECK(!valid({1, 1, 5, 1}));                                   // value missing
  CHECK(!valid({1, 2, 5, 1, 9}));                                // cell missing
  CHECK(!valid({1, 2, 5, 1, 9, 0, 0}));                          // column twice
  CHECK(!valid({1, 1, 5, 7, 0}));                                // unknown size class
  CHECK(!valid({1, 1, 5, 6, 1, 9}));                             // not a reference
  CHECK(!valid({1, 1, 5, 64}));                                  // unknown bit
  CHECK(!valid({1, 1, 5, 9, 9}));                                // a tombstone with a value
  CHECK(!valid({1, 1, 5, 5, 0}));                                // empty bytes have a class of their own
  CHECK(!valid({1, 0x80, 0}));                                   // a varint longer than necessary
  CHECK(!valid({1, 2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 1, 0}));  // column id too large
  // The timestamp that means none.
  CHECK(!valid({3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0}));
  // A time to live that overflows, the longest there is, and one that is longer.
  CHECK(!valid({4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0}));
  for (const int extra : {0, 1}) {
    std::string fragment(1, static_cast<char>(fragment_flags::kTtl));
    AppendVarint(&fragment, 630'720'000 + extra);
    fragment.push_back('\0');
    CHECK(IsValidFragment(fragment) == (extra == 0));
  }
}

TEST_CASE("Malformed mutations are refused, empty ranges are nothing") {
  const auto read = [](std::string_view bytes, uint32_t* count) {
    MutationReader reader(bytes, FragmentContext{1, 1});
    Mutation mutation;
    for (*count = 0; reader.Next(&mutation);) ++*count;
    return reader.ok();
  };
  using std::literals::operator""sv;
  const std::string partition = "\x01\x07\x01\x01p";
  uint32_t count = 0;
  CHECK(read("", &count));
  CHECK(read(partition, &count));
  CHECK(count == 0);
  CHECK(read(partition + "\x04", &count));
  CHECK(count == 1);
  CHECK(read(partition + "\x84\x09", &count));
  CHECK(count == 1);
  CHECK(read(partition + "\x03\x01"
                         "a\x01"
                         "a"
                         "\x04",
             &count));
  CHECK(count == 1);
  CHECK(!read("\x04", &count));                              // of no partition
  CHECK(!read("\x01\x07\x01"sv.substr(0, 3), &count));       // no key
  CHECK(!read(std::string("\x01\x07\x01\x00", 4), &count));  // an empty key
  CHECK(!read(partition + "\x05", &count));                  // unknown kind
  CHECK(!read(partition + "\x82\x01"
                          "c\x01\x01",
              &count));                                              // a row has no timestamp here
  CHECK(!read(partition + std::string("\x02\x00\x00", 3), &count));  // an empty clustering key
  CHECK(!read(partition + "\x02\x01"
                          "c\x05"
                          "f",
              &count));  // a fragment cut short
}

// Goal: whatever the bytes, reading them stays inside and ends. Method: random bytes and random changes to
// valid ones, read to the end under the address sanitizer.
TEST_CASE("Damaged bytes are read without harm") {
  Random random(99);
  RowGenerator generator(7);
  uint64_t refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = generator.NextWrite().mutations;
    if (random.OneIn(4)) {
      bytes.assign(random.Uniform(40), '\0');
      for (char& byte : bytes) byte = static_cast<char>(random.Next());
    }
    for (uint64_t changes = 1 + random.Uniform(3); changes > 0 && !bytes.empty(); --changes) {
      const size_t at = random.Uniform(bytes.size());
      if (random.OneIn(3)) {
        bytes.erase(at, 1 + random.Uniform(4));
      } else {
        bytes[at] = static_cast<char>(random.Next());
      }
    }
    const std::string exact(bytes);  // no room behind the end
    MutationReader reader(exact, FragmentContext{1, 1});
    Mutation mutation;
    size_t ops = 0;
    while (reader.Next(&mutation)) {
      REQUIRE(++ops <= exact.size());
      if (mutation.kind == mutation_op::kRow) refused += IsValidFragment(mutation.fragment) ? 0 : 1;
    }
    refused += reader.ok() ? 0 : 1;
    // The same bytes as a fragment.
    FragmentReader fragment(exact, FragmentContext{1, INT64_MAX});
    ColumnId column = 0;
    Cell cell;
    size_t cells = 0;
    uint64_t sum = 0;
    while (fragment.NextCell(&column, &cell)) {
      REQUIRE(++cells <= exact.size());
      for (const char byte : cell.bytes) sum += static_cast<unsigned char>(byte);
    }
    refused += fragment.ok() && sum != 1 ? 0 : 1;
  }
  CHECK(refused > 10000);
}

}  // namespace
}  // namespace stoa::testing
