// When a read gives up: its deadline and its stop token.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include <absl/status/status.h>

#include "data/row_batch.h"
#include "io/clock.h"

namespace stoa {

class Interruption {
 public:
  /// Never.
  Interruption() = default;
  /// After `timeout_micros` from now (0: never), or when `stop` is requested. `clock` must outlive this.
  Interruption(Clock& clock, int64_t timeout_micros, std::stop_token stop);

  /// False when Check can only be OK: then nothing needs to ask.
  bool possible() const { return timeout_micros_ > 0 || stop_.stop_possible(); }

  /// OK, DeadlineExceeded or Cancelled; the message names the operation on `table`.
  absl::Status Check(std::string_view table) const;

 private:
  Clock* clock_ = nullptr;
  int64_t timeout_micros_ = 0;
  int64_t deadline_ = 0;  // on the monotonic clock; of no meaning without a timeout
  std::stop_token stop_;
};

/// `source`, asking before every step. It stands directly on what reads blocks: filters and merges may go
/// through any number of them before they have a row to hand over. `interruption` must outlive the source.
std::unique_ptr<RowSource> NewInterruptibleSource(std::unique_ptr<RowSource> source,
                                                  const Interruption* interruption, std::string_view table);

}  // namespace stoa
