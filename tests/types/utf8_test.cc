#include "types/utf8.h"

#include <string>

#include "support/catch.h"

namespace stoa {
namespace {

std::string EncodeUtf8(uint32_t code) {
  std::string out;
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  const int extra = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  out.push_back(static_cast<char>((0xff00 >> (extra + 1)) | (code >> (6 * extra))));
  for (int i = extra; i-- > 0;) out.push_back(static_cast<char>(0x80 | (code >> (6 * i) & 0x3f)));
  return out;
}

// Goal: exactly the Unicode scalar values are accepted. Method: every code point to 0x11ffff, encoded by the
// test, alone and behind ASCII of a word's length.
TEST_CASE("every code point is accepted or refused rightly") {
  for (uint32_t code = 0; code < 0x120000; ++code) {
    const bool valid = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    const std::string text = EncodeUtf8(code);
    if (IsUtf8(text) != valid || IsUtf8("12345678" + text + "9") != valid) FAIL("code point " << code);
  }
}

// Goal: sequences of any bytes are judged rightly. Method: all strings of one and two bytes against the
// definition, truncated and overlong forms by hand.
TEST_CASE("malformed sequences are refused") {
  for (int a = 0; a < 256; ++a) {
    CHECK(IsUtf8(std::string(1, static_cast<char>(a))) == (a < 0x80));
    for (int b = 0; b < 256; ++b) {
      const bool valid = (a < 0x80 && b < 0x80) || (a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf);
      if (IsUtf8(std::string{static_cast<char>(a), static_cast<char>(b)}) != valid) FAIL(a << " " << b);
    }
  }
  for (const char* text : {"\xe2\x82", "\xf0\x9f\x98", "a\xe2", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
                           "\xe2\x28\xa1", "\xf8\x88\x80\x80\x80", "\xc0\x80"}) {
    CHECK_FALSE(IsUtf8(text));
  }
  CHECK(IsUtf8(""));
}

// Goal: ASCII is what has no high bit, at any place of a text. Method: one other byte at each of 20 places.
TEST_CASE("ascii is seven bits") {
  CHECK(IsAscii(""));
  for (size_t at = 0; at < 20; ++at) {
    std::string text(20, '\x7f');
    CHECK(IsAscii(text));
    text[at] = '\x80';
    CHECK_FALSE(IsAscii(text));
    CHECK_FALSE(IsUtf8(text));
  }
}

}  // namespace
}  // namespace stoa
