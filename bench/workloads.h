// The workloads, each registered once per engine as NAME/ENGINE.
#pragma once

#include <filesystem>

#include "engine.h"
#include "series.h"

/// Registers all workloads with Google Benchmark. `series` and the directory `scratch` are used while they
/// run.
void RegisterWorkloads(const std::vector<EngineKind>& engines, const Series& series,
                       const std::filesystem::path& scratch);

/// Closes the databases that the reading workloads share.
void CloseSharedDatabases();
