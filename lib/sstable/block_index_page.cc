#include "sstable/block_index_page.h"

#include <algorithm>

#include "base/coding.h"
#include "base/strings.h"

namespace stoa {
namespace {

/// Interpolation converges on hashes in about log log n steps; more would be wasted on tokens that are not.
constexpr int kProbesMax = 4;
/// Ranges this short are searched without guessing.
constexpr uint32_t kShortRange = 8;

template <typename T>
T At(const char* array, size_t index) {
  return LoadLittle<T>(array + index * sizeof(T));
}

/// The shortest prefix of `first` that is greater than `before`.
std::string_view ShortestPrefix(std::string_view before, std::string_view first) {
  const size_t length = std::min(before.size(), first.size());
  const size_t common = static_cast<size_t>(
      std::mismatch(before.begin(), before.begin() + static_cast<ptrdiff_t>(length), first.begin()).first -
      before.begin());
  return first.substr(0, common + 1);
}

template <typename T, typename Entries, typename Get>
void AppendArray(std::string* out, const Entries& entries, Get get) {
  for (const auto& entry : entries) AppendLittle<T>(out, get(entry));
}

}  // namespace

void BlockIndexEntry::AddTotals(const BlockIndexEntry& other) {
  rows += other.rows;
  min_timestamp = std::min(min_timestamp, other.min_timestamp);
  max_timestamp = std::max(max_timestamp, other.max_timestamp);
  max_local_time = std::max(max_local_time, other.max_local_time);
  flags |= other.flags;
}

Position ShortestSeparator(const PositionView& before, const PositionView& first) {
  Position separator;
  separator.token = first.token;
  if (before.token != first.token) return separator;
  if (before.key != first.key) {
    separator.key = ShortestPrefix(before.key, first.key);
    return separator;
  }
  separator.key = first.key;
  separator.clustering = ShortestPrefix(before.clustering, first.clustering);
  return separator;
}

bool IndexPageBuilder::InLastGroup(const PositionView& position) const {
  if (groups_.empty() || groups_.back().token != position.token) return false;
  const size_t begin = groups_.size() > 1 ? groups_[groups_.size() - 2].key_end : 0;
  return std::string_view(keys_).substr(begin) == position.key;
}

void IndexPageBuilder::Add(const PositionView& separator, const BlockIndexEntry& entry,
                           const DeletionTime& open_before) {
  if (!InLastGroup(separator)) {
    keys_.append(separator.key);
    groups_.push_back(Group{separator.token, entry_count(), static_cast<uint32_t>(keys_.size())});
  }
  if (entries_.empty()) open_before_ = open_before;
  if (!open_before.live()) opens_.push_back(Open{entry_count(), open_before});
  clusterings_.append(separator.clustering);
  clustering_ends_.push_back(static_cast<uint32_t>(clusterings_.size()));
  entries_.push_back(entry);
  total_.AddTotals(entry);
}

PositionView IndexPageBuilder::first_separator() const {
  return PositionView{groups_[0].token, std::string_view(keys_).substr(0, groups_[0].key_end),
                      std::string_view(clusterings_).substr(0, clustering_ends_[0])};
}

size_t IndexPageBuilder::byte_count() const {
  return 20 + groups_.size() * 16 + entries_.size() * 53 + opens_.size() * 20 + keys_.size() +
         clusterings_.size();
}

void IndexPageBuilder::Finish(const DeletionTime& open_after, std::string* out) {
  if (!open_after.live()) opens_.push_back(Open{entry_count(), open_after});
  AppendLittle(out, entry_count());
  AppendLittle(out, static_cast<uint32_t>(groups_.size()));
  AppendLittle(out, static_cast<uint32_t>(opens_.size()));
  AppendLittle(out, static_cast<uint32_t>(keys_.size()));
  AppendLittle(out, static_cast<uint32_t>(clusterings_.size()));
  AppendArray<uint64_t>(out, groups_, [](const Group& group) { return group.token; });
  AppendArray<uint32_t>(out, groups_, [](const Group& group) { return group.first_entry; });
  AppendArray<uint32_t>(out, groups_, [](const Group& group) { return group.key_end; });
  AppendArray<uint64_t>(out, entries_, [](const BlockIndexEntry& entry) { return entry.range.offset; });
  AppendArray<uint64_t>(out, entries_, [](const BlockIndexEntry& entry) { return entry.range.bytes; });
  AppendArray<uint64_t>(out, entries_, [](const BlockIndexEntry& entry) { return entry.rows; });
  AppendArray<int64_t>(out, entries_, [](const BlockIndexEntry& entry) { return entry.min_timestamp; });
  AppendArray<int64_t>(out, entries_, [](const BlockIndexEntry& entry) { return entry.max_timestamp; });
  AppendArray<int64_t>(out, entries_, [](const BlockIndexEntry& entry) { return entry.max_local_time; });
  AppendArray<uint8_t>(out, entries_, [](const BlockIndexEntry& entry) { return entry.flags; });
  AppendArray<uint32_t>(out, clustering_ends_, [](uint32_t end) { return end; });
  AppendArray<uint32_t>(out, opens_, [](const Open& open) { return open.boundary; });
  AppendArray<int64_t>(out, opens_, [](const Open& open) { return open.deletion.timestamp; });
  AppendArray<int64_t>(out, opens_, [](const Open& open) { return open.deletion.local_time; });
  out->append(keys_);
  out->append(clusterings_);
  *this = IndexPageBuilder();
}

absl::Status IndexPage::Parse(std::string_view* bytes) {
  Decoder decoder(*bytes);
  uint32_t key_bytes = 0, clustering_bytes = 0;
  decoder.Little(&entries_);
  decoder.Little(&groups_);
  decoder.Little(&opens_);
  decoder.Little(&key_bytes);
  decoder.Little(&clustering_bytes);
  // Counts are 32 bits wide and elements at most 8 bytes, so that no product overflows.
  auto take = [&decoder](uint64_t count, size_t width) {
    std::string_view array;
    decoder.Bytes(static_cast<size_t>(count * width), &array);
    return array.data();
  };
  tokens_ = take(groups_, 8);
  first_entries_ = take(groups_, 4);
  key_ends_ = take(groups_, 4);
  offsets_ = take(entries_, 8);
  byte_counts_ = take(entries_, 8);
  rows_ = take(entries_, 8);
  min_timestamps_ = take(entries_, 8);
  max_timestamps_ = take(entries_, 8);
  max_local_times_ = take(entries_, 8);
  flags_ = take(entries_, 1);
  clustering_ends_ = take(entries_, 4);
  open_boundaries_ = take(opens_, 4);
  open_timestamps_ = take(opens_, 8);
  open_local_times_ = take(opens_, 8);
  decoder.Bytes(key_bytes, &keys_);
  decoder.Bytes(clustering_bytes, &clusterings_);
  if (!decoder.ok() || !IsValid()) return absl::DataLossError("malformed index page");
  *bytes = decoder.rest();
  return absl::OkStatus();
}

bool IndexPage::IsValid() const {
  if (entries_ == 0 || groups_ == 0 || groups_ > entries_ || FirstEntry(0) != 0) return false;
  uint32_t key_end = 0;
  for (uint32_t group = 0; group < groups_; ++group) {
    if (group > 0 && FirstEntry(group) <= FirstEntry(group - 1)) return false;
    if (At<uint32_t>(key_ends_, group) < key_end) return false;
    key_end = At<uint32_t>(key_ends_, group);
  }
  uint32_t clustering_end = 0;
  for (uint32_t entry = 0; entry < entries_; ++entry) {
    if (At<uint32_t>(clustering_ends_, entry) < clustering_end) return false;
    clustering_end = At<uint32_t>(clustering_ends_, entry);
    if ((At<uint8_t>(flags_, entry) & ~index_flags::kAll) != 0) return false;
  }
  if (FirstEntry(groups_ - 1) >= entries_ || key_end != keys_.size() ||
      clustering_end != clusterings_.size()) {
    return false;
  }
  for (uint32_t group = 1; group < groups_; ++group) {
    if (CompareGroup(group - 1, PositionView{Token(group), Key(group), {}}) >= 0) return false;
  }
  return true;
}

BlockIndexEntry IndexPage::Entry(uint32_t entry) const {
  BlockIndexEntry result;
  result.range = Range(entry);
  result.rows = At<uint64_t>(rows_, entry);
  result.min_timestamp = At<int64_t>(min_timestamps_, entry);
  result.max_timestamp = At<int64_t>(max_timestamps_, entry);
  result.max_local_time = At<int64_t>(max_local_times_, entry);
  result.flags = At<uint8_t>(flags_, entry);
  return result;
}

FileRange IndexPage::Range(uint32_t entry) const {
  return FileRange{At<uint64_t>(offsets_, entry), At<uint64_t>(byte_counts_, entry)};
}

uint64_t IndexPage::Token(uint32_t group) const { return At<uint64_t>(tokens_, group); }
uint32_t IndexPage::FirstEntry(uint32_t group) const { return At<uint32_t>(first_entries_, group); }

std::string_view IndexPage::Key(uint32_t group) const {
  const uint32_t begin = group == 0 ? 0 : At<uint32_t>(key_ends_, group - 1);
  return keys_.substr(begin, At<uint32_t>(key_ends_, group) - begin);
}

std::string_view IndexPage::Clustering(uint32_t entry) const {
  const uint32_t begin = entry == 0 ? 0 : At<uint32_t>(clustering_ends_, entry - 1);
  return clusterings_.substr(begin, At<uint32_t>(clustering_ends_, entry) - begin);
}

PositionView IndexPage::Separator(uint32_t entry) const {
  uint32_t low = 0, high = groups_;
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    (FirstEntry(middle) <= entry ? low : high) = middle;
  }
  return PositionView{Token(low), Key(low), Clustering(entry)};
}

