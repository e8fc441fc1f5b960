#include "data/complex_merge.h"

#include <algorithm>
#include <limits>

#include "data/complex_format.h"
#include "data/row_merger.h"

namespace stoa {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

bool IsLive(const Cell& element, int64_t now_seconds) {
  return !element.tombstone && element.expiry > now_seconds;
}

Cell AsTombstone(const DeletionTime& deletion) {
  Cell cell;
  cell.timestamp = deletion.timestamp;
  cell.expiry = deletion.local_time;
  cell.tombstone = true;
  return cell;
}

/// What a pending path becomes in the commit with this timestamp (complex_cell.h).
std::string_view ListPath(std::string_view pending, int64_t commit_timestamp, Arena* arena) {
  auto commit = static_cast<uint64_t>(commit_timestamp) ^ kSignBit;
  if (static_cast<uint8_t>(pending[0]) == complex_path::kPrepended) commit = ~commit;
  char* path = arena->Allocate(complex_path::kListBytes);
  path[0] = pending[0];
  StoreBig(path + 1, commit);
  std::memcpy(path + 1 + sizeof(commit), pending.data() + 1, complex_path::kPendingBytes - 1);
  return std::string_view(path, complex_path::kListBytes);
}

int64_t Sum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

void AppendAge(std::string* out, int64_t timestamp, int64_t of) {
  AppendVarint(out, static_cast<uint64_t>(timestamp) - static_cast<uint64_t>(of));
}

bool PathBefore(const ComplexElement& a, const ComplexElement& b) { return a.path < b.path; }

}  // namespace

bool ComplexMerger::Merge(const ComplexRules& rules, std::string* buffer, Cell* result) {
  cursors_.clear();
  deletion_ = DeletionTime{};
  for (const Input& input : inputs_) {
    cursors_.push_back(Cursor{ComplexCellReader(input.cell, input.context), input.context, {}});
    deletion_ = Stronger(deletion_, cursors_.back().reader.deletion());
  }
  shadow_ = std::max(rules.covering, deletion_.timestamp);
  if (PassesUntouched(rules)) {
    *result = inputs_[0].cell;
    return true;
  }
  MergeElements();
  MergeDeltas(rules);
  // Not before elements of one path have been reconciled: a dead one may have hidden a live one.
  std::erase_if(elements_, [&](ComplexElement& element) { return !Remains(rules, &element.cell); });
  if (deletion_.timestamp <= rules.covering) deletion_ = DeletionTime{};
  if (!deletion_.live()) {
    Cell cell = AsTombstone(deletion_);
    if (!Remains(rules, &cell)) deletion_ = DeletionTime{};
  }
  if (deletion_.live() && elements_.empty() && deltas_.empty()) return false;
  *result = Cell{};
  result->timestamp = GreatestTimestamp();
  result->complex = true;
  buffer->clear();
  Encode(result->timestamp, buffer);
  result->bytes = *buffer;
  return true;
}

bool ComplexMerger::Remains(const ComplexRules& rules, Cell* cell) const {
  if (rules.live_at != ComplexRules::kDeadToo) return IsLive(*cell, rules.live_at);
  return rules.keep == nullptr || (*rules.keep)(cell);
}

/// Whether the only cell is what the merge of it is.
bool ComplexMerger::PassesUntouched(const ComplexRules& rules) const {
  if (inputs_.size() != 1 || inputs_[0].cell.expiry != kNoExpiry) return false;
  ComplexCellReader reader = cursors_[0].reader;
  if (reader.in_context()) return false;
  if (!deletion_.live()) {
    Cell cell = AsTombstone(deletion_);
    if (deletion_.timestamp <= rules.covering || !Remains(rules, &cell)) return false;
  }
  ComplexElement element;
  while (reader.NextElement(&element)) {
    const std::string_view value = element.cell.bytes;
    if (element.cell.timestamp <= shadow_ || !Remains(rules, &element.cell)) return false;
    if (element.cell.bytes != value) return false;
  }
  size_t delta_count = 0;
  CounterDelta delta;
  while (reader.NextDelta(&delta)) {
    if (delta.max_timestamp <= shadow_) return false;
    ++delta_count;
  }
  const bool folds = rules.live_at != ComplexRules::kDeadToo || rules.can_fold != nullptr;
  return reader.ok() && (delta_count <= 1 || !folds);
}

