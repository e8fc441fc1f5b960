// Complex cells: the content of a column of a list, set, map or user type that is not frozen, or of a
// counter. Such a column has in each row one cell, with Cell::complex, whose bytes are this:
//
//     complex  := flags:u8 [local_time:svarint] [expiry:svarint] [deletion] [elements] [deltas]
//     flags    := 1 in context | 2 local_time | 4 expiry | 8 deletion | 16 elements | 32 deltas | 64 pending
//     deletion := age:varint
//     elements := count:varint element*                          at least one; ascending by path, as by
//     memcmp element  := header:u8 path:bytes [age:varint] [time:svarint] [value:bytes]     no value in a
//     tombstone header   := 1 tombstone | 2 own age | 4 common time | 8 own time | 16 pending path deltas :=
//     count:varint delta*                            at least one; ascending by min, then by max delta    :=
//     age:varint span:varint sum:svarint bytes    := length:varint, that many bytes
//
// The *deletion* is that of the collection as a whole: it removes elements and deltas with timestamps up to
// its own. *Elements* are cells, found by an opaque path; two of one path reconcile as any cells do
// (CellWins). A *delta* is the sum of the increments of a counter from timestamp min to max; sums wrap around
// as Cassandra's do. Each increment is in exactly one source, so deltas of several are put side by side; a
// deletion removes those whose max it reaches.
//
// Times. A timestamp is Cell::timestamp less the age, which is 0 where an element has none of its own; so a
// row that was written at once says its timestamp once. A delta's age is that of its max, and span is max
// less min. The common time is, of a tombstone, its local deletion time: local_time, which the deletion takes
// as well; of other elements their expiry: `expiry`. An element with neither common nor own time does not
// expire.
//
// In context: in a fragment (data/fragment.h) a cell does not know the commit that it will be part of. Then
// local_time and expiry are absent: the common times are the commit's second and the expiry of the cell.
// Pending paths are of elements appended or prepended to a list, whose order is that of the commits:
//
//     pending path := kind:u8 operation:u32be index:u32be        stored, before the commit is known
//     list path    := kind:u8 commit:u64be operation:u32be index:u32be
//     kind         := 0 prepended | 1 appended
//
// `commit` is the commit's timestamp, its sign bit flipped; `operation` numbers the list operations of a
// batch and `index` the values of one. Of what is prepended, commit and operation are inverted, so that later
// ones come first. Pending prepends come before all other paths of a cell, pending appends after them.
//
// Everywhere else a cell is *resolved*: nothing depends on a context, Cell::expiry is kNoExpiry, and
// Cell::timestamp is the greatest timestamp inside.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "data/fragment.h"
#include "data/row_batch.h"

namespace stoa {

/// An element of a collection. `cell` has a timestamp, an expiry or local deletion time, and the value's
/// bytes.
struct ComplexElement {
  std::string_view path;
  Cell cell;
};

/// The sum of the increments of a counter made from `min_timestamp` to `max_timestamp`.
struct CounterDelta {
  int64_t min_timestamp = 0;
  int64_t max_timestamp = 0;
  int64_t sum = 0;
  friend auto operator<=>(const CounterDelta&, const CounterDelta&) = default;
};

/// Puts together the complex cell of one column in a fragment; for who writes batches. Reused for cell after
/// cell. What it is given is copied. Not thread-safe.
class ComplexCellBuilder {
 public:
  /// Forgets the cell before.
  void Clear();

  /// Deletes what was there before this write: with elements put beside it, overwrites a collection.
  void DeleteBefore();
  /// Deletes what is there, what is put beside it included. For counters this is the only deletion.
  void DeleteAt();

  /// An element of a set, map or user type, or one of a list whose path was read. `path` is not empty.
  void Put(std::string_view path, std::string_view value);
  /// The same, deleted. Of several for one path a deletion wins, then the greater value.
  void Remove(std::string_view path);

  /// Element `index` of those that the list operation number `operation` of the batch appends or prepends.
  /// Operations are numbered in the order of the batch, no two alike. The elements of one operation stand in
  /// the list in the order of their indices.
  void Append(uint32_t operation, uint32_t index, std::string_view value);
  void Prepend(uint32_t operation, uint32_t index, std::string_view value);

