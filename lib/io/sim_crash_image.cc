#include "io/sim_crash_image.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <absl/container/flat_hash_set.h>

#include "base/coding.h"
#include "base/hash.h"
#include "base/strings.h"
#include "io/random.h"

namespace stoa {

std::string ImageChoice::ToString() const {
  static constexpr const char* kPolicies[] = {"nothing unsynced", "everything", "prefix",       "all but one",
                                              "only one",         "torn last",  "random subset"};
  static constexpr const char* kFills[] = {"zero", "garbage", "stale"};
  static constexpr const char* kSizes[] = {"tight", "grown"};
  return StrCat(kPolicies[static_cast<int>(policy)], " index=", index,
                " fill=", kFills[static_cast<int>(fill)], " size=", kSizes[static_cast<int>(size)],
                " seed=", seed);
}

namespace sim {
namespace {

using Policy = ImageChoice::Policy;
using Fill = ImageChoice::Fill;
using Size = ImageChoice::Size;

struct Range {
  uint64_t begin;
  uint64_t end;
};

/// Answers for each event whether it survives. All answers are functions of the choice and the event, so that
/// they do not depend on the order of the questions.
class Survival {
 public:
  Survival(const Unsynced& unsynced, const ImageChoice& choice) : unsynced_(unsynced), choice_(choice) {
    const std::vector<uint64_t>& events = unsynced.events;
    if (choice.policy != Policy::kRandomSubset) {
      if (choice.index < events.size()) event_at_index_ = events[choice.index];
    } else if (!events.empty()) {
      // Some images lose a little, some nearly all, some simply the end.
      static constexpr uint64_t kPercents[] = {5, 50, 95, 100};
      entry_percent_ = kPercents[Draw(0, 1) % 4];
      append_percent_ = kPercents[Draw(0, 2) % 4];
      if (OneIn(2, 0, 3)) event_at_index_ = events[Draw(0, 4) % events.size()];
    }
  }

  bool Keeps(const EntryChange& change) const {
    if (change.state == EntryChange::State::kDurable) return true;
    if (choice_.policy != Policy::kRandomSubset) return KeepsByRule(change.event);
    return change.event < event_at_index_ && Draw(change.event, 0) % 100 < entry_percent_;
  }

  bool KeepsSector(const Extent& extent, uint64_t sector) const {
    if (choice_.policy == Policy::kTornLast && extent.event == unsynced_.last_append->event) {
      return sector - extent.begin / kSimSectorBytes < choice_.index;
    }
    if (choice_.policy != Policy::kRandomSubset) return KeepsByRule(extent.event);
    if (extent.event > event_at_index_) return false;
    if (Draw(extent.event, 0) % 100 < append_percent_) return true;
    return OneIn(2, extent.event, 1) && OneIn(2, extent.event, 2 + sector);
  }

  /// Where the file ends, at least at `tight`.
  uint64_t SizeOf(const File& file, uint64_t tight) const {
    const uint64_t grown = file.bytes().size();
    if (choice_.policy != Policy::kRandomSubset) return choice_.size == Size::kGrown ? grown : tight;
    const uint64_t event = file.unsynced().front().event;
    if (OneIn(2, event, kSizeDraw)) return tight;
    return OneIn(2, event, kSizeDraw + 1) ? grown : tight + Draw(event, kSizeDraw + 2) % (grown - tight + 1);
  }

  /// How many zeros a mapped file ends in, if it has `size` bytes besides.
  uint64_t ZerosBehind(const File& file, uint64_t size) const {
    const bool kept = choice_.policy != Policy::kRandomSubset ? choice_.size == Size::kGrown
                                                              : OneIn(2, file.bytes().size(), kSizeDraw + 3);
    return kept ? file.mapped_size() - std::min(file.mapped_size(), size) : 0;
  }

  /// Overwrites what was lost of `file` in `bytes`.
  void FillLost(const File& file, Range lost, std::string* bytes) const {
    lost.end = std::min<uint64_t>(lost.end, bytes->size());
    if (lost.begin >= lost.end) return;
    char* const to = bytes->data() + lost.begin;
    const size_t size = lost.end - lost.begin;
    std::fill_n(to, size, '\0');
    const uint64_t event = file.unsynced().front().event;
    Fill fill = choice_.fill;
    if (choice_.policy == Policy::kRandomSubset) fill = static_cast<Fill>(Draw(event, kFillDraw) % 3);
    if (fill == Fill::kGarbage) {
      Random random(Draw(event, kFillDraw + lost.begin));
      for (size_t i = 0; i < size; ++i) to[i] = static_cast<char>(random.Next());
    } else if (fill == Fill::kStale) {
      const std::string_view other = OtherThan(file, event).bytes();
      if (lost.begin < other.size()) other.copy(to, size, lost.begin);
    }
  }

