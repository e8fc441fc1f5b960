#include "engine/query_source.h"

#include <algorithm>
#include <list>
#include <utility>

#include "base/coding.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "data/static_row.h"
#include "engine/dead_runs.h"
#include "read/live_filter.h"
#include "read/merge_source.h"
#include "read/predicate_filter.h"
#include "read/static_join.h"
#include "schema/cell_columns.h"
#include "types/byte_comparable.h"

namespace stoa {
namespace {

constexpr uint8_t kPagingStateFormat = 1;

/// The least clustering key after that of a static row.
constexpr std::string_view kBehindStaticRow("\x10\0", 2);

/// About how many rows of a partition are looked at to see that it has one.
constexpr uint64_t kRowsOfDistinct = 16;

/// Reads several ranges one after another, each with sources of its own, which are opened when it is its
/// turn.
class RangesSource : public RowSource {
 public:
  RangesSource(const QueryInput& input, const TableView& table, const Query& query,
               const ResultColumns& columns, const StaticsUse& statics, std::vector<OwnedRange> ranges,
               ReadStats* stats)
      : input_(input),
        table_(table),
        query_(query),
        columns_(columns),
        statics_(statics),
        ranges_(std::move(ranges)),
        stats_(stats),
        dead_runs_(table, input.sequence, input.now_seconds, query.reverse(), !input.of_snapshot) {
    for (const Query::Condition& condition : query.conditions()) {
      const Column& column = *columns.schema->FindColumn(condition.column);
      (column.kind == ColumnKind::kStatic ? static_predicates_ : predicates_)
          .push_back(Predicate{columns.IndexOf(column.id), column.type.kind(), condition.comparison,
                               condition.word, condition.bytes});
    }
  }

  ~RangesSource() override { CloseRange(); }

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    while (next_range_ < ranges_.size() || current_ != nullptr) {
      if (current_ == nullptr) Open(ranges_[next_range_++]);
      STOA_ASSIGN_OR_RETURN(const bool more, current_->Next(batch));
      if (more) return true;
      CloseRange();
    }
    return false;
  }

  absl::Status SkipTo(const PositionView& position) override {
    if (query_.reverse() && current_ != nullptr &&
        !ranges_[next_range_ - 1].start.view().SamePartition(position)) {
      CloseRange();  // partitions ascend even if what is in them does not
    }
    while (!query_.reverse() && (current_ == nullptr || EndsBy(ranges_[next_range_ - 1], position))) {
      CloseRange();
      if (next_range_ == ranges_.size()) return absl::OkStatus();
      Open(ranges_[next_range_++]);
    }
    return current_ == nullptr ? absl::OkStatus() : current_->SkipTo(position);
  }

 private:
  /// An SSTable in which something dies, and how much of it was read.
  struct Mortal {
    const SSTable* sstable;
    uint64_t examined;
  };

  /// Tells the SSTables how much was read in vain. Of which of them the dead rows were is not known; but not
  /// more than was read of it.
  void CloseRange() {
    current_.reset();
    const uint64_t dead = dead_ + dead_runs_.rows_dropped;
    for (const auto& [sstable, examined] : mortal_) {
      if (const uint64_t count = std::min(examined, dead - dead_noted_); count > 0) sstable->NoteDead(count);
    }
    dead_noted_ = dead;
    mortal_.clear();
  }

  static bool EndsBy(const OwnedRange& range, const PositionView& position) {
    return range.end.has_value() && range.end->view() <= position;
  }

