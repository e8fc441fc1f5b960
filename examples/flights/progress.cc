#include "progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include <unistd.h>

namespace {

constexpr double kDrawEverySeconds = 0.1;
constexpr double kLineEvery = 0.1;
constexpr int kBarWidth = 30;

int64_t Rate(uint64_t rows, double seconds) {
  return seconds > 0 ? static_cast<int64_t>(static_cast<double>(rows) / seconds) : 0;
}

}  // namespace

Progress::Progress(uint64_t rows, double fraction)
    : terminal_(isatty(STDOUT_FILENO) == 1),
      rows_before_(rows),
      fraction_before_(fraction),
      next_line_fraction_((std::floor(fraction / kLineEvery) + 1) * kLineEvery) {}

void Progress::Update(uint64_t rows, double fraction) {
  if (terminal_) {
    if (watch_.Seconds() < next_draw_seconds_) return;
    next_draw_seconds_ = watch_.Seconds() + kDrawEverySeconds;
    DrawBar(rows, fraction);
  } else if (fraction >= next_line_fraction_) {
    next_line_fraction_ = (std::floor(fraction / kLineEvery) + 1) * kLineEvery;
    std::printf("  %3.0f %%  %s rows, %s rows/s\n", fraction * 100,
                Commas(static_cast<int64_t>(rows)).c_str(),
                Commas(Rate(rows - rows_before_, watch_.Seconds())).c_str());
    std::fflush(stdout);
  }
}

void Progress::DrawBar(uint64_t rows, double fraction) const {
  const double seconds = watch_.Seconds();
  const double done = fraction - fraction_before_;
  const double left = done > 0 ? seconds * (1 - fraction) / done : 0;
  const int filled = std::clamp(static_cast<int>(fraction * kBarWidth), 0, kBarWidth);
  const std::string bar = std::string(static_cast<size_t>(filled), '#') +
                          std::string(static_cast<size_t>(kBarWidth - filled), '.');
  std::printf("\r  [%s] %3.0f %%  %s rows  %s rows/s  %s left\033[K", bar.c_str(), fraction * 100,
              Commas(static_cast<int64_t>(rows)).c_str(), Commas(Rate(rows - rows_before_, seconds)).c_str(),
              FormatSeconds(left).c_str());
  std::fflush(stdout);
}

void Progress::Finish(uint64_t rows) {
  const double seconds = watch_.Seconds();
  if (terminal_) std::printf("\r\033[K");
  std::printf("  %s rows loaded in %s: %s rows/s\n",
              Commas(static_cast<int64_t>(rows - rows_before_)).c_str(), FormatSeconds(seconds).c_str(),
              Commas(Rate(rows - rows_before_, seconds)).c_str());
}
