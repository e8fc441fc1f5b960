#include <string>
#include <vector>

#include "base/coding.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "io/random.h"
#include "sstable/extent.h"
#include "sstable/file_format.h"
#include "sstable/sstable_fixture.h"
#include "sstable/table_reader.h"
#include "support/catch.h"

namespace stoa::testing {
namespace {

/// What a reader sees of a file: all rows, forward and in reverse, and point reads; or the first error.
absl::StatusOr<std::string> ReadAll(SSTableFixture* fixture, const SSTableMetadata& metadata,
                                    const RowGenerator& generator, const Content& content) {
  BlockCache cache(1 << 20);
  STOA_ASSIGN_OR_RETURN(const std::shared_ptr<SSTable> sstable,
                        SSTable::Open(fixture->directory(), metadata, &cache));
  ScanSpec spec;
  spec.projection = &generator.projection();
  std::unique_ptr<RowSource> source = sstable->NewSource(spec, nullptr);
  STOA_ASSIGN_OR_RETURN(const Content scanned, ReadContent(source.get(), spec));
  std::string text = Dump(scanned);
  PointReadScratch scratch;
  for (const ContentPartition& partition : content) {
    spec.range = PositionRange{PositionView{partition.token, partition.key, {}}, std::nullopt};
    spec.reverse = true;
    source = sstable->NewSource(spec, nullptr);
    STOA_ASSIGN_OR_RETURN(const Content reversed, ReadContent(source.get(), spec));
    text += Dump(reversed);
    for (const ContentRow& row : partition.rows) {
      const PositionView place{partition.token, partition.key, row.clustering};
      STOA_ASSIGN_OR_RETURN(const std::string found,
                            GetRowText(*sstable, generator.projection(), place, &scratch));
      text += found;
    }
  }
  ColumnBounds bounds;
  for (bounds.index = 0; bounds.index < generator.projection().size(); ++bounds.index) {
    bounds.is_word = generator.projection()[bounds.index].word_bytes != 0;
    spec.range = {};
    spec.reverse = false;
    source = sstable->NewSource(spec, nullptr);
    STOA_ASSIGN_OR_RETURN(const auto match, source->NextPossibleMatch(bounds, PositionView{}));
    text += match.has_value() ? "match" : "none";
  }
  return text;
}

absl::Status Verify(SSTableFixture* fixture, const SSTableMetadata& metadata) {
  BlockCache cache(1 << 20);
  STOA_ASSIGN_OR_RETURN(const std::shared_ptr<SSTable> sstable,
                        SSTable::Open(fixture->directory(), metadata, &cache));
  return sstable->Verify();
}

/// A small file with everything in it, and what reading it gives.
struct Victim {
  explicit Victim(uint64_t seed, uint64_t number = 1)
      : generator(seed, Options()), content(generator.NextContent(60)) {
    SSTableWriterOptions options = SmallBlocks(number, 500, 700);
    metadata = ValueOf(fixture.Write(generator.schema(), content, options));
    bytes = fixture.ReadFile(number);
    expected = ValueOf(ReadAll(&fixture, metadata, generator, content));
    REQUIRE_OK(Verify(&fixture, metadata));
  }
  static GeneratorOptions Options() {
    GeneratorOptions options;
    options.partitions = 3;
    options.sparse_columns = 2;
    return options;
  }

  /// Damage must be noticed by Verify, and by readers unless they never see it.
  void Check(const std::string& damaged) {
    fixture.ReplaceFile(metadata.number, damaged);
    const absl::Status verified = Verify(&fixture, metadata);
    // A format number or feature that is not known is refused too, but as such.
    REQUIRE((absl::IsDataLoss(verified) || absl::IsUnimplemented(verified)));
    const std::string name = SSTableName(metadata.number);
    if (absl::IsDataLoss(verified)) {
      REQUIRE(verified.message().find("corruption in " + name + " at offset ") == 0);
    }
    const absl::StatusOr<std::string> read = ReadAll(&fixture, metadata, generator, content);
    if (read.ok()) {
      REQUIRE(*read == expected);
    } else {
      REQUIRE((absl::IsDataLoss(read.status()) || absl::IsUnimplemented(read.status())));
      if (absl::IsDataLoss(read.status())) REQUIRE(read.status().message().find(name) != std::string::npos);
    }
  }

