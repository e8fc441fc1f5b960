#include "support/zstd_lines.h"

#include <zstd.h>

#include <fstream>
#include <iterator>

#include "support/catch.h"

namespace stoa::testing {

std::vector<std::string> ReadZstdLines(const std::string& path) {
  std::ifstream file(std::string(STOA_SOURCE_DIR) + "/" + path, std::ios::binary);
  CAPTURE(path);
  REQUIRE(file.good());
  const std::string compressed((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::string text;
  std::string buffer(ZSTD_DStreamOutSize(), '\0');
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ZSTD_inBuffer in = {compressed.data(), compressed.size(), 0};
  size_t result = 1;
  while (in.pos < in.size && !ZSTD_isError(result)) {
    ZSTD_outBuffer out = {buffer.data(), buffer.size(), 0};
    result = ZSTD_decompressStream(context, &out, &in);
    text.append(buffer.data(), out.pos);
  }
  ZSTD_freeDCtx(context);
  REQUIRE(result == 0);  // a whole frame
  std::vector<std::string> lines = Words(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::vector<std::string> Words(std::string_view line, char separator) {
  std::vector<std::string> words;
  while (true) {
    const size_t end = line.find(separator);
    words.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos) return words;
    line.remove_prefix(end + 1);
  }
}

}  // namespace stoa::testing
