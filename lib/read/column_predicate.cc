#include "read/column_predicate.h"

#include <bit>
#include <limits>

#include "base/status_macros.h"
#include "blob/blob_file.h"
#include "types/byte_comparable.h"
#include "types/type_rules.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

bool HasLowerBound(Comparison comparison) {
  return comparison != Comparison::kLess && comparison != Comparison::kLessOrEqual;
}
bool HasUpperBound(Comparison comparison) {
  return comparison != Comparison::kGreater && comparison != Comparison::kGreaterOrEqual;
}

/// Unordered numbers satisfy nothing.
template <typename T>
bool Satisfies(Comparison comparison, const T& a, const T& b) {
  switch (comparison) {
    case Comparison::kEqual:
      return a == b;
    case Comparison::kLess:
      return a < b;
    case Comparison::kLessOrEqual:
      return a <= b;
    case Comparison::kGreater:
      return a > b;
    case Comparison::kGreaterOrEqual:
      return a >= b;
  }
  return false;
}

int64_t InfinityBits(TypeKind kind, bool negative) {
  if (kind == TypeKind::kFloat) {
    const float infinity = std::numeric_limits<float>::infinity();
    return std::bit_cast<uint32_t>(negative ? -infinity : infinity);
  }
  const double infinity = std::numeric_limits<double>::infinity();
  return std::bit_cast<int64_t>(negative ? -infinity : infinity);
}

}  // namespace

ColumnTest::ColumnTest(const Predicate& predicate, Directory* directory)
    : predicate_(predicate), directory_(directory) {
  bounds_.index = predicate.index;
  bounds_.is_word = DataType(predicate.kind).is_word();
  if (bounds_.is_word) {
    SetWordBounds();
  } else {
    SetBytesBounds();
  }
}

void ColumnTest::SetWordBounds() {
  if (IsFloating(predicate_.kind)) {
    bounds_.word_low = InfinityBits(predicate_.kind, /*negative=*/true);
    bounds_.word_high = InfinityBits(predicate_.kind, /*negative=*/false);
  }
  const int64_t value = WordToOrdered(predicate_.kind, predicate_.word);
  if (HasLowerBound(predicate_.comparison)) bounds_.word_low = value;
  if (HasUpperBound(predicate_.comparison)) bounds_.word_high = value;
}

void ColumnTest::SetBytesBounds() {
  const bool is_uuid = predicate_.kind == TypeKind::kUuid || predicate_.kind == TypeKind::kTimeuuid;
  by_encoding_ = is_uuid && predicate_.comparison != Comparison::kEqual;
  if (by_encoding_) {
    // ToBytes, which made the bytes, has checked that they are a value of the type.
    const DataType type(predicate_.kind);
    AppendComparable(type, ClusteringOrder::kAscending, FromBytes(type, predicate_.bytes), &encoded_)
        .IgnoreError();
    return;
  }
  if (HasLowerBound(predicate_.comparison)) bounds_.bytes_low = predicate_.bytes;
  if (HasUpperBound(predicate_.comparison)) bounds_.bytes_high = predicate_.bytes;
}

template <typename Test>
void ColumnTest::ForEachValue(const ColumnVector& column, uint32_t begin, uint32_t end, uint8_t* keep,
                              const Test& test) {
  for (uint32_t row = begin; row < end; ++row, ++keep) {
    *keep = *keep != 0 && column.Has(row) && test(row) ? 1 : 0;
  }
}

/// One loop for each comparison, so that it can be unrolled.
template <typename Number, typename FromWord>
void ColumnTest::ApplyNumber(const ColumnVector& column, uint32_t begin, uint32_t end, uint8_t* keep,
                             const FromWord& number) {
  const Number wanted = number(predicate_.word);
  const auto loop = [&]<Comparison comparison>() {
    ForEachValue(column, begin, end, keep, [&](uint32_t row) {
      const bool is_empty = column.flags != nullptr && column.flags[row] != 0;
      return !is_empty && Satisfies(comparison, number(column.words[row]), wanted);
    });
  };
  switch (predicate_.comparison) {
    case Comparison::kEqual:
      return loop.template operator()<Comparison::kEqual>();
    case Comparison::kLess:
      return loop.template operator()<Comparison::kLess>();
    case Comparison::kLessOrEqual:
      return loop.template operator()<Comparison::kLessOrEqual>();
    case Comparison::kGreater:
      return loop.template operator()<Comparison::kGreater>();
    case Comparison::kGreaterOrEqual:
      return loop.template operator()<Comparison::kGreaterOrEqual>();
  }
}