  SSTableFixture fixture;
  RowGenerator generator;
  Content content;
  SSTableMetadata metadata;
  std::string bytes;
  std::string expected;
};

TEST_CASE("every changed byte of a file is noticed") {
  // Goal: no damage gives wrong answers, and Verify finds all of it. Method: every byte of a small file gets
  // each of several values; the file is verified and read in every way.
  Victim victim(11);
  REQUIRE(victim.bytes.size() < 30000);
  for (size_t at = 0; at < victim.bytes.size(); ++at) {
    INFO("byte " << at << " of " << victim.bytes.size());
    const auto old = static_cast<uint8_t>(victim.bytes[at]);
    for (const int value : {old ^ (1 << (at % 8)), old ^ 0xff, 0, 0xff}) {
      if (static_cast<uint8_t>(value) == old) continue;
      std::string damaged = victim.bytes;
      damaged[at] = static_cast<char>(value);
      victim.Check(damaged);
    }
  }
}

TEST_CASE("a file that is too short or too long is noticed when it is opened") {
  // Goal: the length is part of what is checked. Method: cut at every length, append bytes; also opened
  // without metadata.
  Victim victim(12);
  for (size_t size = 0; size < victim.bytes.size(); size += size < 200 ? 1 : 7) {
    victim.Check(victim.bytes.substr(0, size));
    CHECK(absl::IsDataLoss(
        SSTable::OpenFile(victim.fixture.directory(), SSTableName(1), &victim.fixture.cache()).status()));
  }
  for (size_t extra : {1, 64, 4096}) victim.Check(victim.bytes + std::string(extra, '\0'));
  victim.Check(victim.bytes + victim.bytes);
}

TEST_CASE("parts in the wrong place or file are noticed") {
  // Goal: what is intact but elsewhere does not pass. Method: pieces of the file are copied over other
  // pieces, pieces of a file with the same content and another id over the same places, whole files
  // exchanged.
  Victim victim(13), other(13, 2);
  REQUIRE(victim.bytes.size() == other.bytes.size());
  Random random(1);
  for (int i = 0; i < 400; ++i) {
    const size_t size = std::min<size_t>(victim.bytes.size(), size_t{64} << random.Uniform(6));
    const size_t from = random.Uniform(victim.bytes.size() - size + 1);
    const size_t to = random.OneIn(2) ? from : random.Uniform(victim.bytes.size() - size + 1);
    std::string damaged = victim.bytes;
    damaged.replace(to, size, from == to ? other.bytes : victim.bytes, from, size);
    if (damaged != victim.bytes) victim.Check(damaged);
  }
  victim.Check(other.bytes);
}

TEST_CASE("whole blocks in the wrong place or file are noticed [rule]") {
  // Goal: a block that is intact, checksums and all, is refused anywhere but where it was written. Method:
  // blocks of one size, of the same file and of one that differs in a value alone, put in each other's place.
  // The hash of the file is not known, so that nothing but the checksums can tell.
  SSTableFixture fixture;
  std::vector<FileRange> blocks[2];
  std::string bytes[2];
  for (const uint64_t number : {1, 2}) {
    Content content = SimpleContent(1, 60);
    for (int64_t i = 0; i < 60; ++i)
      content[0].rows[static_cast<size_t>(i)] = SimpleRow(i, number == 1 ? 100 : 200);
    REQUIRE_OK(fixture.Write(SimpleSchema(), content, SmallBlocks(number, 100, 1 << 20)));
    bytes[number - 1] = fixture.ReadFile(number);
    BlockCache cache(0);
    const auto reader = ValueOf(TableReader::Open(fixture.directory(), SSTableName(number), nullptr, &cache));
    const auto extent = ValueOf(reader->GetExtent(0, nullptr));
    for (uint32_t i = 0; i < extent->page().entry_count(); ++i)
      blocks[number - 1].push_back(extent->page().Range(i));
  }
  REQUIRE(blocks[0].size() > 3);
  REQUIRE(blocks[0] == blocks[1]);
  const auto is_refused = [&](const std::string& damaged) {
    fixture.ReplaceFile(1, damaged);
    BlockCache cache(1 << 20);
    const auto sstable = ValueOf(SSTable::OpenFile(fixture.directory(), SSTableName(1), &cache));
    const Projection projection = FullProjection(SimpleSchema());
    ScanSpec spec;
    spec.projection = &projection;
    const absl::Status read = ReadContent(sstable->NewSource(spec, nullptr).get(), spec).status();
    return absl::IsDataLoss(read) && absl::IsDataLoss(sstable->Verify());
  };
  int moved = 0;
  for (size_t to = 0; to < blocks[0].size(); ++to) {
    const FileRange& place = blocks[0][to];
    std::string damaged = bytes[0];
    damaged.replace(place.offset, place.bytes, bytes[1], place.offset, place.bytes);
    CHECK(is_refused(damaged));
    for (size_t from = 0; from < blocks[0].size(); ++from) {
      if (from == to || blocks[0][from].bytes != place.bytes) continue;
      damaged = bytes[0];
      damaged.replace(place.offset, place.bytes, bytes[0], blocks[0][from].offset, place.bytes);
      CHECK(is_refused(damaged));
      ++moved;
    }
  }
  CHECK(moved > 0);
}

TEST_CASE("an SSTable of an unknown format is refused by name") {
  // Goal: a newer file is told from a damaged one. Method: a header with a valid checksum and another format
  // number, and one with an unknown feature.
  Victim victim(14);
  for (const size_t at : {size_t{8}, size_t{12}}) {
    std::string changed = victim.bytes;
    changed[at] = 9;
    StoreLittle(changed.data() + 56,
                SectionChecksum(std::string_view(changed).substr(0, 56), victim.metadata.file_id, 0));
    victim.fixture.ReplaceFile(1, changed);
    const absl::Status status =
        SSTable::Open(victim.fixture.directory(), victim.metadata, &victim.fixture.cache()).status();
    CHECK(absl::IsUnimplemented(status));
    CHECK(status.message().find("000001.sst") != std::string::npos);
  }
}

TEST_CASE("a file that is not the one in the manifest is refused") {
  // Goal: the metadata are checked in full. Method: change each of them.
  Victim victim(15);
  const auto check = [&](auto change, bool when_opened) {
    SSTableMetadata changed = victim.metadata;
    change(changed);
    BlockCache cache(0);
    const auto sstable = SSTable::Open(victim.fixture.directory(), changed, &cache);
    CHECK(absl::IsDataLoss(when_opened ? sstable.status() : ValueOf(sstable)->Verify()));
  };
  check([](SSTableMetadata& m) { ++m.file_id; }, true);
  check([](SSTableMetadata& m) { ++m.table; }, true);
  check([](SSTableMetadata& m) { ++m.file_bytes; }, true);
  check([](SSTableMetadata& m) { ++m.row_count; }, true);
  check([](SSTableMetadata& m) { ++m.partition_count; }, true);
  check([](SSTableMetadata& m) { ++m.tombstone_count; }, true);
  check([](SSTableMetadata& m) { ++m.bounds.first.token; }, true);
  check([](SSTableMetadata& m) { m.bounds.last.clustering += "x"; }, true);
  check([](SSTableMetadata& m) { ++m.bounds.times.max_timestamp; }, true);
  check([](SSTableMetadata& m) { ++m.file_hash_low; }, false);
  check([](SSTableMetadata& m) { ++m.file_hash_high; }, false);
}

}  // namespace
}  // namespace stoa::testing