  void Open(const OwnedRange& range) {
    spec_ = Spec(range.view());
    spec_.reverse = query_.reverse();
    spec_.rows_hint = RowsHint();
    DeadRunGuide* guide = nullptr;
    ScanSpec left = spec_;  // without what is known to be dead
    if (MayHaveDeadRuns(range)) {
      guide = &dead_runs_;
      if (const std::string* end = dead_runs_.Enter(range.start, *range.end); end != nullptr) {
        (query_.reverse() ? left.range.end->clustering : left.range.start.clustering) = *end;
      }
    }
    std::unique_ptr<RowSource> merged = Merged(left);
    RowSource* const unfiltered = merged.get();
    current_ = NewLiveFilter(std::move(merged), spec_, input_.now_seconds, guide, &dead_);
    if (!predicates_.empty()) {
      current_ = NewPredicateFilter(std::move(current_), query_.reverse() ? nullptr : unfiltered, spec_,
                                    predicates_, input_.directory);
    }
    if (!statics_.any()) return;
    current_ = NewStaticJoin(std::move(current_), spec_, RulesFor(range));
    if (!static_predicates_.empty()) {
      current_ =
          NewPredicateFilter(std::move(current_), nullptr, spec_, static_predicates_, input_.directory);
    }
  }

  /// Dead runs are known and learned of in one partition, by who reads all its rows: conditions skip some of
  /// them, and without its columns a static row seems dead.
  bool MayHaveDeadRuns(const OwnedRange& range) const {
    if (!predicates_.empty() || !range.end.has_value() ||
        !range.end->view().SamePartition(range.start.view()))
      return false;
    const bool has_static_row = range.start.clustering.empty() && !query_.table()->static_columns().empty();
    return !has_static_row || statics_.any();
  }

  ScanSpec Spec(const PositionRange& range) const {
    ScanSpec spec;
    spec.range = range;
    spec.projection = &columns_.projection;
    spec.budget = input_.budget;
    return spec;
  }

  uint32_t RowsHint() const {
    if (!predicates_.empty() || !static_predicates_.empty()) return 0;
    const uint64_t per_partition = query_.distinct() ? kRowsOfDistinct : query_.per_partition_limit();
    const uint64_t limit = std::min(query_.limit(), per_partition);
    return limit < UINT32_MAX ? static_cast<uint32_t>(limit) : 0;
  }

  std::unique_ptr<RowSource> NewSource(const Memtable& memtable, const ScanSpec& spec) {
    return memtable.NewSource(
        spec, input_.sequence, 0,
        RowCounts{stats_ == nullptr ? nullptr : &stats_->rows_examined, &dead_runs_.rows_dropped});
  }

  /// What stands in a file in which something dies is counted (CloseRange).
  std::unique_ptr<RowSource> NewSource(const SSTable& sstable, const ScanSpec& spec) {
    const TimeBounds& times = sstable.bounds().times;
    uint64_t* examined = nullptr;
    if (times.has_tombstones || times.has_expiring) {
      examined = &mortal_.emplace_back(Mortal{&sstable, 0}).examined;
    }
    return sstable.NewSource(spec, stats_, CacheUse::kFill, examined);
  }

  std::unique_ptr<RowSource> Merged(const ScanSpec& spec) {
    std::vector<std::unique_ptr<RowSource>> sources;
    if (!table_.active->empty()) sources.push_back(NewSource(*table_.active, spec));
    for (const SealedMemtable& sealed : table_.sealed) {
      sources.push_back(NewSource(*sealed.memtable, spec));
    }
    size_t in_sstables = 0;
    bool any_tombstones = false;
    for (const std::shared_ptr<SSTable>& sstable : table_.sstables) {
      if (!sstable->bounds().Overlaps(spec.range)) continue;
      sources.push_back(NewSource(*sstable, spec));
      ++in_sstables;
      any_tombstones |= sstable->bounds().times.has_tombstones;
    }
    // What stands alone and has no deletions is as good as merged.
    const bool only_sstable = sources.size() == 1 && in_sstables == 1 && !any_tombstones;
    if (input_.interruption.possible()) {
      for (std::unique_ptr<RowSource>& source : sources) {
        source = NewInterruptibleSource(std::move(source), &input_.interruption, query_.table()->name());
      }
    }
    if (only_sstable) return std::move(sources.front());
    return NewMergeSource(std::move(sources), spec, &dead_runs_.rows_dropped);
  }

