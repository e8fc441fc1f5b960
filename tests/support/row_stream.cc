#include "support/row_stream.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "data/batch_builder.h"
#include "data/complex_cell.h"

namespace stoa::testing {
namespace {

/// A row or range-change, or (neither) the START of a partition without any.
struct Element {
  size_t partition = 0;
  const ContentRow* row = nullptr;
  bool is_change = false;
  std::string clustering;
  DeletionTime deletion;
};

std::vector<Element> ElementsOf(const Content& content, bool reverse) {
  std::vector<Element> elements;
  for (size_t i = 0; i < content.size(); ++i) {
    const size_t first = elements.size();
    for (const ContentRow& row : content[i].rows)
      elements.push_back(Element{i, &row, false, row.clustering, {}});
    const std::vector<ContentRange>& ranges = content[i].ranges;
    for (size_t r = 0; r < ranges.size(); ++r) {
      const bool joins_before = r > 0 && ranges[r - 1].end == ranges[r].start;
      const bool joins_after = r + 1 < ranges.size() && ranges[r + 1].start == ranges[r].end;
      // Going up a range opens at its start, going down at its end.
      const DeletionTime at_start = !reverse ? ranges[r].deletion : DeletionTime{};
      const DeletionTime at_end = reverse ? ranges[r].deletion : DeletionTime{};
      if (!reverse || !joins_before) elements.push_back(Element{i, nullptr, true, ranges[r].start, at_start});
      if (reverse || !joins_after) elements.push_back(Element{i, nullptr, true, ranges[r].end, at_end});
    }
    if (elements.size() == first) elements.push_back(Element{i, nullptr, false, {}, {}});
    std::sort(elements.begin() + static_cast<std::ptrdiff_t>(first), elements.end(),
              [&](const Element& a, const Element& b) {
                const Element& low = reverse ? b : a;
                const Element& high = reverse ? a : b;
                if (low.clustering != high.clustering) return low.clustering < high.clustering;
                return low.is_change && !high.is_change;  // at a bound of the slice
              });
  }
  return elements;
}

class VectorSource final : public RowSource, private BatchLoader {
 public:
  VectorSource(const Content& content, const ScanSpec& spec, const VectorSourceOptions& options)
      : content_(Restricted(Projected(Normalized(content), *spec.projection), spec.range)),
        elements_(ElementsOf(content_, spec.reverse)),
        reverse_(spec.reverse),
        projection_(spec.projection),
        options_(options),
        random_(options.seed),
        builder_(spec.projection) {}

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    STOA_RETURN_IF_ERROR(CountCall());
    if (at_ == elements_.size() && due_ == 0) return false;
    Build();
    full_ = builder_.Finish();
    if (full_.row_count() == 0) {
      *batch = full_;
      return true;
    }
    if (options_.counts != nullptr) ++options_.counts->batches;
    *batch = full_;
    if (!options_.lazy) return true;
    batch->clustering = nullptr;
    batch->liveness_loaded = batch->columns_loaded = false;
    batch->timestamps = batch->expiries = nullptr;
    batch->flags = nullptr;
    batch->deletions = nullptr;
    batch->columns = {};
    batch->loader = this;
    return true;
  }