  /// Adds to a counter. Several add up.
  void Increment(int64_t by);

  /// Nothing was said since Clear: there is no cell.
  bool empty() const { return !has_deletion_ && !has_delta_ && elements_.empty(); }

  /// How many bytes the elements take at most once they are resolved, whatever they are merged with; 0
  /// without elements.
  size_t ResolvedBytesMax() const;

  /// Appends the content of the cell to `out`, for AppendComplexCell (data/fragment.h). REQUIRES: not empty.
  void Finish(std::string* out);

 private:
  struct Element {
    uint8_t order;  // pending prepends 0, paths 1, pending appends 2
    bool tombstone;
    size_t path_at;  // in bytes_
    size_t path_size;
    size_t value_size;  // the value stands behind the path
  };
  void Add(uint8_t order, bool tombstone, std::string_view path, std::string_view value);
  void AddPending(uint8_t kind, uint32_t operation, uint32_t index, std::string_view value);
  std::string_view PathOf(const Element& element) const;
  std::string_view ValueOf(const Element& element) const;
  /// Whether of two elements of one path `a` is the one that stays.
  bool Wins(const Element& a, const Element& b) const;

  std::vector<Element> elements_;
  std::string bytes_;
  bool has_deletion_ = false;
  bool deletes_before_ = false;  // and not what is written beside it
  bool has_delta_ = false;
  uint64_t delta_ = 0;
};

/// Reads a complex cell: the deletion, then the elements, then the deltas. Reads any bytes: malformed ones
/// end early, and then ok() is false.
class ComplexCellReader {
 public:
  /// Of a resolved cell.
  explicit ComplexCellReader(const Cell& cell) : ComplexCellReader(cell, FragmentContext{}) {}
  /// Of the cell of a fragment, which may be in context. Paths that are pending are handed out as they stand,
  /// ComplexElement::path being a pending path; RowMerger hands over cells in which none is.
  ComplexCellReader(const Cell& cell, const FragmentContext& context);

  /// Live() if there is none.
  const DeletionTime& deletion() const { return deletion_; }
  uint64_t element_count() const { return element_count_; }
  bool in_context() const;
  bool pending() const;

  /// The next element, in the order of paths; false behind the last or on malformed bytes. The views are of
  /// the cell's bytes.
  bool NextElement(ComplexElement* element);
  /// The next delta; false behind the last or on malformed bytes. REQUIRES: NextElement has returned false.
  bool NextDelta(CounterDelta* delta);

  /// After the last delta: whether the bytes were well formed to their end. Before: as far as was read.
  bool ok() const { return decoder_.ok(); }
  /// The element handed out last has a pending path.
  bool path_is_pending() const { return path_is_pending_; }

 private:
  bool ReadHeader();
  bool ReadElement(ComplexElement* element);
  bool ReadTimes(uint8_t header, Cell* cell);
  bool ReadAge(int64_t* timestamp);
  bool ReadDelta(CounterDelta* delta);
  bool StartDeltas();
  /// Makes the reader spent, with ok() false.
  bool Fail();

  Decoder decoder_;
  const int64_t timestamp_;
  uint8_t flags_ = 0;
  int64_t local_time_;
  int64_t expiry_;
  DeletionTime deletion_;
  uint64_t element_count_ = 0;
  uint64_t elements_left_ = 0;
  uint64_t deltas_left_ = 0;
  bool deltas_started_ = false;
  bool path_is_pending_ = false;
  uint8_t path_order_ = 0;
  bool has_path_ = false;
  std::string_view path_;                              // of the element before
  CounterDelta delta_{kNoTimestamp, kNoTimestamp, 0};  // the one before
};

/// True when the cell's bytes are well formed to their end and, unless `in_context`, resolved.
bool IsValidComplexCell(const Cell& cell, bool in_context);

/// The value of a counter: the sum of the deltas of a complex cell, wrapping around. 0 on malformed bytes.
int64_t CounterValue(const Cell& cell);

}  // namespace stoa
