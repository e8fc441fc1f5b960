// Where nothing is alive: what one read has found out for those after it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stoa {

/// From this many on, rows and range-changes without life, one after another, are a dead run: worth asking
/// whether it is known how far it goes, and worth remembering.
inline constexpr uint32_t kDeadRunRowsMin = 32;

/// Knows of the dead runs in one range of one partition, and learns of others.
class DeadRunGuide {
 public:
  virtual ~DeadRunGuide() = default;

  /// Rows that the sources below the filter have dropped, so that it did not see them: counted by them.
  uint64_t rows_dropped = 0;

  /// Everything up to the row `here` was read. Where to skip to in its partition (RowSource::SkipTo), if more
  /// is known to be dead; valid until the next call.
  virtual std::optional<std::string_view> KnownEnd(std::string_view here) = 0;

  /// Says that nothing is alive between two living rows, the first in the direction of reading being
  /// `last_live`; none for the ends of the range.
  virtual void Learn(std::optional<std::string_view> last_live,
                     std::optional<std::string_view> next_live) = 0;
};

}  // namespace stoa
