#include "data/complex_cell.h"

#include <algorithm>

#include "base/check.h"
#include "data/complex_format.h"

namespace stoa {
namespace {

namespace flag = complex_flag;
namespace element_header = complex_element;

// What comes first in a cell.
constexpr uint8_t kOrderPrepend = 0;
constexpr uint8_t kOrderPath = 1;
constexpr uint8_t kOrderAppend = 2;

constexpr size_t kElementBytesMin = 3;  // header, path of one byte
constexpr size_t kDeltaBytesMin = 3;

// What a resolved cell has at most before its elements: flags, two times, the deletion's age, the count; and
// an element beside path and value: header, sizes of both, age, time, and what resolving adds to a pending
// path.
constexpr size_t kFrontBytesMax = 1 + 4 * kVarint64BytesMax;
constexpr size_t kAroundElementBytesMax =
    1 + 4 * kVarint64BytesMax + complex_path::kListBytes - complex_path::kPendingBytes;

}  // namespace

void ComplexCellBuilder::Clear() {
  elements_.clear();
  bytes_.clear();
  has_deletion_ = deletes_before_ = has_delta_ = false;
  delta_ = 0;
}

void ComplexCellBuilder::DeleteBefore() {
  deletes_before_ = !has_deletion_ || deletes_before_;
  has_deletion_ = true;
}

void ComplexCellBuilder::DeleteAt() {
  has_deletion_ = true;
  deletes_before_ = false;
}

void ComplexCellBuilder::Add(uint8_t order, bool tombstone, std::string_view path, std::string_view value) {
  elements_.push_back(Element{order, tombstone, bytes_.size(), path.size(), value.size()});
  bytes_.append(path);
  bytes_.append(value);
}

void ComplexCellBuilder::Put(std::string_view path, std::string_view value) {
  STOA_DCHECK(!path.empty());
  Add(kOrderPath, /*tombstone=*/false, path, value);
}

void ComplexCellBuilder::Remove(std::string_view path) {
  STOA_DCHECK(!path.empty());
  Add(kOrderPath, /*tombstone=*/true, path, {});
}

void ComplexCellBuilder::Append(uint32_t operation, uint32_t index, std::string_view value) {
  AddPending(complex_path::kAppended, operation, index, value);
}

void ComplexCellBuilder::Prepend(uint32_t operation, uint32_t index, std::string_view value) {
  AddPending(complex_path::kPrepended, ~operation, index, value);
}

void ComplexCellBuilder::AddPending(uint8_t kind, uint32_t operation, uint32_t index,
                                    std::string_view value) {
  char path[complex_path::kPendingBytes];
  path[0] = static_cast<char>(kind);
  StoreBig(path + 1, operation);
  StoreBig(path + 5, index);
  Add(kind == complex_path::kAppended ? kOrderAppend : kOrderPrepend, /*tombstone=*/false,
      std::string_view(path, sizeof(path)), value);
}

void ComplexCellBuilder::Increment(int64_t by) {
  has_delta_ = true;
  delta_ += static_cast<uint64_t>(by);
}

std::string_view ComplexCellBuilder::PathOf(const Element& element) const {
  return std::string_view(bytes_).substr(element.path_at, element.path_size);
}

std::string_view ComplexCellBuilder::ValueOf(const Element& element) const {
  return std::string_view(bytes_).substr(element.path_at + element.path_size, element.value_size);
}

bool ComplexCellBuilder::Wins(const Element& a, const Element& b) const {
  if (a.tombstone != b.tombstone) return a.tombstone;
  return ValueOf(a) > ValueOf(b);
}

size_t ComplexCellBuilder::ResolvedBytesMax() const {
  if (elements_.empty()) return 0;
  return kFrontBytesMax + bytes_.size() + elements_.size() * kAroundElementBytesMax;
}

void ComplexCellBuilder::Finish(std::string* out) {
  STOA_DCHECK(!empty());
  const auto same = [this](const Element& a, const Element& b) {
    return a.order == b.order && PathOf(a) == PathOf(b);
  };
  // Of one path the winner first, which is the one that unique keeps.
  const auto before = [this](const Element& a, const Element& b) {
    if (a.order != b.order) return a.order < b.order;
    const int order = PathOf(a).compare(PathOf(b));
    return order != 0 ? order < 0 : Wins(a, b);
  };
  if (!std::is_sorted(elements_.begin(), elements_.end(), before))
    std::sort(elements_.begin(), elements_.end(), before);
  elements_.erase(std::unique(elements_.begin(), elements_.end(), same), elements_.end());

  const bool pending = !elements_.empty() &&
                       (elements_.front().order == kOrderPrepend || elements_.back().order == kOrderAppend);
  uint8_t flags = flag::kInContext;
  if (has_deletion_) flags |= flag::kDeletion;
  if (!elements_.empty()) flags |= flag::kElements;
  if (has_delta_) flags |= flag::kDeltas;
  if (pending) flags |= flag::kPending;
  out->push_back(static_cast<char>(flags));
  if (has_deletion_) AppendVarint(out, deletes_before_ ? 1 : 0);
  if (!elements_.empty()) AppendVarint(out, elements_.size());
  for (const Element& element : elements_) {
    uint8_t header = element_header::kCommonTime;
    if (element.tombstone) header |= element_header::kTombstone;
    if (element.order != kOrderPath) header |= element_header::kPending;
    out->push_back(static_cast<char>(header));
    AppendLengthPrefixed(out, PathOf(element));
    if (!element.tombstone) AppendLengthPrefixed(out, ValueOf(element));
  }
  if (!has_delta_) return;
  AppendVarint(out, 1);
  AppendVarint(out, 0);
  AppendVarint(out, 0);
  AppendVarint(out, ZigZag(static_cast<int64_t>(delta_)));
}

ComplexCellReader::ComplexCellReader(const Cell& cell, const FragmentContext& context)
    : decoder_(cell.bytes),
      timestamp_(cell.timestamp),
      local_time_(context.now_seconds),
      expiry_(cell.expiry) {
  if (!ReadHeader()) Fail();
}

bool ComplexCellReader::in_context() const { return (flags_ & flag::kInContext) != 0; }
bool ComplexCellReader::pending() const { return (flags_ & flag::kPending) != 0; }

bool ComplexCellReader::Fail() {
  flags_ = 0;
  deletion_ = DeletionTime{};
  element_count_ = elements_left_ = deltas_left_ = 0;
  std::string_view none;
  return decoder_.Bytes(decoder_.remaining() + 1, &none);  // more than there is: spends the decoder
}

bool ComplexCellReader::ReadHeader() {
  if (!decoder_.Little(&flags_) || (flags_ & ~flag::kAll) != 0 || timestamp_ == kNoTimestamp) return false;
  constexpr uint8_t kTimes = flag::kLocalTime | flag::kExpiry;
  constexpr uint8_t kContent = flag::kDeletion | flag::kElements | flag::kDeltas;
  if ((flags_ & kContent) == 0) return false;
  if (in_context() ? (flags_ & kTimes) != 0 : pending()) return false;
  if (pending() && (flags_ & flag::kElements) == 0) return false;
  if ((flags_ & flag::kLocalTime) != 0 && !decoder_.SignedVarint(&local_time_)) return false;
  if ((flags_ & flag::kExpiry) != 0 && !decoder_.SignedVarint(&expiry_)) return false;
  if ((flags_ & flag::kDeletion) != 0) {
    uint64_t age = 0;
    if (!in_context() && (flags_ & flag::kLocalTime) == 0) return false;
    if (!decoder_.Varint(&age)) return false;
    deletion_ = DeletionTime{timestamp_, local_time_};
    // Just before the first of all timestamps there is nothing to delete.
    if (age > static_cast<uint64_t>(timestamp_) - static_cast<uint64_t>(kNoTimestamp)) return false;
    deletion_.timestamp = static_cast<int64_t>(static_cast<uint64_t>(timestamp_) - age);
    if (deletion_.live()) deletion_ = DeletionTime{};
  }
  if ((flags_ & flag::kElements) != 0) {
    if (!decoder_.Varint(&element_count_) || element_count_ == 0) return false;
    if (element_count_ > decoder_.remaining() / kElementBytesMin) return false;
  }
  elements_left_ = element_count_;
  return true;
}

bool ComplexCellReader::ReadAge(int64_t* timestamp) {
  uint64_t age = 0;
  if (!decoder_.Varint(&age) ||
      age >= static_cast<uint64_t>(timestamp_) - static_cast<uint64_t>(kNoTimestamp)) {
    return false;
  }
  *timestamp = static_cast<int64_t>(static_cast<uint64_t>(timestamp_) - age);
  return true;
}

bool ComplexCellReader::NextElement(ComplexElement* element) {
  if (elements_left_ == 0) {
    if (!deltas_started_ && !StartDeltas()) Fail();
    return false;
  }
  if (!ReadElement(element)) return Fail();
  --elements_left_;
  return true;
}

bool ComplexCellReader::ReadElement(ComplexElement* element) {
  uint8_t header = 0;
  if (!decoder_.Little(&header) || (header & ~element_header::kAll) != 0 ||
      !decoder_.LengthPrefixed(&element->path) || element->path.empty()) {
    return false;
  }
  path_is_pending_ = (header & element_header::kPending) != 0;
  uint8_t order = kOrderPath;
  if (path_is_pending_) {
    if (!pending() || element->path.size() != complex_path::kPendingBytes) return false;
    const auto kind = static_cast<uint8_t>(element->path[0]);
    if (kind > complex_path::kAppended) return false;
    order = kind == complex_path::kAppended ? kOrderAppend : kOrderPrepend;
  }
  if (has_path_ && (order < path_order_ || (order == path_order_ && element->path <= path_))) return false;
  has_path_ = true;
  path_order_ = order;
  path_ = element->path;

  Cell& cell = element->cell;
  cell = Cell{};
  cell.tombstone = (header & element_header::kTombstone) != 0;
  if (!ReadTimes(header, &cell)) return false;
  if (cell.tombstone) return true;
  if (!decoder_.LengthPrefixed(&cell.bytes)) return false;
  cell.empty = cell.bytes.empty();
  return true;
}

bool ComplexCellReader::ReadTimes(uint8_t header, Cell* cell) {
  cell->timestamp = timestamp_;
  if ((header & element_header::kOwnAge) != 0 && !ReadAge(&cell->timestamp)) return false;
  const bool common = (header & element_header::kCommonTime) != 0;
  const bool own = (header & element_header::kOwnTime) != 0;
  if (common && own) return false;
  if (own) return decoder_.SignedVarint(&cell->expiry);
  if (!common) return !cell->tombstone;
  const uint8_t said = cell->tombstone ? flag::kLocalTime : flag::kExpiry;
  if (!in_context() && (flags_ & said) == 0) return false;
  cell->expiry = cell->tombstone ? local_time_ : expiry_;
  return true;
}

bool ComplexCellReader::StartDeltas() {
  deltas_started_ = true;
  if ((flags_ & flag::kDeltas) == 0) return decoder_.remaining() == 0;
  return decoder_.Varint(&deltas_left_) && deltas_left_ != 0 &&
         deltas_left_ <= decoder_.remaining() / kDeltaBytesMin;
}

bool ComplexCellReader::NextDelta(CounterDelta* delta) {
  STOA_DCHECK(deltas_started_ || !ok());
  if (deltas_left_ == 0) return false;
  if (!ReadDelta(delta) || (--deltas_left_ == 0 && decoder_.remaining() != 0)) return Fail();
  return true;
}

bool ComplexCellReader::ReadDelta(CounterDelta* delta) {
  uint64_t span = 0;
  CounterDelta read;
  if (!ReadAge(&read.max_timestamp) || !decoder_.Varint(&span) || !decoder_.SignedVarint(&read.sum) ||
      span >= static_cast<uint64_t>(read.max_timestamp) - static_cast<uint64_t>(kNoTimestamp)) {
    return false;
  }
  read.min_timestamp = static_cast<int64_t>(static_cast<uint64_t>(read.max_timestamp) - span);
  if (read.min_timestamp < delta_.min_timestamp ||
      (read.min_timestamp == delta_.min_timestamp && read.max_timestamp < delta_.max_timestamp)) {
    return false;
  }
  *delta = delta_ = read;
  return true;
}

bool IsValidComplexCell(const Cell& cell, bool in_context) {
  ComplexCellReader reader(cell);
  if (!in_context && (reader.in_context() || cell.expiry != kNoExpiry)) return false;
  ComplexElement element;
  while (reader.NextElement(&element)) {
  }
  CounterDelta delta;
  while (reader.NextDelta(&delta)) {
  }
  return reader.ok();
}

int64_t CounterValue(const Cell& cell) {
  ComplexCellReader reader(cell);
  ComplexElement element;
  while (reader.NextElement(&element)) {
  }
  uint64_t sum = 0;
  CounterDelta delta;
  while (reader.NextDelta(&delta)) sum += static_cast<uint64_t>(delta.sum);
  return reader.ok() ? static_cast<int64_t>(sum) : 0;
}

}  // namespace stoa
