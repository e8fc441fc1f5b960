// What this program does about errors: say them and stop.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

[[noreturn]] inline void Fail(const std::string& message) {
  std::fprintf(stderr, "flights: %s\n", message.c_str());
  std::exit(1);
}

inline void Check(const absl::Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

template <typename T>
T Check(absl::StatusOr<T> result) {
  Check(result.status());
  return *std::move(result);
}