  StaticJoinRules RulesFor(const OwnedRange& range) {
    StaticJoinRules rules;
    rules.is_static = columns_.is_static;
    // Read backwards, what is resumed has handed over rows before. (Forwards the join sees it by the range.)
    const bool resumed_reverse =
        query_.reverse() && range.end->clustering != std::string_view(&kBoundAfter, 1);
    rules.rows_of_statics = statics_.rows_of_statics && !resumed_reverse;
    // Conditions on other columns have dropped static rows, or skipped over them.
    rules.in_stream = !query_.reverse() && !statics_.conditions_on_rows;
    rules.read = [this](const PositionView& partition, BatchBuilder* builder) {
      return ReadStaticRow(partition, builder);
    };
    return rules;
  }

  absl::Status ReadStaticRow(const PositionView& partition, BatchBuilder* builder) {
    const PositionView start{partition.token, partition.key, StaticRowKey()};
    const PositionView end{partition.token, partition.key, kBehindStaticRow};
    const ScanSpec spec = Spec(PositionRange{start, end});
    const std::unique_ptr<RowSource> source = NewLiveFilter(Merged(spec), spec, input_.now_seconds);
    RowBatch batch;
    STOA_ASSIGN_OR_RETURN(const bool found, source->Next(&batch));
    if (!found) return absl::OkStatus();
    builder->StartRun(partition.token, partition.key, DeletionTime{}, /*starts=*/true);
    return builder->AppendRows(batch, batch.begin, batch.end);
  }