bool ComplexMerger::Next(Cursor* cursor) {
  if (!cursor->reader.NextElement(&cursor->element)) return false;
  if (cursor->reader.path_is_pending()) {
    has_pending_ = true;
    cursor->element.path = ListPath(cursor->element.path, cursor->context.timestamp, &arena_);
  }
  return true;
}

void ComplexMerger::MergeElements() {
  elements_.clear();
  if (has_pending_) arena_.Reset();
  has_pending_ = false;
  if (cursors_.size() == 1) {
    while (Next(&cursors_[0])) TakeElement(cursors_[0].element);
    return OrderPendingPaths();
  }
  const auto after = [this](uint32_t a, uint32_t b) {
    return cursors_[a].element.path > cursors_[b].element.path;
  };
  heap_.clear();
  for (uint32_t i = 0; i < cursors_.size(); ++i) {
    if (Next(&cursors_[i])) heap_.push_back(i);
  }
  std::make_heap(heap_.begin(), heap_.end(), after);
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), after);
    Cursor& cursor = cursors_[heap_.back()];
    TakeElement(cursor.element);
    if (Next(&cursor)) {
      std::push_heap(heap_.begin(), heap_.end(), after);
    } else {
      heap_.pop_back();
    }
  }
  OrderPendingPaths();
}

void ComplexMerger::TakeElement(const ComplexElement& element) {
  if (element.cell.timestamp <= shadow_) return;
  if (elements_.empty() || elements_.back().path != element.path) {
    elements_.push_back(element);
  } else if (CellWins(element.cell, elements_.back().cell, 0)) {
    elements_.back().cell = element.cell;
  }
}

/// Pending paths become paths behind, or before, all that were there when their commit was made, so that this
/// finds them in order. But a cell that a list path of a later commit was put into must not make it write
/// what cannot be read.
void ComplexMerger::OrderPendingPaths() {
  if (!has_pending_ || std::is_sorted(elements_.begin(), elements_.end(), PathBefore)) return;
  std::sort(elements_.begin(), elements_.end(), [](const ComplexElement& a, const ComplexElement& b) {
    return a.path != b.path ? a.path < b.path : CellWins(a.cell, b.cell, 0);
  });
  const auto same = [](const ComplexElement& a, const ComplexElement& b) { return a.path == b.path; };
  elements_.erase(std::unique(elements_.begin(), elements_.end(), same), elements_.end());
}

/// Each increment is in exactly one cell, so what the cells say is put side by side, and then folded as far
/// as the rules allow.
void ComplexMerger::MergeDeltas(const ComplexRules& rules) {
  deltas_.clear();
  for (Cursor& cursor : cursors_) {
    CounterDelta delta;
    while (cursor.reader.NextDelta(&delta)) {
      if (delta.max_timestamp > shadow_) deltas_.push_back(delta);
    }
  }
  if (deltas_.size() < 2) return;
  std::sort(deltas_.begin(), deltas_.end());
  size_t last = 0;
  for (size_t i = 1; i < deltas_.size(); ++i) {
    const CounterDelta& delta = deltas_[i];
    CounterDelta& into = deltas_[last];
    const int64_t to = std::max(into.max_timestamp, delta.max_timestamp);
    if (into.min_timestamp == to || rules.live_at != ComplexRules::kDeadToo ||
        (rules.can_fold != nullptr && (*rules.can_fold)(into.min_timestamp, to))) {
      into.max_timestamp = to;
      into.sum = Sum(into.sum, delta.sum);
    } else {
      deltas_[++last] = delta;
    }
  }
  deltas_.resize(last + 1);
}

int64_t ComplexMerger::GreatestTimestamp() const {
  int64_t greatest = deletion_.timestamp;
  for (const ComplexElement& element : elements_) greatest = std::max(greatest, element.cell.timestamp);
  for (const CounterDelta& delta : deltas_) greatest = std::max(greatest, delta.max_timestamp);
  return greatest;
}

