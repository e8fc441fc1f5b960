// A directory for what a program of the benchmarks writes.
#pragma once

#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

/// Creates an empty directory under `parent`, or, when that is empty, under the system's place for temporary
/// files; it is removed with all its content when destroyed. Ends the program when it cannot.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::string& parent = "") {
    std::string path = parent.empty() ? std::filesystem::temp_directory_path().string() : parent;
    path += "/stoa-bench-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) {
      std::perror(path.c_str());
      std::exit(1);
    }
    path_ = path;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};
