// References to blobs: what stands in the place of a value too large to be copied about. The value is in a
// file of its own (lib/blob); log, memtables and SSTables carry the reference, as the bytes of a cell with
// Cell::blob.
//
//     reference := prefix:bytes number:varint file_id:u64 length:varint hash_low:u64 hash_high:u64
//     prefix    := the first 256 bytes of the value, or all of it if it has fewer
//     ids       := count:varint (number_delta:varint file_id:u64 length:varint)*     numbers ascend
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/hash.h"
#include "data/row_batch.h"

namespace stoa {

/// How much of a value its reference repeats: enough to order most values, and to skip by zone maps.
inline constexpr size_t kBlobPrefixBytes = 256;

/// Which file holds a value, and what must be true of that file.
struct BlobId {
  uint64_t number = 0;   ///< names the file; never reused
  uint64_t file_id = 0;  ///< unique, bound into every checksum of the file
  uint64_t length = 0;   ///< of the value
  friend auto operator<=>(const BlobId&, const BlobId&) = default;
};

struct BlobReference {
  std::string_view prefix;
  BlobId id;
  HashValue128 hash;  ///< of the value
};

void AppendBlobReference(std::string* out, const BlobReference& reference);
/// False unless `bytes` are one reference, which then views them.
bool ParseBlobReference(std::string_view bytes, BlobReference* reference);

/// Blobs that a file names, ascending by number.
void AppendBlobIds(std::string* out, const std::vector<BlobId>& ids);
/// False on malformed bytes.
bool ReadBlobIds(Decoder* decoder, std::vector<BlobId>* ids);

/// The prefix in `reference`, which is well formed.
std::string_view PrefixOfBlob(std::string_view reference);

/// True when the value of byte cell `a` comes after that of `b`, one of them being a blob, for the purpose of
/// breaking ties of equal timestamps: by the first 256 bytes; if these are equal an inline value comes before
/// a blob, and of two blobs the longer, then the one with the greater hash, number, file id is the greater.
/// Together with the order of bytes of two inline values this is one total order. It is not Cassandra's for
/// values over 256 bytes that begin alike and were written under one timestamp: then either may win there
/// too, as far as a writer can tell, and here it does not take reading both.
bool BlobTieIsGreater(const Cell& a, const Cell& b);

}  // namespace stoa
