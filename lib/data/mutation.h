// Mutations: the content of a write batch, which is also the payload of a log record.
//
//     mutations := op*
//     op := 1 table_id:varint schema_version:varint key:bytes    the partition that the ops after it are
//     about
//         | 2 clustering:bytes fragment:bytes                    a row, or the static row (data/static_row.h)
//         | 3 start:bytes end:bytes [timestamp:svarint]          delete clustering range
//         | 4 [timestamp:svarint]                                delete partition
//           (3 and 4: kind + 128 if the timestamp is present; + 64 if it is that of the commit less 1, as in
//           conditional writes)
//     bytes := length:varint, that many bytes
//
// Kinds 5 and above are refused by name until they are given a meaning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>

#include "base/coding.h"
#include "data/fragment.h"

namespace stoa {

namespace mutation_op {
inline constexpr uint8_t kPartition = 1;
inline constexpr uint8_t kRow = 2;
inline constexpr uint8_t kDeleteRange = 3;
inline constexpr uint8_t kDeletePartition = 4;
inline constexpr uint8_t kBefore = 64;
inline constexpr uint8_t kOwnTimestamp = 128;
}  // namespace mutation_op

/// One op, with the partition it is about. Views into the mutation bytes.
struct Mutation {
  TableId table = 0;
  uint32_t schema_version = 0;
  uint64_t token = 0;  ///< ordered token of `key`, computed once per kPartition op
  std::string_view key;

  uint8_t kind = 0;             ///< kRow, kDeleteRange or kDeletePartition
  std::string_view clustering;  ///< of kRow: the row; of kDeleteRange: the start bound
  std::string_view end;         ///< of kDeleteRange
  std::string_view fragment;    ///< of kRow
  DeletionTime deletion;        ///< of the two deletions
};

/// Reads mutations one by one.
class MutationReader {
 public:
  MutationReader(std::string_view mutations, const FragmentContext& context);

  /// False at the end, or on malformed bytes (then ok() is false). kPartition ops are consumed silently, and
  /// so are deletions of an empty range. Fragments are not looked into.
  bool Next(Mutation* mutation);
  bool ok() const { return decoder_.ok() && !malformed_; }
  /// Where the kind of the op handed out last stands.
  const char* op() const { return op_; }

 private:
  bool ReadPartition();
  /// Reads what follows the kind of an op other than kPartition.
  bool ReadOp(uint8_t kind, Mutation* mutation);
  bool ReadDeletion(uint8_t flags, Mutation* mutation);

  Decoder decoder_;
  const char* op_ = nullptr;
  FragmentContext context_;
  bool malformed_ = false;
  bool has_partition_ = false;
  Mutation partition_;
};

/// True when there is nothing in `mutations`, which must be well formed, but deletions: of partitions,
/// ranges, rows, cells and elements. Applied, they let other data go.
bool OnlyDeletes(std::string_view mutations);

/// Makes every deletion of a range or partition in `mutations`, which must be those of a WriteBatch in which
/// no operation has a timestamp of its own, older by 1 than what is written. So Cassandra has it for
/// conditional writes: a batch that deletes a range and inserts a row into it leaves the row. (A row that is
/// both deleted and written is deleted.) Automatic timestamps being at least 1 apart, such a deletion hides
/// all that was there before.
void MakeDeletionsOlder(std::string* mutations);

}  // namespace stoa
