#include "input.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <zstd.h>

#include "check.h"

namespace {

constexpr size_t kBufferBytes = 256 << 10;
constexpr size_t kFileReadBytes = 16 << 10;  // small, so that progress is smooth
constexpr uint32_t kZstdMagic = 0xFD2FB528;

}  // namespace

struct LineReader::Decompressor {
  ZSTD_DStream* stream = ZSTD_createDStream();
  std::vector<char> compressed = std::vector<char>(kFileReadBytes);
  ZSTD_inBuffer input{compressed.data(), 0, 0};
  bool frame_complete = true;

  Decompressor() = default;
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  ~Decompressor() { ZSTD_freeDStream(stream); }
};

LineReader::LineReader(const std::string& path)
    : path_(path), file_(std::fopen(path.c_str(), "rb")), buffer_(kBufferBytes) {
  if (file_ == nullptr) Fail("cannot open " + path);
  uint32_t magic = 0;
  const size_t read = std::fread(&magic, 1, sizeof magic, file_);
  if (read == sizeof magic && magic == kZstdMagic) decompressor_ = std::make_unique<Decompressor>();
  std::fseek(file_, 0, SEEK_END);
  file_size_ = static_cast<uint64_t>(std::ftell(file_));
  std::rewind(file_);
}

LineReader::~LineReader() { std::fclose(file_); }

double LineReader::fraction() const {
  return file_size_ == 0 ? 1 : static_cast<double>(file_read_) / static_cast<double>(file_size_);
}

bool LineReader::Next(std::string_view* line) {
  while (true) {
    const char* begin = buffer_.data() + begin_;
    if (const void* found = std::memchr(begin, '\n', end_ - begin_)) {
      const auto size = static_cast<size_t>(static_cast<const char*>(found) - begin);
      *line = std::string_view(begin, size);
      begin_ += size + 1;
      bytes_ += size + 1;
      return true;
    }
    if (!Fill()) break;
  }
  if (begin_ == end_) return false;
  *line = std::string_view(buffer_.data() + begin_, end_ - begin_);  // a last line without a line break
  bytes_ += line->size();
  begin_ = end_;
  return true;
}

bool LineReader::Fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ == buffer_.size()) Fail(path_ + ": a line of over " + std::to_string(end_) + " bytes");
  char* to = buffer_.data() + end_;
  const size_t room = buffer_.size() - end_;
  const size_t got = decompressor_ ? Decompress(to, room) : ReadFile(to, room);
  end_ += got;
  return got > 0;
}

size_t LineReader::ReadFile(char* to, size_t size) {
  const size_t got = std::fread(to, 1, size, file_);
  if (std::ferror(file_)) Fail("cannot read " + path_);
  file_read_ += got;
  return got;
}

size_t LineReader::Decompress(char* to, size_t size) {
  Decompressor& zstd = *decompressor_;
  ZSTD_outBuffer output{to, size, 0};
  bool at_end = false;
  while (output.pos == 0 && !at_end) {
    if (zstd.input.pos == zstd.input.size) {
      zstd.input.size = ReadFile(zstd.compressed.data(), zstd.compressed.size());
      zstd.input.pos = 0;
      at_end = zstd.input.size == 0;  // what the stream still holds comes out all the same
    }
    const size_t result = ZSTD_decompressStream(zstd.stream, &output, &zstd.input);
    if (ZSTD_isError(result)) Fail(path_ + ": " + ZSTD_getErrorName(result));
    if (!at_end || output.pos > 0) zstd.frame_complete = result == 0;
  }
  if (output.pos == 0 && !zstd.frame_complete) Fail(path_ + ": ends in the middle of a zstd frame");
  return output.pos;
}

FlightReader::FlightReader(const std::string& path, uint64_t rows_max)
    : path_(path), lines_(path), rows_max_(rows_max) {
  std::string_view header;
  if (!lines_.Next(&header) || header != "date,origin,destination,delay,distance") {
    Fail(path + ": the first line is not date,origin,destination,delay,distance");
  }
}

double FlightReader::fraction() const {
  return std::max(lines_.fraction(), static_cast<double>(rows_) / static_cast<double>(rows_max_));
}

bool FlightReader::Next(Flight* flight) {
  std::string_view line;
  if (rows_ == rows_max_ || !lines_.Next(&line)) return false;
  Parse(line, flight);
  if (flight->departure < minute_) Fail(path_ + ": not in the order of dates at " + std::string(line));
  if (flight->departure > minute_) copies_.clear();
  minute_ = flight->departure;
  route_.assign(flight->origin).append("-").append(flight->destination);
  flight->copy = copies_[route_]++;
  ++rows_;
  return true;
}

void FlightReader::Parse(std::string_view line, Flight* flight) const {
  std::string_view fields[5];
  std::string_view rest = line;
  for (std::string_view& field : fields) {
    const size_t comma = std::min(rest.find(','), rest.size());
    field = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  const auto number = [](std::string_view text, int32_t* value) {
    const char* end = text.data() + text.size();
    return !text.empty() && std::from_chars(text.data(), end, *value).ptr == end;
  };
  if (!ParseMinute(fields[0], &flight->departure) || fields[1].empty() || fields[2].empty() ||
      !number(fields[3], &flight->delay) || !number(fields[4], &flight->distance) || !rest.empty()) {
    Fail(path_ + ": row " + std::to_string(rows_ + 1) + " is not a flight: " + std::string(line));
  }
  flight->origin = fields[1];
  flight->destination = fields[2];
}
