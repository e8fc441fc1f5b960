#include "base/strings.h"

#include "support/catch.h"

namespace stoa {

TEST_CASE("strings: StrCat takes every kind of string and number", "[base]") {
  // Goal: std::string_view and absl::string_view may be mixed. Method: one call with all of them.
  const std::string owned = "b";
  CHECK(StrCat("a", owned, std::string_view("c"), absl::string_view("d"), 1, uint64_t{2}, int64_t{-3}) ==
        "abcd12-3");
  CHECK(StrCat().empty());
  CHECK(FromAbsl(ToAbsl("x\0y")) == std::string_view("x"));
}

TEST_CASE("strings: HexDump cuts long input", "[base]") {
  // Goal: messages stay short. Method: around the limit.
  CHECK(HexDump(std::string_view("\x00\xff\x1a", 3)) == "00ff1a");
  CHECK(HexDump("abcd", 4) == "61626364");
  CHECK(HexDump("abcde", 4) == "61626364..");
}

TEST_CASE("strings: errors carry their code and message", "[base]") {
  // Goal: each maker gives the code of its name. Method: one of each.
  CHECK(InvalidArgument("a", 1) == absl::InvalidArgumentError("a1"));
  CHECK(FailedPrecondition("a", 1) == absl::FailedPreconditionError("a1"));
  CHECK(NotFound("a", 1) == absl::NotFoundError("a1"));
  CHECK(ResourceExhausted("a", 1) == absl::ResourceExhaustedError("a1"));
  CHECK(Corruption("f.sst", 7, "bad ", 3) == absl::DataLossError("corruption in f.sst at offset 7: bad 3"));
}

}  // namespace stoa
