// Tokens that a real Cassandra gave (tests/cassandra/FORMAT.md, "Facts").
#include <string>
#include <vector>

#include <absl/strings/escaping.h>

#include "base/hash.h"
#include "support/catch.h"
#include "support/zstd_lines.h"

namespace stoa {

// Goal: tokens are Cassandra's, for keys with bytes of 0x80 and above in the tail and for hashes that are the
// reserved minimum. Method: every recorded key. (The empty key, which no table has, is its minimum.)
TEST_CASE("cassandra: tokens are its tokens") {
  size_t compared = 0;
  size_t replaced = 0;
  for (const std::string& line : testing::ReadZstdLines("tests/cassandra/transcripts/tokens.txt.zst")) {
    const std::vector<std::string> words = testing::Words(line);
    REQUIRE(words.size() == 2);
    if (words[0] == "empty") continue;
    CAPTURE(line);
    REQUIRE(PartitionToken(std::string(absl::HexStringToBytes(words[0]))) == std::stoll(words[1]));
    ++compared;
    replaced += words[1] == "9223372036854775807" ? 1 : 0;
  }
  CHECK(compared >= 10'000);
  CHECK(replaced > 0);
}

}  // namespace stoa