DeletionTime IndexPage::OpenAt(uint32_t boundary) const {
  uint32_t low = 0, high = opens_;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (At<uint32_t>(open_boundaries_, middle) < boundary) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == opens_ || At<uint32_t>(open_boundaries_, low) != boundary) return {};
  return DeletionTime{At<int64_t>(open_timestamps_, low), At<int64_t>(open_local_times_, low)};
}

int IndexPage::CompareGroup(uint32_t group, const PositionView& position) const {
  const uint64_t token = Token(group);
  if (token != position.token) return token < position.token ? -1 : 1;
  const int order = Key(group).compare(position.key);
  return order < 0 ? -1 : order > 0;
}

uint32_t IndexPage::CountGroups(const PositionView& position) const {
  // Groups before `low` are at or before the position's partition, those from `high` on after it.
  uint32_t low = 0, high = groups_;
  for (int probe = 0; probe < kProbesMax && high - low > kShortRange; ++probe) {
    const uint64_t first = Token(low), last = Token(high - 1);
    if (position.token < first) return low;
    if (position.token > last) return high;
    if (first >= last) break;
    const double fraction = static_cast<double>(position.token - first) / static_cast<double>(last - first);
    const uint32_t guess = low + static_cast<uint32_t>(fraction * (high - low - 1));
    const uint64_t token = Token(guess);
    if (token == position.token) {
      // Mostly there is only one.
      const bool alone =
          (guess == 0 || Token(guess - 1) != token) && (guess + 1 == groups_ || Token(guess + 1) != token);
      if (alone) return CompareGroup(guess, position) <= 0 ? guess + 1 : guess;
      break;
    }
    if (token < position.token) {
      low = guess + 1;
    } else {
      high = guess;
    }
  }
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (CompareGroup(middle, position) <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

int64_t IndexPage::FindLast(const PositionView& position) const {
  const uint32_t count = CountGroups(position);
  if (count == 0) return -1;
  const uint32_t group = count - 1;
  uint32_t low = FirstEntry(group);
  uint32_t high = count < groups_ ? FirstEntry(count) : entries_;
  if (CompareGroup(group, position) != 0) return int64_t{high} - 1;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (Clustering(middle).compare(position.clustering) <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return int64_t{low} - 1;
}

}  // namespace stoa
