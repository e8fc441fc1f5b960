// Numbers and times for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

/// 1234567 as "1,234,567".
inline std::string Commas(int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (size_t place = digits.size(); place > 3;) {
    place -= 3;
    digits.insert(place, ",");
  }
  return number < 0 ? "-" + digits : digits;
}

/// 0.0000021 as "2.1 us".
inline std::string FormatSeconds(double seconds) {
  char text[32];
  if (seconds < 1e-3) {
    std::snprintf(text, sizeof text, "%.1f us", seconds * 1e6);
  } else if (seconds < 1) {
    std::snprintf(text, sizeof text, "%.1f ms", seconds * 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  }
  return text;
}

class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};
