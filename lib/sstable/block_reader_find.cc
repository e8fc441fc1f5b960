// Searching a block: runs by token, rows by the components of their clustering keys.
//
// Tokens are not stored, but made when they are first wanted, and kept with the block in memory: 8 bytes for
// each partition, and a search through keys would compute several of them again. They are uniform, so that
// the place of one is computed from the first and the last, and a few steps remain. Within a run the first
// component ascends, within equal first components the second, and so on: each narrows the range for the
// next.
#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/status_macros.h"
#include "sstable/block_key.h"
#include "sstable/block_reader_state.h"
#include "types/byte_comparable.h"

namespace stoa {
namespace {

using Shape = ClusteringComponent::Shape;
using RowRange = BlockReader::RowRange;

/// Probes that interpolate before a search begins to halve, so that crafted keys cost a logarithm.
constexpr int kInterpolations = 3;
/// A range so short is halved at once.
constexpr uint32_t kShortRange = 8;

enum class Narrowed : uint8_t {
  kEqual,  // the range holds the rows with this component; go on with the next
  kFound,  // the range begins with the row to find
};

/// Narrows `range` to the rows whose word is `word`; if `padded`, or if there are none, to where they would
/// begin.
Narrowed NarrowWord(const WordSequence& words, const char* keys, uint64_t word, bool padded,
                    absl::FunctionRef<void(uint32_t)> near, RowRange* range) {
  const WordSequence::Range equal = words.EqualRange(keys, range->begin, range->end, word, near);
  range->begin = equal.begin;
  if (padded || equal.begin == equal.end) return Narrowed::kFound;
  range->end = equal.end;
  return Narrowed::kEqual;
}

/// The first bytes of `rest` as a word of `bytes` bytes, filled up with zeros. Advances `rest`; true when it
/// fell short.
bool TakeWord(std::string_view* rest, uint8_t bytes, uint64_t* word) {
  if (rest->size() >= bytes) {
    *word = LoadComponent(rest->data(), bytes);
    rest->remove_prefix(bytes);
    return false;
  }
  char padded[kHighBytes] = {};
  std::copy(rest->begin(), rest->end(), padded);
  *word = LoadComponent(padded, bytes);
  *rest = {};
  return true;
}

Narrowed NarrowFixed(const KeyColumn& column, const char* keys, uint8_t bytes, std::string_view* rest,
                     absl::FunctionRef<void(uint32_t)> near, RowRange* range) {
  uint64_t word = 0;
  if (bytes > kHighBytes) {
    const bool padded = TakeWord(rest, kHighBytes, &word);
    if (NarrowWord(column.high, keys, word, padded, near, range) == Narrowed::kFound) return Narrowed::kFound;
    bytes -= kHighBytes;
  }
  const bool padded = TakeWord(rest, bytes, &word);
  return NarrowWord(column.low, keys, word, padded, near, range);
}

/// Whether a row in `range` can have the fixed component that `rest` begins with, as far as that costs
/// nothing to tell.
bool MayHaveFixed(const KeyColumn& column, const char* keys, uint8_t bytes, std::string_view rest,
                  RowRange range) {
  if (bytes > kHighBytes || rest.size() < bytes) return true;
  return column.low.MayContain(keys, range.begin, range.end, LoadComponent(rest.data(), bytes));
}

/// The first row in `range` whose component compares `order` or greater with `rest`; false when bytes are
/// damaged.
bool LowerBoundString(const KeyStrings& strings, const char* keys, Shape shape, std::string_view rest,
                      int order, RowRange range, uint32_t* row) {
  while (range.begin < range.end) {
    const uint32_t middle = range.begin + (range.end - range.begin) / 2;
    std::string_view suffix;
    if (!strings.suffixes.Get(keys, middle, &suffix)) return false;
    if (CompareComponent(shape, strings.prefix, suffix, rest) < order) {
      range.begin = middle + 1;
    } else {
      range.end = middle;
    }
  }
  *row = range.begin;
  return true;
}

/// As NarrowWord. Advances `rest` over the component.
bool NarrowString(const KeyStrings& strings, const char* keys, Shape shape, std::string_view* rest,
                  RowRange* range, Narrowed* narrowed) {
  *narrowed = Narrowed::kFound;
  if (range->end - range->begin > 1 &&
      !LowerBoundString(strings, keys, shape, *rest, 0, *range, &range->begin)) {
    return false;
  }
  if (range->begin == range->end) return true;
  std::string_view suffix;
  if (!strings.suffixes.Get(keys, range->begin, &suffix)) return false;
  const int order = CompareComponent(shape, strings.prefix, suffix, *rest);
  if (order < 0) ++range->begin;  // of a single row
  if (order != 0) return true;
  if (range->end - range->begin > 1 &&
      !LowerBoundString(strings, keys, shape, *rest, 1, *range, &range->end)) {
    return false;
  }
  const size_t terminator = HasMarker(shape) ? 1 : 0;
  rest->remove_prefix(strings.prefix.size() + suffix.size() + terminator);
  *narrowed = Narrowed::kEqual;
  return true;
}

/// The first of `count` tokens that is not less than `token`; any, if they do not ascend.
uint32_t LowerBoundToken(const uint64_t* tokens, uint32_t count, uint64_t token) {
  uint32_t low = 0;
  uint32_t high = count;
  for (int probe = 0; probe < kInterpolations && high - low > kShortRange; ++probe) {
    const uint64_t first = tokens[low];
    const uint64_t last = tokens[high - 1];
    if (token <= first) return low;
    if (token > last || first >= last) break;
    const double part = static_cast<double>(token - first) / static_cast<double>(last - first);
    const uint32_t guess = low + static_cast<uint32_t>(part * (high - low - 1));
    (tokens[guess] < token ? low : high) = tokens[guess] < token ? guess + 1 : guess;
  }
  return static_cast<uint32_t>(std::lower_bound(tokens + low, tokens + high, token) - tokens);
}

/// What a position says next, at a place where all rows of a range go on with the byte `expected`: < 0 when
/// it is before them all, > 0 when behind.
int CompareByte(std::string_view rest, char expected) {
  if (rest.empty()) return -1;
  return static_cast<int>(static_cast<uint8_t>(rest[0])) - static_cast<int>(static_cast<uint8_t>(expected));
}

}  // namespace

absl::Status BlockReader::State::RunKey(const char* keys, uint32_t run, std::string_view* run_key) {
  const KeyStrings& stored = header->keys.partition_keys;
  if (!stored.suffixes.Get(keys, run, run_key)) return DamagedBlock("partition key");
  if (!stored.prefix.empty()) {
    key.assign(stored.prefix).append(*run_key);
    *run_key = key;
  }
  return absl::OkStatus();
}

absl::Status BlockReader::State::RunTokens(const char* keys, const uint64_t** run_tokens) {
  *run_tokens = source->KeptTokens();
  if (*run_tokens == nullptr && tokens.empty()) {
    tokens.resize(header->run_count);
    for (uint32_t run = 0; run < header->run_count; ++run) {
      std::string_view run_key;
      if (const absl::Status status = RunKey(keys, run, &run_key); !status.ok()) {
        tokens.clear();
        return status;
      }
      tokens[run] = OrderedToken(PartitionToken(run_key));
    }
    source->KeepTokens(tokens);
  }
  if (*run_tokens == nullptr) *run_tokens = tokens.data();
  return absl::OkStatus();
}

bool BlockReader::State::FindKey(const char* keys, std::string_view partition_key, uint32_t* run) const {
  const KeyStrings& stored = header->keys.partition_keys;
  if (!partition_key.starts_with(stored.prefix)) return false;
  partition_key.remove_prefix(stored.prefix.size());
  return stored.suffixes.FindEqual(keys, partition_key, run);
}

absl::Status BlockReader::State::LowerBoundRun(const char* keys, uint64_t token,
                                               std::string_view partition_key, uint32_t* run, bool* exact) {
  *exact = header->run_count <= kFewRuns && FindKey(keys, partition_key, run);
  if (*exact) return absl::OkStatus();
  const uint64_t* run_tokens = nullptr;
  STOA_RETURN_IF_ERROR(RunTokens(keys, &run_tokens));
  *run = LowerBoundToken(run_tokens, header->run_count, token);
  for (; *run < header->run_count && run_tokens[*run] == token; ++*run) {
    std::string_view run_key;
    STOA_RETURN_IF_ERROR(RunKey(keys, *run, &run_key));
    const int order = run_key.compare(partition_key);
    *exact = order == 0;
    if (order >= 0) break;
  }
  return absl::OkStatus();
}

absl::Status BlockReader::State::RunRows(const char* keys, uint32_t run, RowRange* rows_of_run) {
  const WordSequence& first_rows = header->keys.first_rows;
  const uint64_t begin = first_rows.Get(keys, run);
  const uint64_t end = run + 1 < header->run_count ? first_rows.Get(keys, run + 1) : header->row_count;
  if (begin > end || end > header->row_count) return DamagedBlock("first row of a run");
  *rows_of_run = {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
  return absl::OkStatus();
}

absl::Status BlockReader::State::FindRow(const char* keys, RowRange range, std::string_view clustering,
                                         const RowSearch& search, uint32_t* row, bool* exact) {
  *exact = false;
  const std::vector<ClusteringComponent>& parts = components();
  for (size_t i = 0; i < parts.size() && range.begin < range.end; ++i) {
    const ClusteringComponent& component = parts[i];
    const KeyColumn& column = header->keys.clustering[i];
    auto narrowed = Narrowed::kFound;
    if (!HasMarker(component.shape)) {
      if (!NarrowString(column.strings, keys, component.shape, &clustering, &range, &narrowed)) {
        return DamagedBlock("clustering key");
      }
    } else if (const int order = CompareByte(clustering, kComponentMarker); order != 0) {
      *row = order < 0 ? range.begin : range.end;
      return absl::OkStatus();
    } else {
      clustering.remove_prefix(1);
      if (component.shape == Shape::kFixed) {
        if (search.exactly && !MayHaveFixed(column, keys, component.bytes, clustering, range)) {
          *row = range.begin;
          return absl::OkStatus();
        }
        narrowed = NarrowFixed(column, keys, component.bytes, &clustering, search.near, &range);
      } else if (!NarrowString(column.strings, keys, component.shape, &clustering, &range, &narrowed)) {
        return DamagedBlock("clustering key");
      }
    }
    if (narrowed == Narrowed::kFound) {
      *row = range.begin;
      return absl::OkStatus();
    }
  }
  if (header->whole_keys) {  // there is nothing behind them: the row was found, or there are none
    *exact = range.begin < range.end;
    *row = range.begin;
    return absl::OkStatus();
  }
  const int order = CompareByte(clustering, kRowEnd);
  *exact = order == 0 && clustering.size() == 1 && range.begin < range.end;
  *row = order < 0 || *exact ? range.begin : range.end;
  return absl::OkStatus();
}

absl::StatusOr<int> BlockReader::FindRun(uint64_t token, std::string_view key) {
  State& state = *state_;
  const char* keys = nullptr;
  uint32_t run = 0;
  bool exact = false;
  STOA_RETURN_IF_ERROR(state.Section(kKeySection, &keys));
  STOA_RETURN_IF_ERROR(state.LowerBoundRun(keys, token, key, &run, &exact));
  return exact ? static_cast<int>(run) : -1;
}

absl::StatusOr<BlockReader::RowRange> BlockReader::RunRows(int run) {
  const char* keys = nullptr;
  RowRange range{};
  STOA_RETURN_IF_ERROR(state_->Section(kKeySection, &keys));
  STOA_RETURN_IF_ERROR(state_->RunRows(keys, static_cast<uint32_t>(run), &range));
  return range;
}

absl::StatusOr<BlockReader::Found> BlockReader::Find(const PositionView& position, bool will_read_row) {
  State& state = *state_;
  const char* keys = nullptr;
  uint32_t run = 0;
  bool exact_run = false;
  STOA_RETURN_IF_ERROR(state.Section(kKeySection, &keys));
  STOA_RETURN_IF_ERROR(state.LowerBoundRun(keys, position.token, position.key, &run, &exact_run));
  if (run == state.header->run_count) return Found{state.header->row_count, false, -1};
  RowRange range{};
  STOA_RETURN_IF_ERROR(state.RunRows(keys, run, &range));
  if (!exact_run) return Found{range.begin, false, -1};
  Found found{range.begin, false, static_cast<int>(run), range};
  state.found_run = position.key.empty() ? -1 : found.run;
  state.found_token = position.token;
  bool is_near = false;
  const auto near = [&](uint32_t row) {
    if (will_read_row && !std::exchange(is_near, true)) state.PrefetchRow(row);
  };
  if (range.begin < range.end && range.end - range.begin <= kDeltaStride) near(range.begin);
  STOA_RETURN_IF_ERROR(
      state.FindRow(keys, range, position.clustering, {will_read_row, near}, &found.row, &found.exact));
  return found;
}

absl::StatusOr<BlockReader::Found> BlockReader::FindInRun(const Found& last, std::string_view clustering) {
  Found found = last;
  const char* keys = nullptr;
  const auto near = [](uint32_t) {};
  STOA_RETURN_IF_ERROR(state_->Section(kKeySection, &keys));
  STOA_RETURN_IF_ERROR(
      state_->FindRow(keys, last.run_rows, clustering, {/*exactly=*/false, near}, &found.row, &found.exact));
  return found;
}

absl::Status BlockReader::State::OpenBefore(const char* keys, uint32_t change, uint32_t run,
                                            DeletionTime* open) {
  *open = {};
  if (change > 0 && header->keys.changes->runs.Get(keys, change - 1) == run) {
    return header->keys.changes->deletions.Get(keys, change - 1, open) ? absl::OkStatus()
                                                                       : DamagedBlock("range deletion");
  }
  if (run == 0) *open = header->open_before;
  return absl::OkStatus();
}

absl::StatusOr<DeletionTime> BlockReader::OpenDeletionAt(int run, std::string_view clustering) {
  State& state = *state_;
  const uint32_t changes = state.header->change_count;
  if (changes == 0) return run == 0 ? state.header->open_before : DeletionTime{};
  const char* keys = nullptr;
  STOA_RETURN_IF_ERROR(state.Section(kKeySection, &keys));
  const ChangeParts& parts = *state.header->keys.changes;
  const auto wanted = static_cast<uint64_t>(run);
  uint32_t low = parts.runs.LowerBound(keys, 0, changes, wanted);
  uint32_t high = parts.runs.LowerBound(keys, low, changes, wanted + 1);
  while (low < high) {  // the first range-change behind `clustering`
    const uint32_t middle = low + (high - low) / 2;
    std::string_view suffix;
    if (!parts.bounds.suffixes.Get(keys, middle, &suffix)) return DamagedBlock("bound");
    int order =
        std::string_view(parts.bounds.prefix).compare(clustering.substr(0, parts.bounds.prefix.size()));
    if (order == 0) order = suffix.compare(clustering.substr(parts.bounds.prefix.size()));
    if (order <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  DeletionTime open;
  STOA_RETURN_IF_ERROR(state.OpenBefore(keys, low, static_cast<uint32_t>(run), &open));
  return open;
}

absl::Status BlockReader::AddCoveringDeletions(int run, std::string_view clustering, RowMerger* merger) {
  if (state_->header->no_coverings) return absl::OkStatus();
  const SparseDeletions& deletions = state_->header->keys.partition_deletions;
  if (!deletions.at.none()) {
    const char* keys = nullptr;
    DeletionTime deletion;
    STOA_RETURN_IF_ERROR(state_->Section(kKeySection, &keys));
    if (!deletions.Get(keys, static_cast<uint32_t>(run), &deletion))
      return DamagedBlock("partition deletion");
    if (!deletion.live()) merger->AddCoveringDeletion(deletion);
  }
  STOA_ASSIGN_OR_RETURN(const DeletionTime open, OpenDeletionAt(run, clustering));
  if (!open.live()) merger->AddCoveringDeletion(open);
  return absl::OkStatus();
}

}  // namespace stoa
