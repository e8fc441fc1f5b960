#include "sstable/sstable_fixture.h"

#include <algorithm>

#include <stoa/value.h>

#include "base/hash.h"
#include "base/status_macros.h"
#include "data/batch_builder.h"
#include "schema/keys.h"

namespace stoa::testing {

SSTableFixture::SSTableFixture(uint64_t cache_bytes) : cache_(cache_bytes) {
  REQUIRE_OK(files_.CreateDirectory("t"));
  directory_ = ValueOf(files_.OpenDirectory("t"));
}

absl::StatusOr<SSTableMetadata> SSTableFixture::Write(const TableSchema& schema, const Content& content,
                                                      const SSTableWriterOptions& options) {
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<SSTableWriter> writer,
                        SSTableWriter::Create(*directory_, schema, options));
  const Projection projection = SSTableWriter::ProjectionOf(schema);
  ScanSpec spec;
  spec.projection = &projection;
  VectorSourceOptions source_options;
  source_options.batch_rows = 50;
  source_options.seed = options.number + 1;
  const std::unique_ptr<RowSource> source = NewVectorSource(content, spec, source_options);
  while (true) {
    RowBatch batch;
    STOA_ASSIGN_OR_RETURN(const bool more, source->Next(&batch));
    if (!more) break;
    STOA_RETURN_IF_ERROR(writer->Add(batch));
  }
  return writer->Finish();
}

std::shared_ptr<SSTable> SSTableFixture::Make(const TableSchema& schema, const Content& content,
                                              const SSTableWriterOptions& options) {
  const SSTableMetadata metadata = ValueOf(Write(schema, content, options));
  return ValueOf(SSTable::Open(*directory_, metadata, &cache_));
}

SSTableWriterOptions SmallBlocks(uint64_t number, size_t block_bytes, size_t index_page_bytes) {
  SSTableWriterOptions options;
  options.number = number;
  options.file_id = number * 1000 + 7;
  options.block_bytes = block_bytes;
  options.index_page_bytes = index_page_bytes;
  return options;
}

TableSchema SimpleSchema() {
  return SchemaEditor::Create(9, ValueOf(TableSchema::Builder("simple")
                                             .PartitionKey("p", TypeKind::kInt)
                                             .Clustering("c", TypeKind::kBigint)
                                             .Regular("value", TypeKind::kBigint)
                                             .Regular("text", TypeKind::kText)
                                             .Build()));
}

std::string SimpleKey(int64_t partition) {
  std::string key;
  REQUIRE_OK(AppendPartitionKey(SimpleSchema(), Values({Value(partition)}), &key));
  return key;
}

std::string SimpleClustering(int64_t clustering) {
  std::string key;
  REQUIRE_OK(AppendClusteringKey(SimpleSchema(), Values({Value(clustering)}), &key));
  return key;
}

ContentRow SimpleRow(int64_t clustering, int64_t value, int64_t timestamp) {
  const TableSchema schema = SimpleSchema();
  ContentRow row;
  row.clustering = SimpleClustering(clustering);
  row.has_marker = true;
  row.marker_timestamp = timestamp;
  ContentCell cell;
  cell.timestamp = timestamp;
  cell.word = static_cast<uint64_t>(value);
  row.cells[schema.FindColumn("value")->id] = cell;
  cell.word = 0;
  cell.bytes = "text " + std::to_string(value);
  row.cells[schema.FindColumn("text")->id] = cell;
  return row;
}

Content SimpleContent(int64_t partitions, int64_t rows) {
  Content content;
  for (int64_t p = 0; p < partitions; ++p) {
    ContentPartition& partition = content.emplace_back();
    partition.key = SimpleKey(p);
    partition.token = OrderedToken(PartitionToken(partition.key));
  }
  std::sort(content.begin(), content.end(), [](const ContentPartition& a, const ContentPartition& b) {
    return std::tie(a.token, a.key) < std::tie(b.token, b.key);
  });
  int64_t value = 0;
  for (ContentPartition& partition : content) {
    for (int64_t c = 0; c < rows; ++c) partition.rows.push_back(SimpleRow(c, value++));
  }
  return content;
}

std::string DumpAll(const SSTable& sstable, const TableSchema& schema) {
  const Projection projection = FullProjection(schema);
  ScanSpec spec;
  spec.projection = &projection;
  const std::unique_ptr<RowSource> source = sstable.NewSource(spec, nullptr);
  return Dump(ValueOf(ReadContent(source.get(), spec)));
}

namespace {

/// The row of `merger` as a content of one partition.
std::string TextOf(RowMerger& merger, const Projection& projection, const PositionView& row) {
  if (!merger.HasContent()) return "";
  BatchBuilder builder(&projection);
  builder.Clear();
  builder.StartRun(row.token, row.key, {}, true);
  merger.Emit(row.clustering, &builder);
  ScanSpec spec;
  spec.projection = &projection;
  ContentCollector collector(spec);
  REQUIRE_OK(collector.Add(builder.Finish()));
  return Dump(collector.Finish());
}

}  // namespace

absl::StatusOr<std::string> GetRowText(const SSTable& sstable, const Projection& projection,
                                       const PositionView& row, PointReadScratch* scratch, ReadStats* stats) {
  RowMerger merger(&projection);
  merger.Start();
  scratch->Start(&projection);
  STOA_RETURN_IF_ERROR(sstable.GetRow(row.token, row.key, row.clustering, scratch, &merger, stats));
  return TextOf(merger, projection, row);
}

std::string ExpectedRowText(const Content& content, const PositionView& row) {
  for (const ContentPartition& partition : content) {
    if (partition.token != row.token || partition.key != row.key) continue;
    for (const ContentRow& candidate : partition.rows) {
      if (candidate.clustering != row.clustering) continue;
      ContentPartition only;
      only.token = partition.token;
      only.key = partition.key;
      only.rows = {candidate};
      return Dump({only});
    }
  }
  return "";
}

}  // namespace stoa::testing
