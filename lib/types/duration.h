// Durations: serialized as three signed vints (months, days, nanoseconds), and as text such as 1y2mo3d4h5m6s.
#pragma once

#include <string>
#include <string_view>

#include <stoa/value.h>

namespace stoa {

/// Returns false unless the bytes are three vints in range and of one sign, and nothing else.
bool ParseSerializedDuration(std::string_view bytes, Duration* duration);

/// Units are y mo w d h m s ms us ns, greatest first, each at most once; a leading '-' negates all.
bool ParseDurationText(std::string_view text, Duration* duration);
std::string FormatDuration(const Duration& duration);

}  // namespace stoa
