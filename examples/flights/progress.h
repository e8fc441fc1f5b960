// Shows how a load goes: a bar that moves on a terminal, a line every tenth of the way elsewhere.
#pragma once

#include <cstdint>

#include "text.h"

class Progress {
 public:
  /// Counts from `rows`, which were there before; so were `fraction` of the input.
  Progress(uint64_t rows, double fraction);

  void Update(uint64_t rows, double fraction);
  /// Ends the bar with a summary.
  void Finish(uint64_t rows);

 private:
  void DrawBar(uint64_t rows, double fraction) const;

  const bool terminal_;
  const uint64_t rows_before_;
  const double fraction_before_;
  const Stopwatch watch_;
  double next_draw_seconds_ = 0;
  double next_line_fraction_;
};