absl::Status ColumnTest::ApplyBytes(const ColumnVector& column, uint32_t begin, uint32_t end, uint8_t* keep) {
  absl::Status status;
  const auto bytes_of = [&](uint32_t row) {
    return (column.Flags(row) & cell_flags::kNoValue) != 0 ? std::string_view() : column.bytes[row];
  };
  if (!by_encoding_) {
    const std::string_view wanted = predicate_.bytes;
    ForEachValue(column, begin, end, keep, [&](uint32_t row) {
      if ((column.Flags(row) & cell_flags::kBlob) == 0) [[likely]] {
        return Satisfies(predicate_.comparison, bytes_of(row), wanted);
      }
      if (!status.ok()) return false;
      const absl::StatusOr<bool> satisfies = BlobSatisfies(column.bytes[row]);
      status = satisfies.status();
      return satisfies.ok() && *satisfies;
    });
    return status;
  }
  const DataType type(predicate_.kind);  // of 16 bytes: never a blob
  ForEachValue(column, begin, end, keep, [&](uint32_t row) {
    const std::string_view bytes = bytes_of(row);
    if (bytes.size() != sizeof(Uuid)) return false;
    scratch_.clear();
    return AppendComparable(type, ClusteringOrder::kAscending, FromBytes(type, bytes), &scratch_).ok() &&
           Satisfies(predicate_.comparison, scratch_, encoded_);
  });
  return absl::OkStatus();
}

absl::StatusOr<bool> ColumnTest::BlobSatisfies(std::string_view bytes) const {
  BlobReference reference;
  if (ParseBlobReference(bytes, &reference)) {
    const std::string_view beginning = reference.prefix;
    const std::string_view wanted = predicate_.bytes;
    const int order = beginning.compare(wanted.substr(0, beginning.size()));
    const bool is_whole = reference.id.length == beginning.size();
    if (order != 0) return Satisfies(predicate_.comparison, order, 0);
    if (is_whole) return Satisfies(predicate_.comparison, beginning, wanted);
    if (predicate_.comparison == Comparison::kEqual && reference.id.length != wanted.size()) return false;
  }
  STOA_ASSIGN_OR_RETURN(const BlobValue value, LoadBlob(*directory_, bytes, IoPurpose::kRead));
  return Satisfies(predicate_.comparison, value.view(), std::string_view(predicate_.bytes));
}

absl::Status ColumnTest::Apply(const ColumnVector& column, uint32_t begin, uint32_t end, uint8_t* keep) {
  if (!bounds_.is_word) return ApplyBytes(column, begin, end, keep);
  ApplyWords(column, begin, end, keep);
  return absl::OkStatus();
}

void ColumnTest::ApplyWords(const ColumnVector& column, uint32_t begin, uint32_t end, uint8_t* keep) {
  switch (predicate_.kind) {
    case TypeKind::kDouble:
      return ApplyNumber<double>(column, begin, end, keep,
                                 [](uint64_t word) { return std::bit_cast<double>(word); });
    case TypeKind::kFloat:
      return ApplyNumber<float>(column, begin, end, keep, [](uint64_t word) {
        return std::bit_cast<float>(static_cast<uint32_t>(word));
      });
    case TypeKind::kInt:
      return ApplyNumber<int32_t>(column, begin, end, keep,
                                  [](uint64_t word) { return static_cast<int32_t>(word); });
    case TypeKind::kBigint:
    case TypeKind::kTimestamp:
    case TypeKind::kTime:
      return ApplyNumber<int64_t>(column, begin, end, keep,
                                  [](uint64_t word) { return static_cast<int64_t>(word); });
    default:
      return ApplyNumber<int64_t>(column, begin, end, keep, [kind = predicate_.kind](uint64_t word) {
        return WordToOrdered(kind, word);
      });
  }
}

}  // namespace stoa
