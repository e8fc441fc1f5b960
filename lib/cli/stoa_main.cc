// The stoa command: looks into databases, checks them, and merges their files.
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include <stoa/database.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/inspection.h"
#include "io/env.h"
#include "io/sync.h"

namespace stoa {
namespace {

constexpr std::string_view kUsage =
    "usage: stoa inspect DIR|FILE       tables, levels, files, blocks, encodings and bytes by column\n"
    "       stoa verify DIR             checks every checksum, order and count; exit status 0 if all is "
    "well\n"
    "       stoa compact DIR [TABLE]    merges the files of a table, or of all, into as few as possible\n"
    "\n"
    "The first two change nothing. A database that is open in another process may change while they read it; "
    "it\ncannot be compacted then, and need not be.\n";

using Arguments = std::vector<std::string>;

absl::StatusOr<std::string> Inspect(Env& env, const Arguments& arguments) {
  const std::string& path = arguments[0];
  absl::StatusOr<std::unique_ptr<Directory>> directory = env.file_system.OpenDirectory(path);
  if (directory.ok()) return DescribeDirectory(**directory, env.clock.NowWallSeconds());
  const size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<Directory> holder, env.file_system.OpenDirectory(parent));
  return DescribeFile(*holder, std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1));
}

absl::StatusOr<std::string> Verify(Env& env, const Arguments& arguments) {
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<Directory> directory, env.file_system.OpenDirectory(arguments[0]));
  STOA_ASSIGN_OR_RETURN(const DirectoryVerification report, VerifyDirectory(*directory));
  std::string text =
      StrCat("clean: ", report.tables, " tables, ", report.sstables, " SSTables with ", report.sstable_bytes,
             " bytes, ", report.blobs, " blobs with ", report.blob_bytes, " bytes, ", report.log_segments,
             " log segments with ", report.log_records, " records\n");
  if (report.leftover_blobs > 0) {
    text +=
        StrCat(report.leftover_blobs, " blobs are of writes that came to nothing; opening removes them\n");
  }
  if (report.cut_bytes > 0) {
    text +=
        StrCat(report.cut_bytes, " bytes at the end are a write that was interrupted; opening cuts them\n");
  }
  return text;
}

/// Keeps a line for each merge.
class MergeLines : public Listener {
 public:
  void OnCompactionEnd(const CompactionInfo& compaction, const absl::Status& status) override {
    if (!status.ok()) return;  // is returned by who waits for it, or tried again
    MutexLock lock(&mutex_);
    lines_ += StrCat("table ", compaction.table, ": merged ", compaction.input_files, " SSTables of ",
                     compaction.input_bytes, " bytes into ", compaction.output_files, " of ",
                     compaction.bytes_written, " bytes (", CompactionReasonName(compaction.reason), ") in ",
                     compaction.duration_micros / 1000, " ms\n");
  }
  std::string Take() {
    MutexLock lock(&mutex_);
    return std::exchange(lines_, {});
  }

 private:
  Mutex mutex_;
  std::string lines_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::string> CompactTables(Database& database, const std::vector<std::string>& tables,
                                          MergeLines& merges) {
  std::string text;
  for (const std::string& table : tables) {
    STOA_RETURN_IF_ERROR(database.Compact(table));
    const std::string lines = merges.Take();
    text += lines.empty() ? StrCat("table ", table, ": nothing to merge\n") : lines;
  }
  return text;
}

absl::StatusOr<std::string> Compact(Env&, const Arguments& arguments) {
  MergeLines merges;
  Options options;
  options.create_if_missing = false;
  options.listener = &merges;
  STOA_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database, Database::Open(options, arguments[0]));
  std::vector<std::string> tables(arguments.begin() + 1, arguments.end());
  if (tables.empty()) {
    for (const Table& table : database->ListTables()) tables.push_back(table->name());
  }
  absl::StatusOr<std::string> text = CompactTables(*database, tables, merges);
  const absl::Status closed = database->Close();
  if (text.ok() && !closed.ok()) return closed;
  if (text.ok()) *text += merges.Take();
  return text;
}

struct Command {
  std::string_view name;
  size_t arguments_max;
  absl::StatusOr<std::string> (*run)(Env& env, const Arguments& arguments);
};
constexpr Command kCommands[] = {{"inspect", 1, Inspect}, {"verify", 1, Verify}, {"compact", 2, Compact}};

int Main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  const Arguments arguments(argv + std::min(argc, 2), argv + argc);
  for (const Command& command : kCommands) {
    if (command.name != name || arguments.empty() || arguments.size() > command.arguments_max) continue;
    SystemEnv system(1);
    const absl::StatusOr<std::string> text = command.run(system.env(), arguments);
    if (!text.ok()) {
      std::fprintf(stderr, "stoa: %s\n", text.status().ToString().c_str());
      return 1;
    }
    std::fputs(text->c_str(), stdout);
    return 0;
  }
  std::fputs(std::string(kUsage).c_str(), stderr);
  return 2;
}

}  // namespace
}  // namespace stoa

int main(int argc, char** argv) { return stoa::Main(argc, argv); }
