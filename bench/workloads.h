// The workloads, each registered once per engine as NAME/ENGINE.
#pragma once

#include <filesystem>

#include "engine.h"
#include "series.h"

/// Registers all workloads with Google Benchmark. `series` and the directory `scratch` are used while they
/// run.
void RegisterWorkloads(const std::vector<EngineKind>& engines, const Series& series,
                       const std::filesystem::path& scratch);

/// Registers `sustained`: one writer, a budget of `memory_bytes`, 20 times as many bytes of rows.
void RegisterSustained(const std::vector<EngineKind>& engines, const std::filesystem::path& scratch,
                       size_t memory_bytes);

/// Registers `steady`: ingest, overwrites and deletions by one writer for so many seconds.
void RegisterSteady(const std::vector<EngineKind>& engines, const std::filesystem::path& scratch,
                    int64_t seconds);

/// Registers `feature/...`: writes to collections, counters and conditional ones, beside a plain one.
void RegisterFeatures(const std::filesystem::path& scratch);

/// Registers `ttl/space`, Stoa alone, which takes a minute and a half: time passes as it does.
void RegisterTtl(const std::filesystem::path& scratch);

/// Closes the databases that the reading workloads share.
void CloseSharedDatabases();

/// The same for the workloads of queues, through which `rows` rows have gone.
void RegisterQueueWorkloads(const std::vector<EngineKind>& engines, int64_t rows,
                            const std::filesystem::path& scratch);
void CloseQueues();
