// A directory of the operating system for the length of a test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/catch.h"

namespace stoa {

/// Creates an empty directory under the system's place for temporary files, removed with all its content when
/// destroyed.
class TempDirectory {
 public:
  TempDirectory() : path_((std::filesystem::temp_directory_path() / "stoa-test-XXXXXX").string()) {
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace stoa
