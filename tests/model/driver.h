// Does to a database what a model is told, and reads it the way a model is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/database.h>

#include "io/random.h"
#include "model/model.h"

namespace stoa::model {

/// How a database is to do what a model is told. The model never forgets a deletion: a database that is to
/// agree with it under explicit timestamps must keep deletions too (gc_grace_seconds), or it rightly shows
/// what is written under a purged one.
struct ExecuteOptions {
  WriteOptions write;
  TableOptions table = KeepDeletions();

  static TableOptions KeepDeletions() {
    TableOptions options;
    options.gc_grace_seconds = INT32_MAX;
    return options;
  }
};

/// Of every kind, and such that a little data already makes several levels, shards and windows.
CompactionOptions RandomCompaction(Random* random);

/// Carries out an event on the database.
absl::Status Execute(Database& database, const Event& event, const ExecuteOptions& options);

/// Carries out a conditional batch and says what became of it.
absl::StatusOr<Decision> ExecuteConditional(Database& database, const Event& event,
                                            const WriteOptions& write);

struct ReadRequest {
  std::string table;
  int64_t pk = 0;
  Bound from, to;
  bool reverse = false;
  uint64_t page_rows = 0;  // 0: all at once
  const Snapshot* snapshot = nullptr;
};
absl::StatusOr<std::vector<Row>> Read(const Database& database, const ReadRequest& request);

/// One row by its key; none when it does not exist.
absl::StatusOr<std::optional<Row>> ReadOne(const Database& database, const std::string& table, int64_t pk,
                                           const Clustering& key);

/// In blocks that merges have copied since the database was opened.
uint64_t BytesCopied(const Database& database);

/// All rows of all tables by full scan, as Model::Dump; `page_rows` as above.
absl::StatusOr<std::string> Dump(const Database& database, uint64_t page_rows = 0);

}  // namespace stoa::model