  absl::Status SkipTo(const PositionView& position) override {
    if (!error_.ok()) return error_;
    if (due_ != 0 && PositionView{content_[due_ - 1].token, content_[due_ - 1].key, {}} <
                         PositionView{position.token, position.key, {}}) {
      due_ = 0;
    }
    while (at_ < elements_.size() && IsBefore(elements_[at_], position)) {
      const Element& element = elements_[at_];
      if (element.is_change) open_ = element.deletion;
      const ContentPartition& partition = content_[element.partition];
      // A START that is still due keeps its deletion.
      const bool same = position.token == partition.token && position.key == partition.key;
      if (same && started_ != element.partition + 1 && !partition.deletion.live())
        due_ = element.partition + 1;
      ++at_;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<Position>> NextPossibleMatch(const ColumnBounds& bounds,
                                                            const PositionView& from) override {
    STOA_RETURN_IF_ERROR(CountCall());
    if (!options_.may_match) return std::optional<Position>(Position(from));
    for (const Element& element : elements_) {
      const ContentPartition& partition = content_[element.partition];
      const PositionView here{partition.token, partition.key, element.clustering};
      if (here < from || element.row == nullptr) continue;
      if (options_.may_match(bounds, here, *element.row)) return std::optional<Position>(Position(here));
    }
    return std::optional<Position>();
  }

 private:
  absl::Status CountCall() {
    if (options_.calls_left != nullptr && error_.ok() && (*options_.calls_left)-- == 0) {
      error_ = absl::DataLossError("injected");
    }
    return error_;
  }

  bool IsBefore(const Element& element, const PositionView& position) const {
    const ContentPartition& partition = content_[element.partition];
    const PositionView here{partition.token, partition.key, element.clustering};
    return reverse_ ? here > position : here < position;
  }

  void Build() {
    builder_.Clear(open_);
    const uint64_t wanted =
        options_.seed == 0 ? options_.batch_rows : 1 + random_.Uniform(options_.batch_rows);
    size_t run = 0;  // partition + 1 of the run in the builder
    uint64_t elements = 0;
    if (due_ != 0) StartRun(std::exchange(due_, 0), &run);
    for (; at_ < elements_.size() && elements < wanted; ++at_, ++elements) {
      const Element& element = elements_[at_];
      if (run != element.partition + 1) StartRun(element.partition + 1, &run);
      if (element.is_change) {
        builder_.AddRangeChange(element.clustering, element.deletion);
        open_ = element.deletion;
      } else if (element.row != nullptr) {
        AddRow(*element.row);
      }
    }
  }

  void StartRun(size_t number, size_t* run) {
    const ContentPartition& partition = content_[number - 1];
    builder_.StartRun(partition.token, partition.key, partition.deletion, started_ != number);
    *run = started_ = number;
  }

  void AddRow(const ContentRow& row) {
    int64_t timestamp = row.deletion.timestamp;
    int64_t expiry = kNoExpiry;
    if (row.has_marker) {
      timestamp = row.marker_timestamp;
      expiry = row.marker_expiry;
    } else if (!row.cells.empty()) {
      timestamp = row.cells.begin()->second.timestamp;
    }
    const uint8_t flags = static_cast<uint8_t>((row.has_marker ? row_flags::kMarker : 0) |
                                               (row.deletion.live() ? 0 : row_flags::kDeletion));
    builder_.AddRow(row.clustering, flags, timestamp, expiry, row.deletion);
    for (uint32_t i = 0; i < projection_->size(); ++i) {
      const auto cell = row.cells.find((*projection_)[i].id);
      if (cell != row.cells.end()) builder_.SetCell(i, cell->second.view());
    }
  }

  absl::Status LoadKeys(RowBatch* batch) override {
    STOA_RETURN_IF_ERROR(CountCall());
    if (options_.counts != nullptr) ++options_.counts->keys;
    keys_.assign(full_.end, "not loaded");
    std::copy(full_.clustering + batch->begin, full_.clustering + batch->end, keys_.begin() + batch->begin);
    batch->clustering = keys_.data();
    return absl::OkStatus();
  }

  absl::Status LoadLiveness(RowBatch* batch) override {
    STOA_RETURN_IF_ERROR(CountCall());
    if (options_.counts != nullptr) ++options_.counts->liveness;
    timestamps_.assign(full_.end, -777);
    std::copy(full_.timestamps + batch->begin, full_.timestamps + batch->end,
              timestamps_.begin() + batch->begin);
    batch->liveness_loaded = true;
    batch->timestamps = timestamps_.data();
    batch->expiries = full_.expiries;
    batch->flags = full_.flags;
    batch->deletions = full_.deletions;
    return absl::OkStatus();
  }

  absl::Status LoadColumns(RowBatch* batch) override {
    STOA_RETURN_IF_ERROR(CountCall());
    if (options_.counts != nullptr) ++options_.counts->columns;
    batch->columns_loaded = true;
    batch->columns = full_.columns;
    return absl::OkStatus();
  }

  const Content content_;
  const std::vector<Element> elements_;
  const bool reverse_;
  const Projection* projection_;
  const VectorSourceOptions options_;
  Random random_;
  BatchBuilder builder_;
  absl::Status error_;

  size_t at_ = 0;       // next element
  size_t started_ = 0;  // partition + 1 that STARTed last
  size_t due_ = 0;      // partition + 1 whose START is due although its elements were skipped
  DeletionTime open_;
  RowBatch full_;
  std::vector<std::string_view> keys_;
  std::vector<int64_t> timestamps_;
};

}  // namespace

std::unique_ptr<RowSource> NewVectorSource(const Content& content, const ScanSpec& spec,
                                           const VectorSourceOptions& options) {
  return std::make_unique<VectorSource>(content, spec, options);
}

void ContentCollector::SkippedTo(const PositionView& position) {
  skipped_ = true;
  skip_ = Position(position);
  open_ = DeletionTime{};
}

absl::Status ContentCollector::Add(RowBatch batch) {
  if (batch.row_count() != 0) STOA_RETURN_IF_ERROR(batch.EnsureAll());
  any_ = true;
  size_t change = 0;
  for (size_t i = 0; i < batch.runs.size(); ++i) {
    const PartitionRun& run = batch.runs[i];
    if (content_.empty() || content_.back().token != run.token || content_.back().key != run.key)
      StartPartition(run);
    if (i == 0 && skipped_) {
      open_ = batch.open_deletion;
      opened_at_ = skip_.clustering;
      skipped_ = false;
    }
    uint32_t row = run.first_row;
    while (true) {
      if (change < batch.changes.size() && batch.changes[change].run == i &&
          batch.changes[change].row == row) {
        Change(std::string(batch.changes[change].bound), batch.changes[change].deletion);
        ++change;
      } else if (row < batch.RunEnd(i)) {
        AddRow(batch, row++);
      } else {
        break;
      }
    }
  }
  return absl::OkStatus();
}

void ContentCollector::StartPartition(const PartitionRun& run) {
  content_.push_back(ContentPartition{run.token, std::string(run.key), run.deletion, {}, {}});
  last_ = Position(PositionView{run.token, run.key, {}});
}

void ContentCollector::Change(const std::string& bound, const DeletionTime& deletion) {
  if (!open_.live() && opened_at_ != bound) {
    content_.back().ranges.push_back(spec_.reverse ? ContentRange{bound, opened_at_, open_}
                                                   : ContentRange{opened_at_, bound, open_});
  }
  open_ = deletion;
  opened_at_ = bound;
  last_.clustering = bound;
}

void ContentCollector::AddRow(const RowBatch& batch, uint32_t row) {
  ContentRow out;
  out.clustering = batch.clustering[row];
  out.deletion = batch.RowDeletion(row);
  if ((batch.RowFlags(row) & row_flags::kMarker) != 0) {
    out.has_marker = true;
    out.marker_timestamp = batch.timestamps[row];
    out.marker_expiry = batch.RowExpiry(row);
  }
  for (const ColumnVector& column : batch.columns) {
    if (!column.Has(row)) continue;
    const Cell cell = batch.CellAt(column, row);
    out.cells[(*spec_.projection)[column.index].id] = Owned(cell);
  }
  last_.clustering = out.clustering;
  content_.back().rows.push_back(std::move(out));
}

Content ContentCollector::Finish() {
  if (spec_.reverse) {
    for (ContentPartition& partition : content_) {
      std::reverse(partition.rows.begin(), partition.rows.end());
      std::reverse(partition.ranges.begin(), partition.ranges.end());
    }
  }
  return std::move(content_);
}

ContentCell Owned(const Cell& cell, const FragmentContext& context) {
  ContentCell owned;
  owned.timestamp = cell.timestamp;
  owned.expiry = cell.expiry;
  owned.tombstone = cell.tombstone;
  owned.empty = cell.empty;
  owned.word = cell.word;
  owned.bytes = cell.bytes;
  owned.blob = cell.blob;
  if (!cell.complex) return owned;
  ContentComplex inside;
  ComplexCellReader reader(cell, context);
  inside.deletion = reader.deletion();
  ComplexElement element;
  while (reader.NextElement(&element)) {
    std::string path(element.path);
    if (reader.path_is_pending()) path = ListPath(path, context.timestamp);
    inside.elements[path] = ContentElement{element.cell.timestamp, element.cell.expiry,
                                           element.cell.tombstone, std::string(element.cell.bytes)};
  }
  CounterDelta delta;
  while (reader.NextDelta(&delta)) {
    inside.deltas.push_back({delta.min_timestamp, delta.max_timestamp, delta.sum});
  }
  ContentCell complex = ContentCell::Of(std::move(inside));
  // What was there, not what should have been.
  if (!reader.in_context()) {
    complex.timestamp = cell.timestamp;
    complex.expiry = cell.expiry;
    complex.bytes = cell.bytes;
  }
  return complex;
}

std::string ListPath(const std::string& pending, int64_t commit_timestamp) {
  std::string path = pending;
  std::string commit;
  for (int shift = 56; shift >= 0; shift -= 8) {
    auto byte = static_cast<uint8_t>(static_cast<uint64_t>(commit_timestamp) >> shift);
    if (shift == 56) byte ^= 0x80;
    if (pending[0] == 0) byte = static_cast<uint8_t>(255 - byte);
    commit.push_back(static_cast<char>(byte));
  }
  return path.insert(1, commit);
}

absl::StatusOr<Content> ReadContent(RowSource* source, const ScanSpec& spec) {
  ContentCollector collector(spec);
  RowBatch batch;
  while (true) {
    STOA_ASSIGN_OR_RETURN(const bool more, source->Next(&batch));
    if (!more) return collector.Finish();
    STOA_RETURN_IF_ERROR(collector.Add(batch));
  }
}

}  // namespace stoa::testing
