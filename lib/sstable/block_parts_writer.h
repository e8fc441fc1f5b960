// Writers of the parts of a block that are the same for keys, liveness and columns, and the memory in which
// what they write is collected.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/deletion_time.h"
#include "sstable/encoding_bytes.h"
#include "sstable/encoding_presence.h"
#include "sstable/encoding_writer.h"

namespace stoa {

/// Becomes SparseWords: words of some rows, in the order of the rows.
struct PendingWords {
  std::vector<uint64_t> at;
  std::vector<uint64_t> values;

  void Clear() {
    at.clear();
    values.clear();
  }
  void Add(uint64_t row, uint64_t value) {
    at.push_back(row);
    values.push_back(value);
  }
};

class SparseWriter {
 public:
  void Plan(const PendingWords& words, uint32_t rows) {
    at_.Plan(words.at, rows);
    none_ = words.at.empty();
    values_.Plan(words.values);
  }
  void AppendDescriptor(std::string* out) const {
    at_.AppendDescriptor(out);
    if (!none_) values_.AppendDescriptor(out);
  }
  void AppendPayload(SectionBuffer* out) const {
    at_.AppendPayload(out);
    values_.AppendPayload(out);
  }

 private:
  bool none_ = true;
  PresenceWriter at_;
  WordWriter values_;
};

/// Becomes SparseDeletions.
struct PendingDeletions {
  std::vector<uint64_t> at;
  std::vector<uint64_t> timestamps;
  std::vector<uint64_t> local_times;

  void Clear() {
    at.clear();
    timestamps.clear();
    local_times.clear();
  }
  /// Nothing, if the deletion is live.
  void Add(uint64_t row, const DeletionTime& deletion) {
    if (deletion.live()) return;
    at.push_back(row);
    timestamps.push_back(static_cast<uint64_t>(deletion.timestamp));
    local_times.push_back(static_cast<uint64_t>(deletion.local_time));
  }
};

class DeletionsWriter {
 public:
  void Plan(const PendingDeletions& deletions, uint32_t rows) {
    at_.Plan(deletions.at, rows);
    none_ = deletions.at.empty();
    timestamps_.Plan(deletions.timestamps);
    local_times_.Plan(deletions.local_times);
  }
  void AppendDescriptor(std::string* out) const {
    at_.AppendDescriptor(out);
    if (none_) return;
    timestamps_.AppendDescriptor(out);
    local_times_.AppendDescriptor(out);
  }
  void AppendPayload(SectionBuffer* out) const {
    at_.AppendPayload(out);
    timestamps_.AppendPayload(out);
    local_times_.AppendPayload(out);
  }

 private:
  bool none_ = true;
  PresenceWriter at_;
  WordWriter timestamps_;
  WordWriter local_times_;
};

/// Writes KeyStrings.
class KeyStringsWriter {
 public:
  void Plan(const ByteStrings& strings) {
    const size_t prefix_bytes = CommonPrefix(strings);
    prefix_ = prefix_bytes == 0 ? std::string_view() : strings[0].substr(0, prefix_bytes);
    suffixes_.Plan(strings, prefix_bytes);
  }
  void AppendDescriptor(std::string* out) const {
    AppendLengthPrefixed(out, prefix_);
    suffixes_.AppendDescriptor(out);
  }
  void AppendPayload(SectionBuffer* out) const { suffixes_.AppendPayload(out); }

 private:
  std::string_view prefix_;
  ByteWriter suffixes_;
};

}  // namespace stoa
