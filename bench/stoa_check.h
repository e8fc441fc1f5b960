// What Stoa's side of the benchmarks shares.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

/// Ends the program on an error.
inline void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "stoa: %s\n", status.ToString().c_str());
  std::exit(1);
}

template <typename T>
T Check(absl::StatusOr<T> result) {
  Check(result.status());
  return *std::move(result);
}