  const QueryInput& input_;
  const TableView& table_;
  const Query& query_;
  const ResultColumns& columns_;
  const StaticsUse statics_;
  const std::vector<OwnedRange> ranges_;
  ReadStats* const stats_;
  std::vector<Predicate> predicates_;         // on regular columns
  std::vector<Predicate> static_predicates_;  // on static ones, of which the join knows the values
  size_t next_range_ = 0;
  ScanSpec spec_;
  DeadRunReader dead_runs_;
  std::list<Mortal> mortal_;  // of the range; their sources count in them
  uint64_t dead_ = 0;         // rows and range-changes of all ranges, besides those that sources drop
  uint64_t dead_noted_ = 0;   // of the ranges before
  std::unique_ptr<RowSource> current_;
};

bool HasSlice(const Query& query) {
  return query.is_row() || !query.slice_from().empty() || !query.slice_to().empty();
}

OwnedRange PartitionRange(const Query& query, const std::string& key) {
  OwnedRange range;
  range.start.token = OrderedToken(PartitionToken(key));
  range.start.key = key;
  range.start.clustering = query.slice_from();
  // The static row is read with the partition, forwards; a slice of the partition begins after it.
  const bool has_statics = !query.table()->static_columns().empty();
  if (has_statics && range.start.clustering.empty() && (query.reverse() || HasSlice(query))) {
    range.start.clustering = kBoundBefore;
  }
  range.end = range.start;
  range.end->clustering = query.slice_to().empty() ? std::string(1, kBoundAfter) : query.slice_to();
  return range;
}

absl::Status CheckDistinct(const Query& query) {
  const TableSchema& schema = *query.table();
  if (HasSlice(query) || query.reverse() || query.per_partition_limit() != UINT64_MAX) {
    return InvalidArgument("table ", schema.name(),
                           ": a distinct query takes no slice, row, reverse order or limit per partition");
  }
  std::vector<ColumnId> columns = query.columns();
  for (const Query::Condition& condition : query.conditions()) columns.push_back(condition.column);
  for (ColumnId id : columns) {
    if (FindById(schema.static_columns(), id) != nullptr) continue;
    const Column* column = schema.FindColumn(id);
    return InvalidArgument("table ", schema.name(), ": a distinct query names static columns alone, not ",
                           column == nullptr ? StrCat("id ", id) : column->name);
  }
  return absl::OkStatus();
}

absl::Status CheckCombination(const Query& query) {
  const std::string_view name = query.table()->name();
  if (query.distinct()) STOA_RETURN_IF_ERROR(CheckDistinct(query));
  if (query.has_tokens() && !query.partitions().empty()) {
    return InvalidArgument("table ", name, ": a query names either partitions or tokens, not both");
  }
  if (query.partitions().empty()) {
    if (query.reverse())
      return InvalidArgument("table ", name, ": only a query that names partitions can be reversed");
    if (HasSlice(query)) {
      return InvalidArgument("table ", name, ": a query for a slice or a row names the partitions");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<OwnedRange>> RangesOf(const Query& query, const Position* resume_after) {
  STOA_RETURN_IF_ERROR(CheckCombination(query));
  std::vector<OwnedRange> ranges;
  for (const std::string& key : query.partitions()) ranges.push_back(PartitionRange(query, key));
  if (query.partitions().empty()) {
    OwnedRange range;
    range.start.token = OrderedToken(query.tokens().first);
    if (query.tokens().last != INT64_MAX) {
      range.end.emplace();
      range.end->token = OrderedToken(query.tokens().last) + 1;
    }
    ranges.push_back(std::move(range));
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const OwnedRange& a, const OwnedRange& b) { return a.start.view() < b.start.view(); });
  ranges.erase(std::unique(ranges.begin(), ranges.end(),
                           [](const OwnedRange& a, const OwnedRange& b) { return a.start == b.start; }),
               ranges.end());
  if (resume_after == nullptr) return ranges;
  std::vector<OwnedRange> rest;
  for (OwnedRange& range : ranges) {
    const bool same_partition = range.start.view().SamePartition(resume_after->view());
    if (query.reverse() && same_partition) {
      range.end = *resume_after;
    } else if (range.start.view() <= resume_after->view()) {
      range.start = *resume_after;
      range.start.clustering.push_back('\0');  // the least position after it
    }
    // What begins after its own end was read completely.
    if (!range.end.has_value() || range.start.view() < range.end->view()) rest.push_back(std::move(range));
  }
  return rest;
}

StaticsUse UseOfStatics(const Query& query, const std::vector<ColumnId>& columns) {
  StaticsUse use;
  const std::vector<Column>& statics = query.table()->static_columns();
  if (statics.empty()) return use;
  for (ColumnId id : columns) use.wanted |= FindById(statics, id) != nullptr;
  for (const Query::Condition& condition : query.conditions()) {
    const bool on_static = FindById(statics, condition.column) != nullptr;
    (on_static ? use.wanted : use.conditions_on_rows) = true;
  }
  use.rows_of_statics = !use.conditions_on_rows && !HasSlice(query);
  return use;
}

std::unique_ptr<RowSource> NewQuerySource(const QueryInput& input, const TableView& table, const Query& query,
                                          const ResultColumns& columns, const StaticsUse& statics,
                                          std::vector<OwnedRange> ranges, ReadStats* stats) {
  return std::make_unique<RangesSource>(input, table, query, columns, statics, std::move(ranges), stats);
}

std::string PagingState::Encode() const {
  std::string bytes(1, static_cast<char>(kPagingStateFormat));
  AppendVarint(&bytes, table);
  AppendVarint(&bytes, ZigZag(now_seconds));
  AppendBig<uint64_t>(&bytes, last.token);
  AppendLengthPrefixed(&bytes, last.key);
  AppendLengthPrefixed(&bytes, last.clustering);
  AppendVarint(&bytes, rows_of_partition);
  return bytes;
}

absl::StatusOr<PagingState> PagingState::Decode(const Table& table, std::string_view bytes) {
  PagingState state;
  Decoder decoder(bytes);
  uint8_t format = 0;
  std::string_view key;
  std::string_view clustering;
  const bool well_formed = decoder.Little(&format) && format == kPagingStateFormat &&
                           decoder.Varint(&state.table) && decoder.SignedVarint(&state.now_seconds) &&
                           decoder.Big(&state.last.token) && decoder.LengthPrefixed(&key) &&
                           decoder.LengthPrefixed(&clustering) && decoder.Varint(&state.rows_of_partition) &&
                           decoder.Done();
  if (!well_formed || state.table != table->id() || state.last.token != OrderedToken(PartitionToken(key))) {
    return InvalidArgument("table ", table->name(), ": the paging state ", HexDump(bytes),
                           " is not one of a query on this table");
  }
  state.last.key = key;
  state.last.clustering = clustering;
  return state;
}

}  // namespace stoa