void ComplexMerger::Encode(int64_t timestamp, std::string* out) const {
  // The common times: those of the first that has one.
  int64_t local_time = deletion_.local_time;
  int64_t expiry = kNoExpiry;
  bool has_local_time = !deletion_.live();
  for (const ComplexElement& element : elements_) {
    if (element.cell.tombstone && !has_local_time) {
      has_local_time = true;
      local_time = element.cell.expiry;
    }
    if (!element.cell.tombstone && expiry == kNoExpiry) expiry = element.cell.expiry;
  }
  const bool has_expiry = expiry != kNoExpiry;
  out->push_back(static_cast<char>(
      (has_local_time ? complex_flag::kLocalTime : 0) | (has_expiry ? complex_flag::kExpiry : 0) |
      (deletion_.live() ? 0 : complex_flag::kDeletion) | (elements_.empty() ? 0 : complex_flag::kElements) |
      (deltas_.empty() ? 0 : complex_flag::kDeltas)));
  if (has_local_time) AppendVarint(out, ZigZag(local_time));
  if (has_expiry) AppendVarint(out, ZigZag(expiry));
  if (!deletion_.live()) AppendAge(out, timestamp, deletion_.timestamp);
  if (!elements_.empty()) AppendVarint(out, elements_.size());
  for (const ComplexElement& element : elements_) {
    EncodeElement(element, timestamp, local_time, expiry, out);
  }
  if (!deltas_.empty()) AppendVarint(out, deltas_.size());
  for (const CounterDelta& delta : deltas_) {
    AppendAge(out, timestamp, delta.max_timestamp);
    AppendAge(out, delta.max_timestamp, delta.min_timestamp);
    AppendVarint(out, ZigZag(delta.sum));
  }
}

void ComplexMerger::EncodeElement(const ComplexElement& element, int64_t timestamp, int64_t local_time,
                                  int64_t expiry, std::string* out) const {
  const Cell& cell = element.cell;
  uint8_t header = 0;
  if (cell.tombstone) header |= complex_element::kTombstone;
  if (cell.timestamp != timestamp) header |= complex_element::kOwnAge;
  if (cell.tombstone || cell.expiry != kNoExpiry) {
    const int64_t common = cell.tombstone ? local_time : expiry;
    header |= cell.expiry == common ? complex_element::kCommonTime : complex_element::kOwnTime;
  }
  out->push_back(static_cast<char>(header));
  AppendLengthPrefixed(out, element.path);
  if ((header & complex_element::kOwnAge) != 0) AppendAge(out, timestamp, cell.timestamp);
  if ((header & complex_element::kOwnTime) != 0) AppendVarint(out, ZigZag(cell.expiry));
  if (!cell.tombstone) AppendLengthPrefixed(out, cell.bytes);
}

ComplexSummary SummaryOf(const Cell& cell, const FragmentContext& context) {
  ComplexSummary summary;
  ComplexCellReader reader(cell, context);
  summary.times.AddDeletion(reader.deletion());
  summary.tombstone_count = reader.deletion().live() ? 0 : 1;
  ComplexElement element;
  while (reader.NextElement(&element)) {
    if (element.cell.tombstone) {
      summary.times.AddDeletion(DeletionTime{element.cell.timestamp, element.cell.expiry});
      ++summary.tombstone_count;
    } else {
      summary.times.AddWrite(element.cell.timestamp, element.cell.expiry);
    }
  }
  CounterDelta delta;
  while (reader.NextDelta(&delta)) {
    summary.times.AddWrite(delta.min_timestamp, kNoExpiry);
    summary.times.AddWrite(delta.max_timestamp, kNoExpiry);
  }
  return summary;
}

ComplexLiveness LivenessOf(const Cell& cell, int64_t now_seconds) {
  ComplexLiveness liveness;
  ComplexCellReader reader(cell);
  liveness.dead = !reader.deletion().live();
  ComplexElement element;
  while (reader.NextElement(&element)) {
    (IsLive(element.cell, now_seconds) ? liveness.live : liveness.dead) = true;
  }
  CounterDelta delta;
  size_t delta_count = 0;
  while (reader.NextDelta(&delta)) {
    liveness.split |= delta_count++ != 0;
    liveness.live = true;
  }
  return liveness;
}

}  // namespace stoa
