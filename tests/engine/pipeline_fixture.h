// A commit pipeline as its tests use it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/commit_pipeline.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {

/// A commit pipeline over two tables without anything else.
struct Pipeline {
  explicit Pipeline(uint64_t sequence_ceiling = 1'000'000) : env(files, 1) {
    REQUIRE_OK(files.CreateDirectory("db"));
    directory = ValueOf(files.OpenDirectory("db"));
    log = ValueOf(LogWriter::Create(*directory, LogWriterOptions{}, 1, 0));
    View::Tables views_of_tables;
    for (TableId id = 0; id < 2; ++id) {
      schemas.push_back(std::make_shared<const TableSchema>(ValueOf(TableSchema::Builder("t")
                                                                        .PartitionKey("k", TypeKind::kText)
                                                                        .Regular("v", TypeKind::kInt)
                                                                        .Build())));
      auto table = std::make_shared<TableView>();
      table->schema = schemas.back();
      table->active = std::make_shared<Memtable>(id, nullptr);
      views_of_tables.emplace(id, std::move(table));
    }
    views.Publish(std::make_shared<const View>(std::move(views_of_tables)));
    pipeline.emplace(
        CommitPipeline::Start{0, sequence_ceiling, 0}, *log, views, env.clock, health, [](uint64_t) {},
        [] {});
  }
  ~Pipeline() { views.Publish(nullptr); }

  /// A batch that writes a row of the first table.
  std::string Row(std::string_view key) {
    WriteBatch batch;
    REQUIRE_OK(batch.Upsert(schemas[0], {key}, {}, {}));
    return batch.mutations();
  }

  SimFileSystem files;
  SimEnv env;
  std::unique_ptr<Directory> directory;
  std::unique_ptr<LogWriter> log;
  std::vector<Table> schemas;
  ViewHolder views;
  Health health;
  std::optional<CommitPipeline> pipeline;
};

}  // namespace stoa