 private:
  static constexpr uint64_t kSizeDraw = uint64_t{1} << 40;
  static constexpr uint64_t kFillDraw = uint64_t{1} << 41;

  uint64_t Draw(uint64_t event, uint64_t purpose) const {
    char input[16];
    StoreLittle(input, event);
    StoreLittle(input + 8, purpose);
    return Hash64(std::string_view(input, sizeof(input)), choice_.seed);
  }
  bool OneIn(uint64_t n, uint64_t event, uint64_t purpose) const { return Draw(event, purpose) % n == 0; }

  bool KeepsByRule(uint64_t event) const {
    switch (choice_.policy) {
      case Policy::kNothingUnsynced:
        return false;
      case Policy::kPrefix:
        return event < event_at_index_;
      case Policy::kAllButOne:
        return event != event_at_index_;
      case Policy::kOnlyOne:
        return event == event_at_index_;
      default:
        return true;
    }
  }

  const File& OtherThan(const File& file, uint64_t event) const {
    const auto& files = unsynced_.files;
    const size_t drawn = Draw(event, kFillDraw + 1) % files.size();
    return files[drawn].get() == &file ? *files[(drawn + 1) % files.size()] : *files[drawn];
  }

  const Unsynced& unsynced_;
  const ImageChoice& choice_;
  uint64_t event_at_index_ = std::numeric_limits<uint64_t>::max();
  uint64_t entry_percent_ = 0;
  uint64_t append_percent_ = 0;
};

/// Which parts of the un-synced bytes of a file did not survive, and where the last that did ends.
struct LostParts {
  std::vector<Range> ranges;  // ascending
  uint64_t kept_end = 0;

  void Lose(Range range) {
    if (!ranges.empty() && ranges.back().end == range.begin) {
      ranges.back().end = range.end;
    } else {
      ranges.push_back(range);
    }
  }
  /// A kept byte at `begin` keeps its whole sector up to there.
  void Keep(Range range) {
    const uint64_t sector_begin = range.begin / kSimSectorBytes * kSimSectorBytes;
    while (!ranges.empty() && ranges.back().end > sector_begin) {
      if (ranges.back().begin < sector_begin) {
        ranges.back().end = sector_begin;
        break;
      }
      ranges.pop_back();
    }
    kept_end = range.end;
  }
};

LostParts FindLost(const File& file, const Survival& survival) {
  LostParts lost;
  for (const Extent& extent : file.unsynced()) {
    for (uint64_t begin = extent.begin; begin < extent.end;) {
      const uint64_t sector = begin / kSimSectorBytes;
      const Range piece = {begin, std::min(extent.end, (sector + 1) * kSimSectorBytes)};
      if (survival.KeepsSector(extent, sector)) {
        lost.Keep(piece);
      } else {
        lost.Lose(piece);
      }
      begin = piece.end;
    }
  }
  return lost;
}

ContentPtr SurvivingBytes(File& file, const Survival& survival) {
  if (file.unsynced().empty()) return file.content();
  const LostParts lost = FindLost(file, survival);
  const uint64_t size = survival.SizeOf(file, std::max(lost.kept_end, file.durable_size()));
  if (lost.ranges.empty() && size == file.bytes().size()) return file.content();
  std::string bytes(file.bytes().substr(0, size));
  for (const Range& range : lost.ranges) survival.FillLost(file, range, &bytes);
  return std::make_shared<const Content>(std::move(bytes));
}

ContentPtr SurvivingContent(File& file, const Survival& survival) {
  ContentPtr content = SurvivingBytes(file, survival);
  const uint64_t zeros = survival.ZerosBehind(file, content->bytes.size());
  return zeros == 0 ? content : std::make_shared<const Content>(content->bytes + std::string(zeros, '\0'));
}

std::shared_ptr<Directory> SurvivingTree(const Directory& from, const Survival& survival, Copies* copies) {
  Directory::Entries entries = from.durable();
  bool kept = true;
  for (const EntryChange& change : from.unsynced()) {
    kept = survival.Keeps(change) && (kept || change.needs == EntryChange::Needs::kNothing);
    if (kept) Directory::Apply(change, &entries);
  }
  auto image = std::make_shared<Directory>();
  for (const auto& [name, node] : entries) {
    if (node.directory != nullptr) {
      image->SetDurably(name, {nullptr, SurvivingTree(*node.directory, survival, copies)});
      continue;
    }
    Node& copy = (*copies)[node.file.get()];
    if (copy.file == nullptr) copy.file = std::make_shared<File>(SurvivingContent(*node.file, survival));
    image->SetDurably(name, copy);
  }
  return image;
}

/// Walks everything that can be part of an image: durable entries and those that may become durable.
class Collector {
 public:
  explicit Collector(Unsynced* unsynced) : unsynced_(unsynced) {}

