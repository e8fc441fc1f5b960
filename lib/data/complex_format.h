// The numbers in complex cells (data/complex_cell.h), for who writes and who reads them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stoa {

namespace complex_flag {
inline constexpr uint8_t kInContext = 1;
inline constexpr uint8_t kLocalTime = 2;
inline constexpr uint8_t kExpiry = 4;
inline constexpr uint8_t kDeletion = 8;
inline constexpr uint8_t kElements = 16;
inline constexpr uint8_t kDeltas = 32;
inline constexpr uint8_t kPending = 64;
inline constexpr uint8_t kAll = 127;
}  // namespace complex_flag

namespace complex_element {
inline constexpr uint8_t kTombstone = 1;
inline constexpr uint8_t kOwnAge = 2;
inline constexpr uint8_t kCommonTime = 4;
inline constexpr uint8_t kOwnTime = 8;
inline constexpr uint8_t kPending = 16;
inline constexpr uint8_t kAll = 31;
}  // namespace complex_element

namespace complex_path {
inline constexpr uint8_t kPrepended = 0;
inline constexpr uint8_t kAppended = 1;
inline constexpr size_t kPendingBytes = 9;
inline constexpr size_t kListBytes = 17;
}  // namespace complex_path

}  // namespace stoa
