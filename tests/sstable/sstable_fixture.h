// SSTables in memory, for tests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/row_batch.h"
#include "data/row_merger.h"
#include "io/sim_file_system.h"
#include "schema/schema_editor.h"
#include "sstable/sstable.h"
#include "support/row_content.h"
#include "support/row_generator.h"
#include "support/row_stream.h"
#include "support/status.h"

namespace stoa::testing {

/// A directory of a simulated file system, and a cache.
class SSTableFixture {
 public:
  explicit SSTableFixture(uint64_t cache_bytes = 16 << 20);

  SimFileSystem& files() { return files_; }
  Directory& directory() { return *directory_; }
  BlockCache& cache() { return cache_; }

  /// Writes `content` as a file with the number and the file id of `options`.
  absl::StatusOr<SSTableMetadata> Write(const TableSchema& schema, const Content& content,
                                        const SSTableWriterOptions& options);
  /// The same, opened.
  std::shared_ptr<SSTable> Make(const TableSchema& schema, const Content& content,
                                const SSTableWriterOptions& options);

  /// Where a file stands in files().
  static std::string PathOf(uint64_t number) { return "t/" + SSTableName(number); }
  std::string ReadFile(uint64_t number) const { return ValueOf(files_.ReadFile(PathOf(number))); }
  void ReplaceFile(uint64_t number, std::string bytes) {
    REQUIRE_OK(files_.WriteFile(PathOf(number), std::move(bytes)));
  }

 private:
  SimFileSystem files_;
  std::unique_ptr<Directory> directory_;
  BlockCache cache_;
};

/// Small blocks and pages, so that a little content makes a large file.
SSTableWriterOptions SmallBlocks(uint64_t number, size_t block_bytes, size_t index_page_bytes = 1);

/// A table (p int, c bigint, value bigint, text text), and rows of it.
TableSchema SimpleSchema();
std::string SimpleKey(int64_t partition);
std::string SimpleClustering(int64_t clustering);
ContentRow SimpleRow(int64_t clustering, int64_t value, int64_t timestamp = 1);
/// Partitions 0 to `partitions` - 1 with rows 0 to `rows` - 1, in stream order; values count up.
Content SimpleContent(int64_t partitions, int64_t rows);

/// All that `source` hands over, by another merge: what tests compare.
std::string DumpAll(const SSTable& sstable, const TableSchema& schema);

/// What GetRow knows of a row, as Dump of a content with at most that row.
absl::StatusOr<std::string> GetRowText(const SSTable& sstable, const Projection& projection,
                                       const PositionView& row, PointReadScratch* scratch,
                                       ReadStats* stats = nullptr);
/// The same from what the file should hold.
std::string ExpectedRowText(const Content& content, const PositionView& row);

}  // namespace stoa::testing
