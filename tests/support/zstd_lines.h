// Text files compressed with zstd, for tests that replay what was recorded elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stoa::testing {

/// The lines of a file, which is named from the root of the sources; fails the test when it cannot be read.
std::vector<std::string> ReadZstdLines(const std::string& path);

/// The words of a line: what `separator` separates.
std::vector<std::string> Words(std::string_view line, char separator = ' ');

}  // namespace stoa::testing
