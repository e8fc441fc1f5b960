// A small database with files of every kind, on a simulated file system: what the seeds of targets above the
// log are taken from, so that they are always of the current formats.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <stoa/options.h>

#include "io/sim_file_system.h"
#include "sstable/table_reader.h"

namespace stoa::fuzz {

inline constexpr std::string_view kDatabasePath = "db";

/// Options for opening it, with the least of everything.
Options SmallDatabaseOptions(Env* env);

/// Four tables, with all types, all shapes of clustering keys, tombstones of every kind, times to live,
/// columns of several cells, static rows and counters; half of it in SSTables, half in the log. Closed
/// cleanly, or left as by the death of the process. Always the same.
std::unique_ptr<SimFileSystem> MakeSmallDatabase(bool close);

/// The SSTables of a database that is closed, open, and the bytes of each.
class SampleTables {
 public:
  SampleTables();

  struct Sample {
    std::string name;
    std::string bytes;
    std::shared_ptr<const TableReader> reader;

    std::string_view Bytes(const FileRange& range) const {
      return std::string_view(bytes).substr(range.offset, range.bytes);
    }
    /// The payload of a section, decompressed.
    std::string Payload(const FileRange& range, SectionKind kind) const;
  };
  const std::vector<Sample>& samples() const { return samples_; }

 private:
  std::unique_ptr<SimFileSystem> files_;
  std::unique_ptr<Directory> directory_;
  BlockCache cache_{1 << 20};
  std::vector<Sample> samples_;
};

}  // namespace stoa::fuzz
