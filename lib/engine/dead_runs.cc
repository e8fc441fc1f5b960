// Why a note is exact.
//
// A read at sequence S went through a stretch and found nothing alive. Whatever was applied up to S is in
// what it read. So the stretch is dead for every later read but for
//
//   (a) what had been applied under sequences after S before the note was made, and the read did not see;
//   (b) what is applied after that.
//
// Both are in the active memtable of the read's view, or in newer ones, if S is not less than what sealed
// memtables may hold; else no note is made. For (b) that memtable is asked to watch the partition: the leaves
// in which rows are given life bear a number from then on. For (a), then, and in this order, the rows of the
// stretch in it are looked through for anything newer than S. Whoever applied something before the watch
// began is seen by that, since both hold the latch of the partition; whoever applies something later is seen
// by the watch. If there is anything the note ends before it.
//
// So a later read has to look at memtables alone: in the watched one at leaves that bear the number or a
// later one, row by row, passing over all others; in newer ones at all rows. The first row found that way
// ends what can be skipped. If the watched memtable is not in its view any more, what was written meanwhile
// is in SSTables, and the note is void. Flushes and merges change where things are, but not what is alive;
// deletions, truncation and time take life but do not give it. A read at an older sequence than the note's
// does not use it, nor does one whose clock is behind. Reads of snapshots use notes but make none: their
// views may have SSTables in the place of the memtables that hold what came later.
//
// While the watched memtable is sealed but not flushed yet, the first read that uses a note makes it anew,
// with the memtable that has become the active one.
//
// A read that has skipped what a note says, and gone through more, leaves one note for both: the second half
// of the check, for (a), then looks in what the old note says only where its watch says that there may be
// something.
#include "engine/dead_runs.h"

#include <algorithm>
#include <utility>

#include "engine/view.h"

