#include "compaction/picker.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "compaction/garbage.h"
#include "compaction/overlap.h"
#include "compaction/shards.h"
#include "compaction/windows.h"

namespace stoa {
namespace {

/// So many small files beside each other become one.
constexpr size_t kNeighbours = 8;
/// Where time alone may give work to do it is looked for this often.
constexpr int64_t kLookSeconds = 60;

const TimeBounds& Times(const SSTableMetadata* file) { return file->bounds.times; }

bool Has(const Files& files, const SSTableMetadata* file) {
  return std::find(files.begin(), files.end(), file) != files.end();
}

class Picker {
 public:
  explicit Picker(const CompactionState& state)
      : state_(state),
        densities_(Densities(state.files)),
        levels_(*ParseScalingParameters(state.options->scaling_parameters), state.base_bytes),
        purge_before_(state.now_seconds - state.gc_grace_seconds) {
    for (const SSTableMetadata* file : state.files) {
      if (!state.busy.contains(file->number)) idle_.push_back(file);
    }
    for (const TimeBounds& times : state.memtables) {
      if (!times.empty()) least_in_memory_ = std::min(least_in_memory_, times.min_timestamp);
    }
  }

  std::optional<CompactionPlan> Pick() const {
    if (Files chosen = Expired(); !chosen.empty()) return PlanDrop(chosen, CompactionReason::kExpired);
    if (Files chosen = Covered(); !chosen.empty()) return PlanDrop(chosen, CompactionReason::kCovered);
    if (Files chosen = Overdue(); !chosen.empty())
      return PlanMerge(state_, chosen, CompactionReason::kDeadline);
    if (Files chosen = FullOfTombstones(); !chosen.empty())
      return PlanMerge(state_, chosen, CompactionReason::kTombstones);
    if (Files chosen = SteppedOver(); !chosen.empty())
      return PlanMerge(state_, chosen, CompactionReason::kDeadReads);
    return PickInWindows();
  }

 private:
  CompactionPlan PlanDrop(const Files& inputs, CompactionReason reason) const {
    CompactionPlan plan = PlanMerge(state_, inputs, reason);
    plan.drop = true;
    return plan;
  }

  // ---- What can be forgotten

  /// Whether what one deletes may be in the other: bounds reach as far as deletions do.
  static bool MayHide(const SSTableMetadata* a, const SSTableMetadata* b) {
    return a->bounds.Overlaps(b->bounds);
  }

  static bool MayShareAPartition(const SSTableMetadata* a, const SSTableMetadata* b) {
    const auto partition = [](const Position& place) { return PositionView{place.token, place.key, {}}; };
    return partition(a->bounds.first) <= partition(b->bounds.last) &&
           partition(b->bounds.first) <= partition(a->bounds.last);
  }

  /// The least timestamp of anything outside of `inputs` that a merge of them keeps deletions of `file` for.
  /// Merges ask partition by partition, of all that meets one of the inputs (engine/outside_sources.h): a
  /// file beside `file` counts if they may share a partition and it meets another input.
  int64_t LeastOutside(const Files& inputs, const SSTableMetadata* file) const {
    int64_t least = least_in_memory_;
    for (const SSTableMetadata* other : state_.files) {
      const auto meets = [other](const SSTableMetadata* input) { return MayHide(other, input); };
      if (!Has(inputs, other) && MayShareAPartition(other, file) &&
          std::any_of(inputs.begin(), inputs.end(), meets)) {
        least = std::min(least, Times(other).min_timestamp);
      }
    }
    return least;
  }

  Files Expired() const {
    Files expired;
    for (const SSTableMetadata* file : idle_) {
      if (Times(file).max_local_time < purge_before_) expired.push_back(file);
    }
    // One that hides something outside stays; then so does what it hides among the others.
    while (true) {
      const size_t before = expired.size();
      const Files together = expired;
      std::erase_if(expired, [&](const SSTableMetadata* file) {
        return LeastOutside(together, file) <= Times(file).max_timestamp;
      });
      if (expired.size() == before) return expired;
    }
  }

  /// Of files that cover each other one stays. The file with the deletion may be busy as little as the other:
  /// a merge that does not know of the other may be about to forget the deletion. One that begins later knows
  /// it, or finds it gone.
  Files Covered() const {
    Files covered, covering;
    for (const auto& [number, by_number] : state_.covers) {
      const SSTableMetadata* file = FindIdle(number);
      const SSTableMetadata* by = FindIdle(by_number);
      if (file == nullptr || by == nullptr || Has(covering, file) || Has(covered, by)) continue;
      if (!Has(covered, file)) covered.push_back(file);
      covering.push_back(by);
    }
    return covered;
  }

  /// Null if there is no such file, or it is busy.
  const SSTableMetadata* FindIdle(uint64_t number) const {
    const auto is_it = [number](const SSTableMetadata* file) { return file->number == number; };
    const auto at = std::find_if(idle_.begin(), idle_.end(), is_it);
    return at == idle_.end() ? nullptr : *at;
  }

