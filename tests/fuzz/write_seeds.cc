// fuzz_seeds DIRECTORY: writes the seeds of every fuzz target to DIRECTORY/<target>/, for libFuzzer to start
// from.
#include <filesystem>
#include <fstream>

#include "fuzz/fuzz_target.h"

#define STOA_FUZZ_TARGET(name, runs) std::vector<std::string> FuzzSeeds_##name();
#include "fuzz_targets.inc"
#undef STOA_FUZZ_TARGET

namespace {

bool Write(const std::filesystem::path& directory, const std::vector<std::string>& seeds) {
  std::filesystem::create_directories(directory);
  bool written = true;
  for (size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream file(directory / std::to_string(i), std::ios::binary);
    file << seeds[i];
    written = file.flush().good() && written;
  }
  return written;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds DIRECTORY\n");
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  bool written = true;
#define STOA_FUZZ_TARGET(name, runs) written = Write(directory / #name, FuzzSeeds_##name()) && written;
#include "fuzz_targets.inc"
#undef STOA_FUZZ_TARGET
  return written ? 0 : 1;
}
