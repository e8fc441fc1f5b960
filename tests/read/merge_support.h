// Merges of random histories, for the tests of what stands on a merge.
#pragma once

#include <memory>
#include <vector>

#include "data/stream_validator.h"
#include "read/merge_source.h"
#include "support/row_generator.h"
#include "support/row_stream.h"
#include "support/status.h"

namespace stoa::testing {

inline Content MergeOf(const std::vector<RandomWrite>& writes) {
  std::vector<const Content*> parts;
  for (const RandomWrite& write : writes) parts.push_back(&write.content);
  return MergeContents(parts);
}

inline Content MergeOf(const std::vector<Content>& contents) {
  std::vector<const Content*> parts;
  for (const Content& content : contents) parts.push_back(&content);
  return MergeContents(parts);
}

/// `writes`, each given to one of `count` sources at random.
inline std::vector<Content> Split(const std::vector<RandomWrite>& writes, uint64_t count, Random* random) {
  std::vector<std::vector<const Content*>> parts(count);
  for (const RandomWrite& write : writes) parts[random->Uniform(count)].push_back(&write.content);
  std::vector<Content> contents;
  for (const auto& part : parts) contents.push_back(MergeContents(part));
  return contents;
}

inline std::unique_ptr<RowSource> NewMergeOf(const std::vector<Content>& contents, const ScanSpec& spec,
                                             const VectorSourceOptions& options) {
  std::vector<std::unique_ptr<RowSource>> sources;
  for (const Content& content : contents) {
    sources.push_back(NewStreamValidator(NewVectorSource(content, spec, options), spec));
  }
  return NewMergeSource(std::move(sources), spec);
}

/// Reads rows that are all plainly live through the filter that `filter(source, spec)` makes, and requires
/// that all come through without any of their columns, keys or liveness being loaded.
template <typename Filter>
void CheckCleanBatchesPassUnloaded(const Filter& filter) {
  GeneratorOptions generator_options;
  generator_options.deletion_percent = generator_options.ttl_percent = 0;
  generator_options.marker_percent = 100;
  RowGenerator generator(1, generator_options);
  const Content content = generator.NextContent(100);
  ScanSpec spec;
  spec.projection = &generator.projection();
  LoadCounts counts;
  VectorSourceOptions options;
  options.counts = &counts;
  const std::unique_ptr<RowSource> filtered = filter(NewVectorSource(content, spec, options), spec);
  RowBatch batch;
  uint32_t rows = 0;
  while (ValueOf(filtered->Next(&batch))) rows += batch.row_count();
  CHECK(rows == RowCount(content));
  CHECK(counts.keys + counts.liveness + counts.columns == 0);
}

}  // namespace stoa::testing
