// The time windows of a table (CompactionOptions::window_seconds): files of different ones are not merged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "compaction/density.h"

namespace stoa {

/// A window that is over is one level, which is merged when so many files lie over each other.
inline constexpr size_t kThresholdWhenOver = 2;

/// The files by the number of their window; all in window 0 when `window_seconds` is 0.
std::map<int64_t, Files> ByWindow(const Files& files, int64_t window_seconds);

/// Whether nothing new belongs into the window any more. Without windows: never.
bool IsWindowOver(int64_t window, int64_t window_seconds, int64_t now_seconds);

}  // namespace stoa
