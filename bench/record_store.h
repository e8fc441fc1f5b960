// Databases of records: loaded once, copied for each run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "engine.h"
#include "record_ops.h"
#include "workloads.h"

/// The bytes on disk of a table that was loaded, merged and closed. Loads it when it has not been.
uint64_t LoadedBytes(Bench* bench, const EngineKind& kind, const RecordTable& table);

/// An open database for one run, whose directory goes with it. It is a copy of the loaded table, merged,
/// checked and read once so that what fits is cached; empty where the table is not loaded.
class RunDatabase {
 public:
  RunDatabase(Bench* bench, const EngineKind& kind, const RecordTable& table, size_t memory_bytes);
  ~RunDatabase();
  RunDatabase(const RunDatabase&) = delete;
  RunDatabase& operator=(const RunDatabase&) = delete;

  Engine* engine() const { return engine_.get(); }

 private:
  const std::filesystem::path directory_;
  std::unique_ptr<Engine> engine_;
};

/// Reads all records; ends the program when there are not `records` of them.
void CheckRecordsThere(const EngineKind& kind, Client* client, const RecordTable& table, uint64_t records);
