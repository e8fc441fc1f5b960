#include "compaction/windows.h"

namespace stoa {

std::map<int64_t, Files> ByWindow(const Files& files, int64_t window_seconds) {
  std::map<int64_t, Files> windows;
  for (const SSTableMetadata* file : files) {
    const int64_t last = file->bounds.times.max_timestamp;
    windows[window_seconds == 0 ? 0 : last / (window_seconds * 1'000'000)].push_back(file);
  }
  return windows;
}

bool IsWindowOver(int64_t window, int64_t window_seconds, int64_t now_seconds) {
  return window_seconds != 0 && (window + 1) * window_seconds <= now_seconds;
}

}  // namespace stoa
