// Checks of character encodings.
#pragma once

#include <string_view>

namespace stoa {

/// True when every byte is below 0x80.
bool IsAscii(std::string_view text);

/// True for well-formed UTF-8: shortest forms only, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace stoa
