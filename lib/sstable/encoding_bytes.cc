#include "sstable/encoding_bytes.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace stoa {
namespace {

constexpr uint8_t kPlain = 0;
constexpr uint8_t kDictionary = 1;
/// Dictionaries larger than this are not tried: their codes would save little.
constexpr size_t kEntriesMax = size_t{1} << 16;

}  // namespace

bool ByteSequence::Parse(Decoder* in, uint32_t count_expected, uint64_t* payload_end) {
  uint8_t head = 0;
  if (!in->Little(&head) || head > kDictionary || !in->Varint(&bytes_count)) return false;
  count = count_expected;
  uint32_t entries = count;
  if (head == kDictionary) {
    WordSequence parsed;
    if (!in->Varint(&entries) || entries > count || !parsed.Parse(in, count, payload_end)) return false;
    codes = std::make_shared<const WordSequence>(parsed);
  }
  if (entries == ~uint32_t{0} || !offsets.Parse(in, entries + 1, payload_end)) return false;
  if (*payload_end > ~uint32_t{0}) return false;
  bytes_offset = static_cast<uint32_t>(*payload_end);
  *payload_end += bytes_count;
  return true;
}

bool ByteSequence::DecodeEntries(const char* section, uint32_t begin, uint32_t end, std::string_view* out,
                                 std::vector<uint64_t>* words) const {
  if (begin == end) return true;
  const size_t n = end - begin;
  words->resize(n + 1);
  const uint64_t* at = words->data();
  offsets.Decode(section, begin, end + 1, words->data());
  bool descends = false;
  for (size_t i = 0; i < n; ++i) descends |= at[i] > at[i + 1];
  if (descends || at[n] > bytes_count) return false;
  const char* bytes = section + bytes_offset;
  for (size_t i = 0; i < n; ++i) out[i] = std::string_view(bytes + at[i], at[i + 1] - at[i]);
  return true;
}

bool ByteSequence::FindEqual(const char* section, std::string_view wanted, uint32_t* found) const {
  constexpr uint32_t kOffsetsAtOnce = 32;
  std::array<uint64_t, kOffsetsAtOnce + 1> ends;
  for (*found = 0; codes != nullptr && *found < count; ++*found) {
    std::string_view value;
    if (Get(section, *found, &value) && value == wanted) return true;
  }
  for (*found = 0; *found < count;) {
    const uint32_t end = std::min(count, *found + kOffsetsAtOnce);
    offsets.Decode(section, *found, end + 1, ends.data());
    for (const uint64_t* offset = ends.data(); *found < end; ++*found, ++offset) {
      if (offset[1] - offset[0] != wanted.size() || offset[0] > bytes_count ||
          wanted.size() > bytes_count - offset[0]) {
        continue;
      }
      if (std::string_view(section + bytes_offset + offset[0], wanted.size()) == wanted) return true;
    }
  }
  return false;
}

bool ByteSequence::Decode(const char* section, uint32_t begin, uint32_t end, std::string_view* out,
                          Scratch* scratch) const {
  if (one_length()) return DecodeSteps(section, begin, 1, end - begin, out);
  if (codes == nullptr) return DecodeEntries(section, begin, end, out, &scratch->words);
  const uint32_t entries = entry_count();
  const bool few = entries <= end - begin;  // worth decoding them all
  if (few) {
    scratch->entries.resize(entries);
    if (!DecodeEntries(section, 0, entries, scratch->entries.data(), &scratch->words)) return false;
  }
  scratch->words.resize(end - begin);
  const uint64_t* code = scratch->words.data();
  codes->Decode(section, begin, end, scratch->words.data());
  const std::string_view* entry = scratch->entries.data();
  for (uint32_t i = 0; i < end - begin; ++i) {
    if (code[i] >= entries) return false;
    if (few) {
      out[i] = entry[code[i]];
    } else if (!Entry(section, static_cast<uint32_t>(code[i]), &out[i])) {
      return false;
    }
  }
  return true;
}

bool ByteSequence::DecodeSteps(const char* section, uint32_t begin, uint32_t step, uint32_t n,
                               std::string_view* out) const {
  if (!one_length()) {
    for (uint32_t i = 0; i < n; ++i) {
      if (!Get(section, begin + i * step, &out[i])) return false;
    }
    return true;
  }
  const uint64_t bytes = offsets.multiplier;
  if (n == 0) return true;
  if (bytes > bytes_count) return false;
  for (uint32_t i = 0; i < n; ++i) {
    const uint64_t at = offsets.base + bytes * (begin + uint64_t{i} * step);
    if (at > bytes_count - bytes) return false;
    out[i] = std::string_view(section + bytes_offset + at, bytes);
  }
  return true;
}

size_t CommonPrefix(const ByteStrings& strings) {
  if (strings.size() < 2) return 0;
  const std::string_view first = strings[0];
  size_t common = first.size();
  for (size_t i = 1; i < strings.size() && common > 0; ++i) {
    const std::string_view string = strings[i];
    common = std::min(common, string.size());
    common = static_cast<size_t>(
        std::mismatch(first.begin(), first.begin() + static_cast<ptrdiff_t>(common), string.begin()).first -
        first.begin());
  }
  return common;
}

void ByteWriter::Plan(const ByteStrings& strings, size_t prefix_bytes) {
  const size_t count = strings.size();
  views_.clear();
  for (size_t i = 0; i < count; ++i) views_.push_back(strings[i].substr(prefix_bytes));
  dictionary_ = false;
  entries_ = views_;
  if (distinct_.Collect(views_, std::min(count / 2, kEntriesMax))) {
    size_t distinct_bytes = 0;
    for (const std::string_view value : distinct_.values()) distinct_bytes += value.size() + 1;
    const size_t code_bytes = distinct_.values().size() <= 256 ? 1 : 2;
    dictionary_ = distinct_bytes + code_bytes * count < strings.bytes.size() - prefix_bytes * count + count;
  }
  if (dictionary_) {
    entries_ = distinct_.values();
    codes_.Plan(distinct_.codes());
  }
  whole_ = dictionary_ || prefix_bytes != 0 ? std::string_view() : std::string_view(strings.bytes);
  offset_values_.assign(1, 0);
  if (whole_.empty()) {
    for (const std::string_view entry : entries_)
      offset_values_.push_back(offset_values_.back() + entry.size());
  } else {
    offset_values_.insert(offset_values_.end(), strings.ends.begin(), strings.ends.end());
  }
  offsets_.Plan(offset_values_);
}

void ByteWriter::AppendDescriptor(std::string* out) const {
  out->push_back(static_cast<char>(dictionary_ ? kDictionary : kPlain));
  AppendVarint(out, offset_values_.back());
  if (dictionary_) {
    AppendVarint(out, entries_.size());
    codes_.AppendDescriptor(out);
  }
  offsets_.AppendDescriptor(out);
}

void ByteWriter::AppendPayload(SectionBuffer* out) const {
  if (dictionary_) codes_.AppendPayload(out);
  offsets_.AppendPayload(out);
  out->bytes.reserve(out->bytes.size() + offset_values_.back());
  if (!whole_.empty()) {
    out->bytes.append(whole_);
    return;
  }
  for (const std::string_view entry : entries_) out->bytes.append(entry);
}

}  // namespace stoa
