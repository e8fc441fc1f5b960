// Which of the rows of a block have something, as it stands in the sections of a block: none, all, a bitmap
// with counts, or a list of rows. FORMAT.md describes every byte.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/coding.h"
#include "sstable/encoding.h"
#include "sstable/encoding_writer.h"

namespace stoa {

/// The parsed descriptor. What rows have is kept densely: the `ordinal` of a row counts those before it that
/// are present. `section` is where the offsets given to Parse count from.
struct Presence {
  enum class Form : uint8_t { kNone = 0, kAll = 1, kBitmap = 2, kList = 3 };
  Form form = Form::kNone;
  uint32_t rows = 0;    ///< there are
  uint32_t count = 0;   ///< are present
  uint32_t offset = 0;  ///< of the bitmap
  std::shared_ptr<const WordSequence> list;

  /// As WordSequence::Parse, for `row_count` rows.
  bool Parse(Decoder* in, uint32_t row_count, uint64_t* payload_end);
  bool none() const { return form == Form::kNone; }
  bool all() const { return form == Form::kAll; }

  enum class Found : uint8_t { kAbsent, kPresent, kDamaged };
  /// The ordinal of a row. REQUIRES: row < rows.
  Found Find(const char* section, uint32_t row, uint32_t* ordinal) const {
    *ordinal = row;
    if (form == Form::kAll) [[likely]]
      return Found::kPresent;
    return form == Form::kNone ? Found::kAbsent : FindSlow(section, row, ordinal);
  }
  /// The rows present among [begin, end), as their distance from `begin`, and the ordinal of the first of
  /// them; false when bytes are damaged. (Not for kAll, where nobody needs a list.)
  bool Rows(const char* section, uint32_t begin, uint32_t end, uint32_t* first_ordinal,
            std::vector<uint32_t>* out) const;

 private:
  Found FindSlow(const char* section, uint32_t row, uint32_t* ordinal) const;
  uint64_t BitWord(const char* section, uint32_t i) const {
    return LoadLittle<uint64_t>(section + offset + uint64_t{i} * 8);
  }
  uint32_t Rank(const char* section, uint32_t row) const;
};

class PresenceWriter {
 public:
  /// `rows_present` ascend and are less than `rows`; they must live until AppendPayload.
  void Plan(std::span<const uint64_t> rows_present, uint32_t rows);
  void AppendDescriptor(std::string* out) const;
  void AppendPayload(SectionBuffer* out) const;

 private:
  Presence::Form form_ = Presence::Form::kNone;
  uint32_t rows_ = 0;
  std::span<const uint64_t> present_;
  WordWriter list_;
};

}  // namespace stoa
