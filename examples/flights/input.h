// Reads flights from a CSV file: date,origin,destination,delay,distance in the order of their dates.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "flight.h"

/// The lines of a file, plain or compressed with zstd; holds one buffer, whatever the size of the file.
class LineReader {
 public:
  explicit LineReader(const std::string& path);
  ~LineReader();

  /// False at the end. `line`, without its line break, is valid until the next call.
  bool Next(std::string_view* line);
  /// Bytes of all lines so far, with line breaks.
  uint64_t bytes() const { return bytes_; }
  /// How much of the file has been read, 0 to 1.
  double fraction() const;

 private:
  struct Decompressor;

  bool Fill();
  size_t ReadFile(char* to, size_t size);
  size_t Decompress(char* to, size_t size);

  std::string path_;
  std::FILE* file_;
  uint64_t file_size_ = 0;
  uint64_t file_read_ = 0;
  std::unique_ptr<Decompressor> decompressor_;  // null for a plain file
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of what is in the buffer and not yet handed out
  size_t end_ = 0;
  uint64_t bytes_ = 0;
};

class FlightReader {
 public:
  /// Hands out at most `rows_max` flights.
  FlightReader(const std::string& path, uint64_t rows_max);

  /// False at the end. A line that is not a flight ends the program, naming it.
  bool Next(Flight* flight);
  uint64_t rows() const { return rows_; }
  uint64_t bytes() const { return lines_.bytes(); }
  double fraction() const;

 private:
  void Parse(std::string_view line, Flight* flight) const;

  std::string path_;
  LineReader lines_;
  uint64_t rows_ = 0;
  uint64_t rows_max_;
  // Flights of the current minute by origin and destination: because the file is in order of time, nothing
  // older can come again.
  int64_t minute_ = INT64_MIN;
  std::unordered_map<std::string, int32_t> copies_;
  std::string route_;
};