  void Visit(const Directory& directory) {
    if (!seen_.insert(&directory).second) return;
    for (const auto& [name, node] : directory.durable()) Visit(node);
    for (const EntryChange& change : directory.unsynced()) {
      if (change.state != EntryChange::State::kDurable) unsynced_->events.push_back(change.event);
      Visit(change.node);
    }
  }

 private:
  void Visit(const Node& node) {
    if (node.directory != nullptr) Visit(*node.directory);
    if (node.file == nullptr || !seen_.insert(node.file.get()).second) return;
    unsynced_->files.push_back(node.file);
    for (const Extent& extent : node.file->unsynced()) {
      unsynced_->events.push_back(extent.event);
      if (!unsynced_->last_append || unsynced_->last_append->event < extent.event) {
        unsynced_->last_append = extent;
      }
    }
  }

  Unsynced* const unsynced_;
  absl::flat_hash_set<const void*> seen_;
};

}  // namespace

Unsynced CollectUnsynced(const Directory& root) {
  Unsynced unsynced;
  Collector(&unsynced).Visit(root);
  std::sort(unsynced.events.begin(), unsynced.events.end());
  return unsynced;
}

std::shared_ptr<Directory> BuildImage(const Directory& root, const Unsynced& unsynced,
                                      const ImageChoice& choice) {
  Copies copies;
  return SurvivingTree(root, Survival(unsynced, choice), &copies);
}

std::vector<ImageChoice> SystematicChoices(const Unsynced& unsynced, size_t limit, uint64_t seed) {
  std::vector<ImageChoice> choices = {{.policy = Policy::kEverything}};
  if (unsynced.events.empty()) return choices;
  choices.push_back({.policy = Policy::kNothingUnsynced});

  const auto add = [&](Policy policy, uint64_t index) {
    choices.push_back({policy, index, Fill::kZero, Size::kTight, seed});
    choices.push_back({policy, index, Fill::kZero, Size::kGrown, seed});
    choices.push_back({policy, index, Fill::kGarbage, Size::kGrown, seed});
    choices.push_back({policy, index, Fill::kStale, Size::kGrown, seed});
  };
  add(Policy::kNothingUnsynced, 0);
  if (const auto& torn = unsynced.last_append) {
    const uint64_t sectors = (torn->end - 1) / kSimSectorBytes - torn->begin / kSimSectorBytes + 1;
    for (uint64_t kept = 0; kept < sectors; ++kept) add(Policy::kTornLast, kept);
  }
  for (uint64_t i = 0; i < unsynced.events.size(); ++i) {
    add(Policy::kAllButOne, i);
    add(Policy::kOnlyOne, i);
    if (i > 0) add(Policy::kPrefix, i);
  }
  if (choices.size() > limit) {
    Random random(seed);
    for (size_t i = 2; i < choices.size(); ++i) {
      std::swap(choices[i], choices[i + random.Uniform(choices.size() - i)]);
    }
    choices.resize(std::max<size_t>(limit, 2));
  }
  return choices;
}

uint64_t HashTree(const Directory& root) {
  uint64_t hash = 0;
  for (const auto& [name, node] : root.visible()) {
    char input[16];
    StoreLittle(input, Hash64(name, hash));
    StoreLittle(input + 8, node.file != nullptr ? node.file->content()->hash : ~HashTree(*node.directory));
    hash = Hash64(std::string_view(input, sizeof(input)));
  }
  return hash;
}

}  // namespace sim
}  // namespace stoa
