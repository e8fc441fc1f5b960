// Sequences of byte strings with random access, as they stand in the sections of a block: offsets and bytes,
// or a dictionary of distinct strings and a code for each value. FORMAT.md describes every byte.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/prefetch.h"
#include "sstable/encoding.h"
#include "sstable/encoding_writer.h"

namespace stoa {

/// The parsed descriptor of a sequence of byte strings. `section` below is where the offsets given to Parse
/// count from; the strings handed out are views of it.
struct ByteSequence {
  uint32_t count = 0;
  uint32_t bytes_offset = 0;
  uint32_t bytes_count = 0;
  WordSequence offsets;  ///< where entries (without a dictionary: values) begin, and at last where they end
  std::shared_ptr<const WordSequence> codes;  ///< of a dictionary: for each value the number of its entry

  /// As WordSequence::Parse.
  bool Parse(Decoder* in, uint32_t count_expected, uint64_t* payload_end);
  uint32_t entry_count() const { return offsets.count - 1; }

  /// Value `i`; false when bytes are damaged. REQUIRES: i < count.
  bool Get(const char* section, uint32_t i, std::string_view* value) const {
    if (codes == nullptr) return Entry(section, i, value);
    const uint64_t code = codes->Get(section, i);
    return code < entry_count() && Entry(section, static_cast<uint32_t>(code), value);
  }
  /// The first value that equals `wanted`; false when there is none. Goes through all of them.
  bool FindEqual(const char* section, std::string_view wanted, uint32_t* found) const;
  /// Asks for the memory that Get will read for values [begin, end): where the strings stand and, if that can
  /// be told without looking, their front.
  void Prefetch(const char* section, uint32_t begin, uint32_t end) const {
    if (codes != nullptr) return codes->Prefetch(section, begin);
    offsets.Prefetch(section, begin);
    if (offsets.encoding > WordEncoding::kLinear) return;
    constexpr uint64_t kFrontBytes = 1 << 10;
    const uint64_t first = offsets.Get(section, begin);
    const uint64_t last = std::min({offsets.Get(section, end), uint64_t{bytes_count}, first + kFrontBytes});
    if (first < last) stoa::Prefetch(section + bytes_offset + first, last - first);
  }
  /// Memory for Decode, reused from call to call.
  struct Scratch {
    std::vector<uint64_t> words;
    std::vector<std::string_view> entries;
  };
  /// Values [begin, end) to out[0 ...]; false when bytes are damaged.
  bool Decode(const char* section, uint32_t begin, uint32_t end, std::string_view* out,
              Scratch* scratch) const;
  /// The `n` values begin, begin + step, begin + 2 * step, ... to out[0 ...]; false when bytes are damaged.
  /// REQUIRES: all of them are less than count.
  bool DecodeSteps(const char* section, uint32_t begin, uint32_t step, uint32_t n,
                   std::string_view* out) const;

 private:
  /// So that no offsets need be looked at.
  bool one_length() const {
    return codes == nullptr && offsets.encoding == WordEncoding::kLinear &&
           offsets.numbers == NumberKind::kInteger;
  }
  bool Entry(const char* section, uint32_t i, std::string_view* value) const {
    uint64_t begin = 0;
    uint64_t end = 0;
    offsets.GetPair(section, i, &begin, &end);
    if (begin > end || end > bytes_count) [[unlikely]]
      return false;
    *value = std::string_view(section + bytes_offset + begin, end - begin);
    return true;
  }
  bool DecodeEntries(const char* section, uint32_t begin, uint32_t end, std::string_view* out,
                     std::vector<uint64_t>* words) const;
};

/// Byte strings one after another, in memory that is reused.
struct ByteStrings {
  std::string bytes;
  std::vector<uint64_t> ends;  ///< where each string ends

  void Clear() {
    bytes.clear();
    ends.clear();
  }
  void Add(std::string_view string) {
    bytes.append(string);
    ends.push_back(bytes.size());
  }
  size_t size() const { return ends.size(); }
  std::string_view operator[](size_t i) const {
    const uint64_t begin = i == 0 ? 0 : ends[i - 1];
    return std::string_view(bytes).substr(begin, ends[i] - begin);
  }
  std::string_view back() const { return (*this)[size() - 1]; }
};

/// Writes one sequence of byte strings; reused for sequence after sequence. Not thread-safe.
class ByteWriter {
 public:
  /// `strings` must live until AppendPayload. The first `prefix_bytes` bytes, which all strings share, are
  /// left out.
  void Plan(const ByteStrings& strings, size_t prefix_bytes = 0);

  bool dictionary() const { return dictionary_; }
  void AppendDescriptor(std::string* out) const;
  void AppendPayload(SectionBuffer* out) const;

 private:
  std::vector<std::string_view> views_;
  std::span<const std::string_view> entries_;  // of views_ or distinct_
  std::string_view whole_;                     // all entries, if they stand together; or empty
  std::vector<uint64_t> offset_values_;
  bool dictionary_ = false;
  DistinctValues<std::string_view> distinct_;
  WordWriter codes_;
  WordWriter offsets_;
};

/// How many bytes all strings begin with alike; 0 for fewer than two strings.
size_t CommonPrefix(const ByteStrings& strings);

}  // namespace stoa
