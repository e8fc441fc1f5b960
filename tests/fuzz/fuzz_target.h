// Fuzz targets: functions that must survive any bytes, each in a file fuzz_<name>.cc of its own that defines
// the two functions below and is listed in CMakeLists.txt.
//
// They run in two ways. With STOA_BUILD_FUZZERS each is a libFuzzer program:
//
//     cmake -S . -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DSTOA_BUILD_FUZZERS=ON
//         -DSTOA_SANITIZE=address,undefined,fuzzer-no-link
//     cmake --build build/fuzz
//     build/fuzz/tests/fuzz/fuzz_seeds corpus
//     build/fuzz/tests/fuzz/fuzz_wal_segment corpus/wal_segment
//
// And in every build, with any compiler, fuzz_test runs all of them on their seeds, on random bytes and on
// seeds that were changed at random.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

/// Runs the target once. Returns 0; a broken property ends the process (STOA_FUZZ_CHECK).
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

/// Valid inputs to start from.
std::vector<std::string> FuzzSeeds();

/// Ends the process when a property does not hold: that is how libFuzzer notices.
#define STOA_FUZZ_CHECK(condition)                                                        \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      __builtin_trap();                                                                   \
    }                                                                                     \
  } while (false)

namespace stoa::fuzz {

/// Takes choices off the front of an input; the rest are the bytes to decode.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}

  /// 0 when nothing is left.
  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

}  // namespace stoa::fuzz
