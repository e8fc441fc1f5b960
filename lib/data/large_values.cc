#include "data/large_values.h"

#include "base/check.h"
#include "base/status_macros.h"
#include "data/fragment.h"
#include "data/mutation.h"

namespace stoa {
namespace {

/// Copies `from` piece by piece, with other bytes in some places.
class Splicer {
 public:
  Splicer(std::string_view from, std::string* out) : at_(from.data()), end_(at_ + from.size()), out_(out) {}

  /// Copies up to `to`.
  void CopyTo(const char* to) {
    STOA_DCHECK(to >= at_ && to <= end_);
    out_->append(at_, static_cast<size_t>(to - at_));
    at_ = to;
  }
  /// Leaves out what stands before `to`.
  void SkipTo(const char* to) { at_ = to; }
  void Finish() { CopyTo(end_); }

 private:
  const char* at_;
  const char* const end_;
  std::string* const out_;
};

absl::Status MoveFromFragment(const Mutation& mutation, size_t inline_bytes_max, const MoveValue& move,
                              std::string* out) {
  FragmentReader reader(mutation.fragment, FragmentContext{});
  Splicer splicer(mutation.fragment, out);
  ColumnId column = 0;
  Cell cell;
  while (reader.NextCell(&column, &cell)) {
    if (cell.bytes.size() <= inline_bytes_max || cell.complex) continue;
    STOA_ASSIGN_OR_RETURN(const std::string reference, move(mutation.table, cell.bytes));
    splicer.CopyTo(reader.cell_header());
    out->push_back(static_cast<char>(BlobCellHeader(static_cast<uint8_t>(*reader.cell_header()))));
    splicer.SkipTo(reader.cell_header() + 1);
    splicer.CopyTo(cell.bytes.data() - VarintSize(cell.bytes.size()));
    AppendLengthPrefixed(out, reference);
    splicer.SkipTo(cell.bytes.data() + cell.bytes.size());
  }
  STOA_DCHECK(reader.ok());
  splicer.Finish();
  return absl::OkStatus();
}

}  // namespace

absl::Status MoveLargeValues(std::string_view mutations, size_t inline_bytes_max, const MoveValue& move,
                             std::string* out) {
  MutationReader reader(mutations, FragmentContext{});
  Splicer splicer(mutations, out);
  Mutation mutation;
  std::string fragment;
  while (reader.Next(&mutation)) {
    if (mutation.fragment.size() <= inline_bytes_max) continue;
    fragment.clear();
    STOA_RETURN_IF_ERROR(MoveFromFragment(mutation, inline_bytes_max, move, &fragment));
    splicer.CopyTo(mutation.clustering.data() + mutation.clustering.size());
    AppendLengthPrefixed(out, fragment);
    splicer.SkipTo(mutation.fragment.data() + mutation.fragment.size());
  }
  STOA_DCHECK(reader.ok());
  splicer.Finish();
  return absl::OkStatus();
}

absl::Status ForEachBlob(std::string_view fragment, const std::function<absl::Status(const BlobId&)>& take) {
  FragmentReader reader(fragment, FragmentContext{});
  ColumnId column = 0;
  Cell cell;
  BlobReference reference;
  while (reader.NextCell(&column, &cell)) {
    if (!cell.blob || !ParseBlobReference(cell.bytes, &reference)) continue;
    STOA_RETURN_IF_ERROR(take(reference.id));
  }
  return absl::OkStatus();
}

}  // namespace stoa
