// Batches of the rows of a block.
//
// The elements of a block - starts of runs, range-changes, rows - stand in one order. A batch of rows [begin,
// end) has the elements between two cuts. The cut of a row inside a run stands before the range-changes that
// stand before the row; the cut of a row that begins a run stands before its START and before the runs
// without rows that stand there, but behind the range-changes at the end of the run before. So consecutive
// batches hand over everything once.
#include "sstable/block.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/status_macros.h"
#include "sstable/block_key.h"
#include "sstable/block_reader_state.h"
#include "types/byte_comparable.h"

namespace stoa {
namespace {

/// The arrays of a batch have at most about so many values.
constexpr size_t kBatchValuesMax = 256 << 10;
/// What an idle reader may keep: the batches of slices, not those of scans.
constexpr size_t kIdleBytesMax = 64 << 10;

struct Cut {
  uint32_t run_begin;  // first run of a batch that begins here
  uint32_t run_end;    // behind the last run of a batch that ends here
  uint32_t change;
};

/// Elements of a batch: runs and range-changes, as half-open ranges.
struct Elements {
  uint32_t run_begin, run_end;
  uint32_t change_begin, change_end;
};

uint32_t FirstChange(const BlockHeader& header, const char* keys, uint32_t run, uint64_t row) {
  if (header.change_count == 0) return 0;
  const ChangeParts& changes = *header.keys.changes;
  const uint32_t begin = changes.runs.LowerBound(keys, 0, header.change_count, run);
  if (row == 0) return begin;
  const uint32_t end = changes.runs.LowerBound(keys, begin, header.change_count, uint64_t{run} + 1);
  return changes.rows.LowerBound(keys, begin, end, row);
}

Cut CutAt(const BlockHeader& header, const char* keys, uint32_t row) {
  if (row == 0) return {0, 0, 0};
  const WordSequence& first_rows = header.keys.first_rows;
  const uint32_t run = first_rows.LowerBound(keys, 0, header.run_count, row);
  if (run < header.run_count && first_rows.Get(keys, run) == row)
    return {run, run, FirstChange(header, keys, run, 0)};
  return {run - 1, run, FirstChange(header, keys, run - 1, row)};
}

Elements ElementsOf(const BlockHeader& header, const char* keys, uint32_t begin, uint32_t end) {
  const Cut from = CutAt(header, keys, begin);
  if (end == header.row_count) return {from.run_begin, header.run_count, from.change, header.change_count};
  const Cut to = CutAt(header, keys, end);
  return {from.run_begin, to.run_end, from.change, to.change};
}

Elements ElementsOfRun(const BlockHeader& header, const char* keys, uint32_t run, BlockReader::RowRange rows,
                       uint32_t begin, uint32_t end) {
  return {run, run + 1, FirstChange(header, keys, run, begin == rows.begin ? 0 : begin),
          end == rows.end ? FirstChange(header, keys, run + 1, 0) : FirstChange(header, keys, run, end)};
}

}  // namespace

BlockReader::BlockReader() : state_(std::make_unique<State>()) {}
BlockReader::BlockReader(const BlockLayout* layout, const Projection* projection, MemoryBudget* budget)
    : BlockReader() {
  Start(layout, projection, budget);
}
BlockReader::~BlockReader() = default;

void BlockReader::Start(const BlockLayout* layout, const Projection* projection, MemoryBudget* budget) {
  state_->charge = MemoryCharge(budget, 0);
  state_->layout = layout;
  state_->projection = projection;
}

bool BlockReader::Rest() {
  State& state = *state_;
  state.charge = MemoryCharge();
  state.parsed.extras.reset();
  state.arena.Reset();
  return state.memory_bytes() <= kIdleBytesMax;
}

absl::Status BlockReader::Open(const BlockHeader* header, SectionSource* sections) {
  state_->header = header;
  state_->source = sections;
  state_->found_run = -1;
  state_->loaded.assign(header->sections.size(), nullptr);
  state_->tokens.clear();
  return absl::OkStatus();
}

absl::Status BlockReader::Open(const BlockLayout* layout, const Projection* projection,
                               const BlockHeader* header, SectionSource* sections) {
  state_->layout = layout;
  state_->projection = projection;
  return Open(header, sections);
}

absl::Status BlockReader::State::LoadSection(uint32_t number, const char** bytes) {
  *bytes = loaded[number] = source->LoadedSection(number);
  if (*bytes != nullptr) return absl::OkStatus();
  STOA_ASSIGN_OR_RETURN(const std::string_view section, source->Section(number));
  if (section.size() != header->sections[number].raw_bytes) return DamagedBlock("section size");
  *bytes = loaded[number] = section.empty() ? "" : section.data();
  return absl::OkStatus();
}

uint32_t BlockReader::batch_rows() const {
  const size_t columns = std::min(state_->header->columns.size(), state_->projection->size());
  return static_cast<uint32_t>(
      std::clamp<size_t>(kBatchValuesMax / std::max<size_t>(columns, 1), 1, kBatchRowsMax));
}

/// Makes copies of `strings` in the arena, each behind the prefix.
void BlockReader::State::PutPrefix(std::string_view prefix) {
  size_t total = 0;
  for (const std::string_view string : strings) total += prefix.size() + string.size();
  char* to = arena.Allocate(total);
  for (std::string_view& string : strings) {
    std::memcpy(to, prefix.data(), prefix.size());
    std::memcpy(to + prefix.size(), string.data(), string.size());
    string = std::string_view(to, prefix.size() + string.size());
    to += string.size();
  }
}

absl::Status BlockReader::State::MakeRuns(const char* keys, uint32_t run_begin, uint32_t run_end,
                                          RowBatch* batch) {
  const uint32_t count = run_end - run_begin;
  const KeyStrings& partition_keys = header->keys.partition_keys;
  strings.resize(count);
  numbers.resize(count + 1);
  const bool decoded =
      count == 1 ? partition_keys.suffixes.Get(keys, run_begin, strings.data())
                 : partition_keys.suffixes.Decode(keys, run_begin, run_end, strings.data(), &scratch);
  if (!decoded) return DamagedBlock("partition keys");
  header->keys.first_rows.Decode(keys, run_begin, run_end, numbers.data());
  numbers[count] = header->row_count;
  if (run_end < header->run_count) numbers[count] = header->keys.first_rows.Get(keys, run_end);
  if (!partition_keys.prefix.empty()) PutPrefix(partition_keys.prefix);
  const uint64_t* run_tokens = nullptr;
  if (count > kFewRuns) STOA_RETURN_IF_ERROR(RunTokens(keys, &run_tokens));
  auto* runs = arena.AllocateArray<PartitionRun>(count);
  const bool forward = direction == Direction::kForward;
  for (uint32_t i = 0; i < count; ++i) {
    if (numbers[i] > numbers[i + 1] || numbers[i + 1] > header->row_count)
      return DamagedBlock("first rows of runs");
    PartitionRun& run = *new (&runs[forward ? i : count - 1 - i]) PartitionRun();
    const auto begin = std::clamp(static_cast<uint32_t>(numbers[i]), origin, origin_end);
    const auto end = std::clamp(static_cast<uint32_t>(numbers[i + 1]), origin, origin_end);
    run.first_row = forward ? begin - origin : origin_end - end;
    run.starts = forward && numbers[i] >= origin && (run_begin + i > 0 || header->first_starts);
    if (run_tokens != nullptr) {
      run.token = run_tokens[run_begin + i];
    } else {
      const bool is_found = static_cast<int>(run_begin + i) == found_run;
      run.token = is_found ? found_token : OrderedToken(PartitionToken(strings[i]));
    }
    run.key = strings[i];
    if (!header->keys.partition_deletions.Get(keys, run_begin + i, &run.deletion)) {
      return DamagedBlock("partition deletion");
    }
  }
  batch->runs = {runs, count};
  return absl::OkStatus();
}

absl::Status BlockReader::State::MakeChanges(const char* keys, uint32_t change_begin, uint32_t change_end,
                                             uint32_t run_begin, uint32_t run_end, RowBatch* batch) {
  const bool forward = direction == Direction::kForward;
  // Forward, what is open before the first; in reverse, what is open behind the last.
  STOA_RETURN_IF_ERROR(OpenBefore(keys, forward ? change_begin : change_end,
                                  forward ? run_begin : run_end - 1, &batch->open_deletion));
  const uint32_t count = change_end - change_begin;
  auto* changes = arena.AllocateArray<RangeChange>(count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t number = change_begin + i;
    const ChangeParts& parts = *header->keys.changes;
    const uint64_t run = parts.runs.Get(keys, number);
    const uint64_t row = parts.rows.Get(keys, number);
    std::string_view suffix;
    if (run < run_begin || run >= run_end || row > header->row_count ||
        !parts.bounds.suffixes.Get(keys, number, &suffix)) {
      return DamagedBlock("range-changes");
    }
    RangeChange& change = *new (&changes[forward ? i : count - 1 - i]) RangeChange();
    const uint32_t at = std::clamp(static_cast<uint32_t>(row), origin, origin_end);
    change.run = static_cast<uint32_t>(forward ? run - run_begin : run_end - 1 - run);
    change.row = forward ? at - origin : origin_end - at;
    key.assign(parts.bounds.prefix).append(suffix);
    change.bound = arena.Copy(key);
    if (!forward) {
      STOA_RETURN_IF_ERROR(OpenBefore(keys, number, static_cast<uint32_t>(run), &change.deletion));
    } else if (!parts.deletions.Get(keys, number, &change.deletion)) {
      return DamagedBlock("range deletions");
    }
  }
  batch->changes = {changes, count};
  return absl::OkStatus();
}

bool BlockReader::State::FixedRowKey(const char* keys, uint32_t row, std::string_view* row_key) {
  size_t bytes = 1;  // kRowEnd
  for (const ClusteringComponent& component : components()) {
    if (component.shape != ClusteringComponent::Shape::kFixed) return false;
    bytes += 1 + component.bytes;
  }
  char* to = arena.Allocate(bytes);
  *row_key = std::string_view(to, bytes);
  const KeyColumn* column = header->keys.clustering.data();
  for (const ClusteringComponent& component : components()) {
    *to++ = kComponentMarker;
    const uint8_t high = component.bytes > kHighBytes ? kHighBytes : 0;
    if (high != 0) StoreComponent(to, column->high.Get(keys, row), high);
    StoreComponent(to + high, column->low.Get(keys, row), component.bytes - high);
    to += component.bytes;
    ++column;
  }
  *to = kRowEnd;
  return true;
}

absl::Status BlockReader::State::RowKey(const char* keys, uint32_t row, std::string_view* row_key) {
  if (FixedRowKey(keys, row, row_key)) return absl::OkStatus();
  key.clear();
  for (size_t i = 0; i < header->keys.clustering.size(); ++i) {
    const ClusteringComponent& component = components()[i];
    const KeyColumn& column = header->keys.clustering[i];
    const bool marker = HasMarker(component.shape);
    if (marker) key.push_back(kComponentMarker);
    if (component.shape != ClusteringComponent::Shape::kFixed) {
      std::string_view suffix;
      if (!column.strings.suffixes.Get(keys, row, &suffix)) return DamagedBlock("clustering key");
      key.append(column.strings.prefix).append(suffix);
      if (marker) key.push_back(ComponentTerminator(component.shape));
      continue;
    }
    char bytes[2 * kHighBytes];
    const uint8_t high = component.bytes > kHighBytes ? kHighBytes : 0;
    if (high != 0) StoreComponent(bytes, column.high.Get(keys, row), high);
    StoreComponent(bytes + high, column.low.Get(keys, row), component.bytes - high);
    key.append(bytes, component.bytes);
  }
  if (!header->whole_keys) {
    key.push_back(kRowEnd);
  } else if (!IsKeyOfLayout(layout->clustering, key)) {
    return DamagedBlock("clustering key");
  }
  *row_key = arena.Copy(key);
  return absl::OkStatus();
}

absl::Status BlockReader::Batch(uint32_t begin, uint32_t end, Direction direction, RowBatch* batch, int run) {
  State& state = *state_;
  const BlockHeader& header = *state.header;
  const char* keys = nullptr;
  STOA_RETURN_IF_ERROR(state.Section(kKeySection, &keys));
  if (begin > end || end > header.row_count || run >= static_cast<int>(header.run_count)) {
    return absl::InternalError("rows outside of their block");
  }
  if (header.keys.first_rows.Get(keys, 0) != 0) return DamagedBlock("first row of the first run");
  if (begin < end) state.PrefetchRow(begin);
  state.arena.Reset();
  state.origin = begin;
  state.origin_end = end;
  state.direction = direction;
  Elements elements{};
  if (run < 0) {
    elements = ElementsOf(header, keys, begin, end);
  } else {
    RowRange rows{};
    STOA_RETURN_IF_ERROR(state.RunRows(keys, static_cast<uint32_t>(run), &rows));
    if (begin < rows.begin || end > rows.end) return absl::InternalError("rows outside of their run");
    elements = ElementsOfRun(header, keys, static_cast<uint32_t>(run), rows, begin, end);
  }
  if (elements.run_begin > elements.run_end || elements.change_begin > elements.change_end) {
    return DamagedBlock("order of runs");
  }
  *batch = RowBatch();
  batch->end = end - begin;
  batch->clean = header.clean;
  batch->min_timestamp = header.min_timestamp;
  batch->max_timestamp = header.max_timestamp;
  batch->loader = this;
  STOA_RETURN_IF_ERROR(state.MakeRuns(keys, elements.run_begin, elements.run_end, batch));
  STOA_RETURN_IF_ERROR(state.MakeChanges(keys, elements.change_begin, elements.change_end, elements.run_begin,
                                         elements.run_end, batch));
  return FindEnds(batch);
}

absl::Status BlockReader::FindEnds(RowBatch* batch) {
  if (batch->begin == batch->end) return absl::OkStatus();
  State& state = *state_;
  const char* keys = nullptr;
  STOA_RETURN_IF_ERROR(state.Section(kKeySection, &keys));
  const RowRange rows = state.BlockRows(batch->begin, batch->end);
  const bool forward = state.direction == Direction::kForward;
  STOA_RETURN_IF_ERROR(state.RowKey(keys, forward ? rows.begin : rows.end - 1, &batch->first_clustering));
  return state.RowKey(keys, forward ? rows.end - 1 : rows.begin, &batch->last_clustering);
}

}  // namespace stoa