  /// The file and all that deletions in it may hide something in; empty if one of them is busy or in memory:
  /// then the deletions would have to stay.
  Files WithAllHidden(const SSTableMetadata* file) const {
    const int64_t last = Times(file).max_timestamp;
    if (least_in_memory_ <= last) return {};
    Files together;
    for (const SSTableMetadata* other : state_.files) {
      if (other != file && (!MayHide(other, file) || Times(other).min_timestamp > last)) continue;
      if (state_.busy.contains(other->number)) return {};
      together.push_back(other);
    }
    return together;
  }

  double Garbage(const SSTableMetadata* file) const {
    return GarbageRows(*file, state_.now_seconds, purge_before_);
  }

  /// In tables with windows what expires goes with its file.
  bool IsLeftToItsWindow(const SSTableMetadata* file) const {
    return state_.options->window_seconds != 0 && !Times(file).has_tombstones;
  }

  Files FullOfTombstones() const {
    for (const SSTableMetadata* file : idle_) {
      if (IsLeftToItsWindow(file) || Garbage(file) == 0) continue;
      const Files together = WithAllHidden(file);
      double garbage = 0, rows = 0;
      for (const SSTableMetadata* other : together) {
        rows += static_cast<double>(std::max(other->row_count, uint64_t{1}));
        if (LeastOutside(together, other) > Times(other).max_timestamp) garbage += Garbage(other);
      }
      if (rows > 0 && garbage >= state_.options->tombstone_threshold * rows) return together;
    }
    return {};
  }

  /// Where reads have stepped over as many dead rows as a merge that removes them reads: so whether there
  /// will be more reads or not, reads and merge together cost at most about twice of what would have been
  /// best. It is certain that what is old enough to be forgotten is, and that is most of what is dead: the
  /// rest would be stepped over as before.
  Files SteppedOver() const {
    for (const SSTableMetadata* file : idle_) {
      const auto dead = state_.dead.find(file->number);
      if (dead == state_.dead.end() || IsLeftToItsWindow(file) || Garbage(file) == 0) continue;
      if (2 * Garbage(file) < GarbageRows(*file, state_.now_seconds, state_.now_seconds)) continue;
      const Files together = WithAllHidden(file);
      uint64_t rows = 0;
      for (const SSTableMetadata* other : together) rows += other->row_count;
      if (together.empty() || dead->second < rows) continue;
      if (LeastOutside(together, file) > Times(file).max_timestamp) return together;
    }
    return {};
  }

  /// When deletions of the file should begin to be carried out, whatever else; none if that can wait for
  /// ever.
  std::optional<int64_t> DeadlineOf(const SSTableMetadata* file) const {
    const int64_t allowed = state_.delete_persistence_seconds;
    const TimeBounds& times = Times(file);
    if (allowed == 0 || times.min_local_time == kNoExpiry) return std::nullopt;
    return times.min_local_time + (state_.gc_grace_seconds + allowed) / 2;
  }

  Files Overdue() const {
    for (const SSTableMetadata* file : idle_) {
      const std::optional<int64_t> deadline = DeadlineOf(file);
      if (!deadline.has_value() || *deadline >= state_.now_seconds) continue;
      if (Files together = WithAllHidden(file); !together.empty()) return together;
    }
    return {};
  }

  // ---- What lies over each other

  std::optional<CompactionPlan> PickInWindows() const {
    const int64_t window_seconds = state_.options->window_seconds;
    const std::map<int64_t, Files> windows = ByWindow(idle_, window_seconds);
    // What is new first: it is small, and it is what is read.
    for (auto it = windows.rbegin(); it != windows.rend(); ++it) {
      const auto& [window, files] = *it;
      if (Files chosen = TooManyForReads(files); !chosen.empty())
        return PlanMerge(state_, chosen, CompactionReason::kReads);
      const bool is_over = IsWindowOver(window, window_seconds, state_.now_seconds);
      if (Files chosen = OverflowingLevel(files, is_over); !chosen.empty())
        return PlanMerge(state_, chosen, CompactionReason::kLevel);
      if (Files chosen = TooMuchSpace(files); !chosen.empty())
        return PlanMerge(state_, chosen, CompactionReason::kSpace);
      if (Files chosen = SmallNeighbours(files); !chosen.empty())
        return PlanMerge(state_, chosen, CompactionReason::kSmallFiles);
    }
    return std::nullopt;
  }

  /// Of the deepest place the less dense half: what is cheapest to merge.
  Files TooManyForReads(const Files& files) const {
    Files deepest = Deepest(files);
    if (deepest.size() <= state_.options->files_per_read_max) return {};
    std::sort(deepest.begin(), deepest.end(), [this](const SSTableMetadata* a, const SSTableMetadata* b) {
      return std::tuple(DensityOf(a), a->number) < std::tuple(DensityOf(b), b->number);
    });
    deepest.resize(deepest.size() / 2 + 1);
    return deepest;
  }

