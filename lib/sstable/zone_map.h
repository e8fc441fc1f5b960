// Zone maps: for each block the smallest and greatest value of a column, so that a predicate can skip blocks.
//
//     zones  := entries:u32 range state:u8[entries] null_count:u32[entries] ends
//     range  := state:u8 bounds                         of all blocks together
//     ends   := of a word type    min:i64[entries] max:i64[entries]                  (0 where no zone is
//     stored)
//               of any other      end:u32[2 * entries] bytes                         (min, max, min, max,
//               ...)
//     bounds := of a word type    min:i64 max:i64;   of any other    min_bytes:u32 max_bytes:u32 min max
//     state  := 0 no live value, nothing matches | 1 any value of the range | 2 from min to max
//
// A zone of byte strings that is about as wide as the range, as nearly all of noise are, saves hardly a
// reader anything and is not stored: a record of ten fields of 100 bytes of noise would take 3.5 bytes more.
// When a block is copied into another file, the range goes with it in the place of its zone. Zones of words
// take 16 bytes a block, and are stored whatever they are.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include <stoa/types.h>

#include "base/coding.h"
#include "data/row_batch.h"
#include "sstable/block.h"
#include "sstable/block_cache.h"
#include "sstable/table_file.h"

namespace stoa {

enum class ZoneState : uint8_t { kNothing = 0, kAnything = 1, kRange = 2 };

/// What values there may be. A view.
struct ZoneView {
  ZoneState state = ZoneState::kNothing;
  int64_t word_min = 0, word_max = 0;  ///< WordToOrdered
  std::string_view bytes_min, bytes_max;
};

/// The type of a column; none when the file has no such column.
std::optional<TypeKind> KindOf(const BlockLayout& layout, ColumnId column);

/// True unless no value in `zone`, of a column of type `kind`, can satisfy `bounds`.
bool MayMatch(TypeKind kind, const ZoneView& zone, const ColumnBounds& bounds);

/// The same that owns its bytes; grows.
struct ZoneRange {
  ZoneState state = ZoneState::kNothing;
  int64_t word_min = 0, word_max = 0;
  std::string bytes_min, bytes_max;

  void Add(TypeKind kind, const ZoneView& zone);
  ZoneView view() const { return ZoneView{state, word_min, word_max, bytes_min, bytes_max}; }

  void Encode(bool is_word, std::string* out) const;
};
/// False on malformed bytes. The zone views the decoder's bytes.
bool ReadZone(Decoder* decoder, bool is_word, ZoneView* zone);

/// The zone of a block as the block builder found it.
ZoneView ViewOf(const ColumnZone& zone, uint32_t row_count);

/// The zones of one column in consecutive blocks, of which those without the column are left out.
struct ColumnZones {
  struct Zone {
    uint32_t entry;
    uint32_t null_count;
    ZoneRange range;
  };
  std::vector<Zone> zones;
};
/// `rows[entry]` are the rows of each block: all of them are null where the column is left out.
std::string EncodeZones(TypeKind kind, const ColumnZones& column, const std::vector<uint32_t>& rows);

/// The zones of one column and extent, being read. Immutable once loaded; thread-safe.
class ZonePage : public CacheEntry {
 public:
  /// Reads the page at `range`. DataLoss, located, when it is damaged.
  static absl::StatusOr<std::shared_ptr<ZonePage>> Load(const TableFile& file, const FileRange& range,
                                                        TypeKind kind, DecompressorPool& decompressors,
                                                        ReadStats* stats);

  uint32_t entry_count() const { return static_cast<uint32_t>(states_.size()); }
  bool is_word() const { return is_word_; }
  const ZoneView& range() const { return range_; }
  /// Of a block; perhaps wider than its values.
  ZoneView Zone(uint32_t entry) const;
  uint32_t NullCount(uint32_t entry) const;
  size_t memory_bytes() const { return sizeof(*this) + payload_.view().size(); }

 private:
  bool Parse();

  SectionPayload payload_;
  bool is_word_ = false;
  ZoneView range_;
  std::string_view states_;
  const char* null_counts_ = nullptr;
  const char* words_ = nullptr;
  const char* ends_ = nullptr;
  std::string_view bytes_;
};

}  // namespace stoa