namespace stoa {

namespace {

bool IsSame(const std::weak_ptr<const Memtable>& weak, const std::shared_ptr<const Memtable>& memtable) {
  return !weak.owner_before(memtable) && !memtable.owner_before(weak);
}

}  // namespace

size_t DeadRuns::SlotOf(uint64_t token, bool reverse) {
  // The high bits: the low ones choose the stripe of a memtable.
  return (token >> 40) % (kRunsMax / 2) * 2 + (reverse ? 1 : 0);
}

std::shared_ptr<const DeadRun> DeadRuns::Find(uint64_t token, std::string_view key, bool reverse) const {
  if (!any()) return nullptr;
  MutexLock lock(&mutex_);
  const std::shared_ptr<const DeadRun>& run = (*slots_)[SlotOf(token, reverse)];
  return run != nullptr && run->token == token && run->key == key ? run : nullptr;
}

void DeadRuns::Put(DeadRun run, bool reverse) {
  if (run.key.size() + run.begin.size() + run.end.size() > kRunBytesMax) return;
  const size_t slot = SlotOf(run.token, reverse);
  auto shared = std::make_shared<const DeadRun>(std::move(run));
  MutexLock lock(&mutex_);
  if (slots_ == nullptr) slots_ = std::make_unique<std::array<std::shared_ptr<const DeadRun>, kRunsMax>>();
  (*slots_)[slot].swap(shared);
  any_.store(true, std::memory_order_release);
}

/// Whether all that is applied after the read's sequence is in the active memtable or in newer ones.
bool DeadRunReader::MayLearn() const { return may_learn_ && sequence_ >= table_.active_after_sequence; }

const std::string* DeadRunReader::Enter(const Position& start, const Position& end) {
  start_ = &start;
  end_ = &end;
  run_ = nullptr;
  if (!table_.dead_runs->any()) return nullptr;
  Slice known = range();
  if (!FindKnown(&known)) return nullptr;
  known_begin_ = reverse_ ? std::move(known.begin) : std::move(known.end);
  // Before the watched memtable is flushed the note is made anew for the one that is written to.
  if (IsSame(run_->memtable, table_.active) || !MayLearn()) return &known_begin_;
  const uint32_t watch = table_.active->BeginWatch(start.token);
  Slice all{run_->begin, run_->end};
  if (watch != 0 && CutAtWrites(run_.get(), run_->sequence, &all) == Found::kNothing) {
    table_.dead_runs->Put(DeadRun{start.token, start.key, std::move(all.begin), std::move(all.end), sequence_,
                                  now_seconds_, table_.active, watch},
                          reverse_);
  }
  return &known_begin_;
}

std::optional<std::string_view> DeadRunReader::KnownEnd(std::string_view here) {
  if (!table_.dead_runs->any()) return std::nullopt;
  Slice known = range();
  if (reverse_) {
    known.end = here;
  } else {
    known.begin = here;
    known.begin.push_back('\0');
  }
  if (!FindKnown(&known)) return std::nullopt;
  known_end_ = reverse_ ? std::move(known.begin) : std::move(known.end);
  return known_end_;
}

/// Shortens the slice to what is known to be dead of it from its beginning on, in the direction of reading.
/// False if that is nothing.
bool DeadRunReader::FindKnown(Slice* slice) {
  const auto holds = [&](const DeadRun& run) {
    return reverse_ ? run.begin < slice->end && slice->end <= run.end
                    : run.begin <= slice->begin && slice->begin < run.end;
  };
  if (run_ == nullptr || !holds(*run_)) {
    std::shared_ptr<const DeadRun> run = table_.dead_runs->Find(start_->token, start_->key, reverse_);
    if (run == nullptr || run->sequence > sequence_ || run->now_seconds > now_seconds_ || !holds(*run))
      return false;
    run_ = std::move(run);
  }
  slice->begin = std::max(slice->begin, run_->begin);
  slice->end = std::min(slice->end, run_->end);
  const Found found = CutAtWrites(run_.get(), run_->sequence, slice);
  if (found == Found::kVoid) run_ = nullptr;
  return found != Found::kVoid && !slice->empty();
}

/// Shortens the slice, in the direction of reading, to what lies before anything written in it under a
/// sequence greater than `after_sequence`: in the active memtable, or, with `run`, of which the slice is a
/// part, in all that its note does not know of.
DeadRunReader::Found DeadRunReader::CutAtWrites(const DeadRun* run, uint64_t after_sequence,
                                                Slice* slice) const {
  bool reached = run == nullptr;
  Found found = Found::kNothing;
  const auto visit = [&](const std::shared_ptr<const Memtable>& memtable) {
    const bool watched = run != nullptr && IsSame(run->memtable, memtable);
    reached |= watched;
    if (!reached || slice->empty()) return;
    const std::optional<std::string_view> row =
        memtable->FindWritten(Memtable::Stretch{start_->token, start_->key, slice->begin, slice->end},
                              reverse_, after_sequence, watched ? run->watch : 0);
    if (!row.has_value()) return;
    CutAt(*row, slice);
    found = Found::kSomething;
  };
  if (run != nullptr) {
    for (const SealedMemtable& sealed : table_.sealed) visit(sealed.memtable);
  }
  visit(table_.active);
  return reached ? found : Found::kVoid;
}

/// Leaves what comes before the row with this key, in the direction of reading.
void DeadRunReader::CutAt(std::string_view key, Slice* slice) const {
  if (reverse_) {
    slice->begin = key;
    slice->begin.push_back('\0');
  } else {
    slice->end = key;
  }
}

void DeadRunReader::Learn(std::optional<std::string_view> last_live,
                          std::optional<std::string_view> next_live) {
  if (!MayLearn()) return;
  Slice dead = range();
  if (last_live.has_value()) {
    (reverse_ ? dead.end : dead.begin) = *last_live;
    if (!reverse_) dead.begin.push_back('\0');
  }
  if (next_live.has_value()) CutAt(*next_live, &dead);
  const uint32_t watch = table_.active->BeginWatch(start_->token);
  if (watch == 0 || dead.empty()) return;

  Slice known{dead.begin, dead.begin};  // of it, what the old note says
  if (run_ != nullptr && run_->begin <= dead.end && run_->end >= dead.begin) {
    // If it goes on behind what is alive now, it is still the better one. If it begins before the run, then
    // so does the new one, unless something was written there since.
    if (reverse_ ? run_->begin < dead.begin : run_->end > dead.end) return;
    Slice before = reverse_ ? Slice{dead.end, run_->end} : Slice{run_->begin, dead.begin};
    if (!before.empty() && CutAtWrites(run_.get(), run_->sequence, &before) == Found::kNothing) {
      (reverse_ ? dead.end : dead.begin) = reverse_ ? before.end : before.begin;
    }
    known = Slice{std::max(dead.begin, run_->begin), std::min(dead.end, run_->end)};
  }
  std::array<Slice, 3> parts = {Slice{dead.begin, known.begin}, known, Slice{known.end, dead.end}};
  if (reverse_) std::swap(parts[0], parts[2]);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty()) continue;
    const Found found = CutAtWrites(i == 1 ? run_.get() : nullptr, sequence_, &parts[i]);
    if (found == Found::kVoid) return;
    if (found == Found::kNothing) continue;
    (reverse_ ? dead.begin : dead.end) = reverse_ ? parts[i].begin : parts[i].end;
    break;
  }
  if (dead.empty()) return;
  table_.dead_runs->Put(DeadRun{start_->token, start_->key, std::move(dead.begin), std::move(dead.end),
                                sequence_, now_seconds_, table_.active, watch},
                        reverse_);
}

}  // namespace stoa