  Files OverflowingLevel(const Files& files, bool is_over) const {
    std::map<int, Files> by_level;
    for (const SSTableMetadata* file : files) {
      by_level[is_over ? 0 : levels_.LevelOf(DensityOf(file))].push_back(file);
    }
    for (const auto& [level, on_level] : by_level) {
      for (const Files& group : OverlapGroups(on_level)) {
        if (Deepest(group).size() >= (is_over ? kThresholdWhenOver : levels_.Threshold(level))) return group;
      }
    }
    return {};
  }

  Files TooMuchSpace(const Files& files) const {
    for (const Files& group : OverlapGroups(files)) {
      if (group.size() < 2) continue;
      const double most = DensestRun(group) * state_.options->space_amplification_max;
      if (static_cast<double>(BytesOf(group)) > most) return group;
    }
    return {};
  }

  /// Small files of about one size that lie in one shard of their density, so that they become one.
  Files SmallNeighbours(const Files& files) const {
    std::map<std::tuple<int, uint32_t, uint32_t>, Files> sets;
    for (const SSTableMetadata* file : files) {
      if (file->file_bytes >= state_.options->min_sstable_bytes) continue;
      const uint32_t shards = ShardCount(*state_.options, DensityOf(file));
      const uint32_t shard = ShardOf(shards, file->bounds.first.token);
      if (shard != ShardOf(shards, file->bounds.last.token)) continue;
      Files& set = sets[{std::bit_width(file->file_bytes) / 2, shards, shard}];
      set.push_back(file);
      if (set.size() >= kNeighbours && OverlapGroups(set).size() == set.size()) return set;
    }
    return {};
  }

  double DensityOf(const SSTableMetadata* file) const {
    const auto at = std::find(state_.files.begin(), state_.files.end(), file);
    return densities_[static_cast<size_t>(at - state_.files.begin())];
  }

  const CompactionState& state_;
  const std::vector<double> densities_;  // of state_.files
  const Levels levels_;
  const int64_t purge_before_;
  Files idle_;
  int64_t least_in_memory_ = std::numeric_limits<int64_t>::max();
};

}  // namespace

CompactionState CompactionState::Of(Files files, const TableOptions& options, int64_t now_seconds,
                                    double base_bytes) {
  CompactionState state;
  state.files = std::move(files);
  state.options = &options.compaction;
  state.now_seconds = now_seconds;
  state.gc_grace_seconds = options.gc_grace_seconds;
  state.delete_persistence_seconds = options.delete_persistence_seconds;
  state.base_bytes = base_bytes;
  return state;
}

std::string_view CompactionReasonName(CompactionReason reason) {
  constexpr std::string_view kNames[] = {"expired",     "covered", "deadline", "tombstones",
                                         "dead reads",  "reads",   "space",    "level",
                                         "small files", "wanted",  "resumed"};
  return kNames[static_cast<size_t>(reason)];
}

std::optional<CompactionPlan> PickCompaction(const CompactionState& state) { return Picker(state).Pick(); }

CompactionPlan PlanMerge(const CompactionState& state, const Files& inputs, CompactionReason reason) {
  CompactionPlan plan;
  plan.reason = reason;
  SSTableMetadata merged;  // as if they were one file
  for (const SSTableMetadata* file : inputs) {
    plan.inputs.push_back(file->number);
    const SourceBounds& bounds = file->bounds;
    if (file == inputs.front() || bounds.first.view() < merged.bounds.first.view())
      merged.bounds.first = bounds.first;
    if (file == inputs.front() || bounds.last.view() > merged.bounds.last.view())
      merged.bounds.last = bounds.last;
    merged.bounds.times.Add(bounds.times);
    merged.file_bytes += file->file_bytes;
  }
  plan.output_density = DensityAmong(merged, state.files);
  return plan;
}

bool NeedsFlush(const CompactionState& state) {
  if (state.delete_persistence_seconds == 0) return false;
  const int64_t before = state.now_seconds - (state.gc_grace_seconds + state.delete_persistence_seconds) / 4;
  const auto dies_before = [before](const TimeBounds& times) { return times.min_local_time < before; };
  return std::any_of(state.memtables.begin(), state.memtables.end(), dies_before) ||
         std::any_of(state.files.begin(), state.files.end(),
                     [&](const SSTableMetadata* file) { return dies_before(Times(file)); });
}

std::optional<int64_t> NextLook(const CompactionState& state) {
  const int64_t pause = state.delete_persistence_seconds == 0
                            ? kLookSeconds
                            : std::clamp<int64_t>(state.delete_persistence_seconds / 8, 1, kLookSeconds);
  std::optional<int64_t> next;
  if (state.delete_persistence_seconds != 0) next = state.now_seconds + pause;
  for (const SSTableMetadata* file : state.files) {
    const int64_t first = Times(file).min_local_time;
    const bool dies = first != kNoExpiry;
    if (!dies && state.options->window_seconds == 0) continue;
    const int64_t due = dies ? first + state.gc_grace_seconds + 1 : 0;
    next = std::min(next.value_or(kNoExpiry), std::max(due, state.now_seconds + pause));
  }
  return next;
}

}  // namespace stoa
