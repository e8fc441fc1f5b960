// A file system to run a test on, simulated or real, with an empty directory in it.
#pragma once

#include <memory>
#include <string>

#include "io/posix_file_system.h"
#include "io/sim_file_system.h"
#include "support/status.h"
#include "support/temp_directory.h"

namespace stoa {

class Scratch {
 public:
  enum class Kind { kPosix, kSim };

  explicit Scratch(Kind kind) {
    if (kind == Kind::kSim) {
      files_ = std::make_unique<SimFileSystem>();
    } else {
      files_ = std::make_unique<PosixFileSystem>();
      temporary_ = std::make_unique<TempDirectory>();
      root_ = temporary_->path() + "/";
    }
    REQUIRE_OK(files_->CreateDirectory(Path("db")));
  }

  FileSystem& files() { return *files_; }
  std::string Path(const std::string& name) const { return root_ + name; }
  std::unique_ptr<Directory> Open(const std::string& name = "db") {
    return ValueOf(files_->OpenDirectory(Path(name)));
  }

 private:
  std::unique_ptr<TempDirectory> temporary_;
  std::unique_ptr<FileSystem> files_;
  std::string root_;
};

}  // namespace stoa
