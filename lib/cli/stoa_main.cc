// The stoa command: looks into databases and checks them.
#include <cstdio>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/inspection.h"
#include "io/posix_file_system.h"

namespace stoa {
namespace {

constexpr std::string_view kUsage =
    "usage: stoa inspect DIR|FILE   tables, files, blocks, encodings and bytes by column\n"
    "       stoa verify DIR         checks every checksum, order and count; exit status 0 if all is well\n"
    "\n"
    "Neither changes anything. A database that is open in another process may change while it is being "
    "read.\n";

absl::StatusOr<std::string> Inspect(FileSystem& files, const std::string& path) {
  absl::StatusOr<std::unique_ptr<Directory>> directory = files.OpenDirectory(path);
  if (directory.ok()) return DescribeDirectory(**directory);
  const size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<Directory> holder, files.OpenDirectory(parent));
  return DescribeFile(*holder, std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1));
}

absl::StatusOr<std::string> Verify(FileSystem& files, const std::string& path) {
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<Directory> directory, files.OpenDirectory(path));
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

int Main(int argc, char** argv) {
  const std::string_view command = argc == 3 ? argv[1] : "";
  if (command != "inspect" && command != "verify") {
    std::fputs(std::string(kUsage).c_str(), stderr);
    return 2;
  }
  PosixFileSystem files;
  const absl::StatusOr<std::string> text =
      command == "inspect" ? Inspect(files, argv[2]) : Verify(files, argv[2]);
  if (!text.ok()) {
    std::fprintf(stderr, "stoa: %s\n", text.status().ToString().c_str());
    return 1;
  }
  std::fputs(text->c_str(), stdout);
  return 0;
}

}  // namespace
}  // namespace stoa

int main(int argc, char** argv) { return stoa::Main(argc, argv); }
