#include "sstable/bounds_codec.h"

namespace stoa {
namespace {

constexpr uint8_t kTombstones = 1;
constexpr uint8_t kExpiring = 2;

}  // namespace

void AppendPosition(std::string* out, const Position& position) {
  AppendLittle(out, position.token);
  AppendLengthPrefixed(out, position.key);
  AppendLengthPrefixed(out, position.clustering);
}

bool ReadPosition(Decoder* decoder, Position* position) {
  std::string_view key, clustering;
  if (!decoder->Little(&position->token) || !decoder->LengthPrefixed(&key) ||
      !decoder->LengthPrefixed(&clustering)) {
    return false;
  }
  position->key = key;
  position->clustering = clustering;
  return true;
}

void AppendBounds(std::string* out, const SourceBounds& bounds) {
  AppendPosition(out, bounds.first);
  AppendPosition(out, bounds.last);
  AppendLittle(out, bounds.times.min_timestamp);
  AppendLittle(out, bounds.times.max_timestamp);
  AppendLittle(out, bounds.times.min_local_time);
  AppendLittle(out, bounds.times.max_local_time);
  const int flags =
      (bounds.times.has_tombstones ? kTombstones : 0) | (bounds.times.has_expiring ? kExpiring : 0);
  AppendLittle(out, static_cast<uint8_t>(flags));
}

bool ReadBounds(Decoder* decoder, SourceBounds* bounds) {
  if (!ReadPosition(decoder, &bounds->first) || !ReadPosition(decoder, &bounds->last)) return false;
  uint8_t flags = 0;
  TimeBounds& times = bounds->times;
  if (!decoder->Little(&times.min_timestamp) || !decoder->Little(&times.max_timestamp) ||
      !decoder->Little(&times.min_local_time) || !decoder->Little(&times.max_local_time) ||
      !decoder->Little(&flags)) {
    return false;
  }
  times.has_tombstones = (flags & kTombstones) != 0;
  times.has_expiring = (flags & kExpiring) != 0;
  return (flags & ~(kTombstones | kExpiring)) == 0;
}

}  // namespace stoa
