// Metadata of SSTables that need not exist.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "compaction/density.h"

namespace stoa {

inline constexpr uint64_t kMebibyte = 1 << 20;

/// Makes files one by one. What it made stays where it is.
class TestFiles {
 public:
  /// Covers the tokens from `first` to `last`, as shares of all tokens from 0 to 1.
  SSTableMetadata& Add(double first, double last, uint64_t bytes) {
    SSTableMetadata& file = files_.emplace_back();
    file.number = files_.size();
    file.file_bytes = bytes;
    file.row_count = bytes / 100;
    file.bounds.first.token = TokenAt(first);
    file.bounds.last.token = TokenAt(last);
    // Older files have smaller timestamps.
    const auto start = static_cast<int64_t>(file.number) * 1000;
    file.bounds.times.AddWrite(start, kNoExpiry);
    file.bounds.times.AddWrite(start + 999, kNoExpiry);
    return file;
  }
  SSTableMetadata& AddWhole(uint64_t bytes) { return Add(0, 1, bytes); }
  /// Of rows `first` to `last` of one partition.
  SSTableMetadata& AddRows(int first, int last, uint64_t bytes) {
    SSTableMetadata& file = Add(0.5, 0.5, bytes);
    const auto key = [](int row) { return std::string(1, static_cast<char>(row)); };
    file.bounds.first.clustering = key(first);
    file.bounds.last.clustering = key(last);
    return file;
  }

  Files all() const {
    Files files;
    for (const SSTableMetadata& file : files_) files.push_back(&file);
    return files;
  }

 private:
  static uint64_t TokenAt(double share) {
    return share >= 1 ? UINT64_MAX : static_cast<uint64_t>(share * 0x1p64);
  }

  std::deque<SSTableMetadata> files_;
};

}  // namespace stoa
