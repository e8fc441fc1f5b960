// What the header of a block says of its keys and its liveness: descriptors of sequences whose payloads stand
// in the first two sections. Parsed once, when a block comes into the cache, so that a point read parses
// nothing of it; and small, for every cache line of it that a point read touches costs it as much as a
// hundred instructions: what few blocks have stands elsewhere.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/inlined_vector.h>

#include "data/deletion_time.h"
#include "sstable/encoding.h"
#include "sstable/encoding_bytes.h"
#include "sstable/encoding_presence.h"

namespace stoa {

/// Words of some of the rows.
struct SparseWords {
  Presence at;
  WordSequence values;  ///< by ordinal in `at`

  bool Parse(Decoder* in, uint32_t rows, uint64_t* payload_end) {
    return at.Parse(in, rows, payload_end) && (at.none() || values.Parse(in, at.count, payload_end));
  }
  /// The word of `row`, or `otherwise` where it has none; false when bytes are damaged.
  bool Get(const char* section, uint32_t row, uint64_t otherwise, uint64_t* value) const {
    uint32_t ordinal = 0;
    const Presence::Found found = at.Find(section, row, &ordinal);
    *value = found == Presence::Found::kPresent ? values.Get(section, ordinal) : otherwise;
    return found != Presence::Found::kDamaged;
  }
};

/// Deletions of some of the rows, partitions or range-changes.
struct SparseDeletions {
  struct Times {
    WordSequence timestamps;
    WordSequence local_times;
  };
  Presence at;
  std::shared_ptr<const Times> times;  ///< null if `at` is none

  bool Parse(Decoder* in, uint32_t rows, uint64_t* payload_end) {
    if (!at.Parse(in, rows, payload_end)) return false;
    if (at.none()) return true;
    Times parsed;
    if (!parsed.timestamps.Parse(in, at.count, payload_end) ||
        !parsed.local_times.Parse(in, at.count, payload_end)) {
      return false;
    }
    times = std::make_shared<const Times>(parsed);
    return true;
  }
  DeletionTime OfOrdinal(const char* section, uint32_t ordinal) const {
    return {static_cast<int64_t>(times->timestamps.Get(section, ordinal)),
            static_cast<int64_t>(times->local_times.Get(section, ordinal))};
  }
  bool Get(const char* section, uint32_t row, DeletionTime* deletion) const {
    uint32_t ordinal = 0;
    const Presence::Found found = at.Find(section, row, &ordinal);
    *deletion = found == Presence::Found::kPresent ? OfOrdinal(section, ordinal) : DeletionTime{};
    return found != Presence::Found::kDamaged;
  }
};

/// Byte strings that all begin with `prefix`.
struct KeyStrings {
  std::string prefix;
  ByteSequence suffixes;

  bool Parse(Decoder* in, uint32_t count, uint64_t* payload_end) {
    std::string_view bytes;
    if (!in->LengthPrefixed(&bytes)) return false;
    prefix = bytes;
    return suffixes.Parse(in, count, payload_end);
  }
};

/// One component of the rows' clustering keys: words, for up to 8 bytes one, for up to 16 two, or byte
/// strings.
struct KeyColumn {
  WordSequence low;
  WordSequence high;  ///< of components of more than 8 bytes: the first 8
  KeyStrings strings;
};

/// Range-changes.
struct ChangeParts {
  WordSequence runs;
  WordSequence rows;
  KeyStrings bounds;
  SparseDeletions deletions;

  bool Parse(Decoder* in, uint32_t count, uint64_t* payload_end) {
    return runs.Parse(in, count, payload_end) && rows.Parse(in, count, payload_end) &&
           bounds.Parse(in, count, payload_end) && deletions.Parse(in, count, payload_end);
  }
};

/// What is looked at first stands first, so that it is in few cache lines.
struct KeyParts {
  KeyStrings partition_keys;
  WordSequence first_rows;
  absl::InlinedVector<KeyColumn, 1> clustering;
  SparseDeletions partition_deletions;
  std::shared_ptr<const ChangeParts> changes;  ///< null if there are none
};

/// Most blocks have nothing but timestamps, which stand last, beside the keys.
struct LivenessParts {
  SparseDeletions deletions;
  SparseWords flags;       ///< absent: a row marker alone
  SparseWords expiries;    ///< absent: kNoExpiry
  SparseWords timestamps;  ///< absent: kNoTimestamp
};

}  // namespace stoa
