#include "data/blob_reference.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace stoa {
namespace {

constexpr size_t kBlobIdBytesMin = 10;

/// What a byte cell is compared by when either is a blob. Bytes that claim to be a reference and are not one
/// are compared as what they are.
auto TieKey(const Cell& cell) {
  BlobReference reference;
  const bool is_blob = cell.blob && ParseBlobReference(cell.bytes, &reference);
  const std::string_view prefix = is_blob ? reference.prefix : cell.bytes.substr(0, kBlobPrefixBytes);
  return std::make_tuple(prefix, is_blob, reference.id.length, reference.hash, reference.id.number,
                         reference.id.file_id);
}

}  // namespace

void AppendBlobReference(std::string* out, const BlobReference& reference) {
  AppendLengthPrefixed(out, reference.prefix);
  AppendVarint(out, reference.id.number);
  AppendLittle(out, reference.id.file_id);
  AppendVarint(out, reference.id.length);
  AppendLittle(out, reference.hash.low);
  AppendLittle(out, reference.hash.high);
}

bool ParseBlobReference(std::string_view bytes, BlobReference* reference) {
  Decoder decoder(bytes);
  decoder.LengthPrefixed(&reference->prefix);
  decoder.Varint(&reference->id.number);
  decoder.Little(&reference->id.file_id);
  decoder.Varint(&reference->id.length);
  decoder.Little(&reference->hash.low);
  decoder.Little(&reference->hash.high);
  return decoder.Done() && reference->id.number != 0 && reference->id.length != 0 &&
         reference->prefix.size() == std::min<uint64_t>(reference->id.length, kBlobPrefixBytes);
}

void AppendBlobIds(std::string* out, const std::vector<BlobId>& ids) {
  AppendVarint(out, ids.size());
  uint64_t last = 0;
  for (const BlobId& id : ids) {
    AppendVarint(out, id.number - last);
    AppendLittle(out, id.file_id);
    AppendVarint(out, id.length);
    last = id.number;
  }
}

bool ReadBlobIds(Decoder* decoder, std::vector<BlobId>* ids) {
  uint64_t count = 0;
  if (!decoder->Varint(&count) || count > decoder->remaining() / kBlobIdBytesMin) return false;
  ids->resize(static_cast<size_t>(count));
  uint64_t last = 0;
  for (BlobId& id : *ids) {
    uint64_t delta = 0;
    if (!decoder->Varint(&delta) || delta == 0 || delta > std::numeric_limits<uint64_t>::max() - last ||
        !decoder->Little(&id.file_id) || !decoder->Varint(&id.length) || id.length == 0) {
      return false;
    }
    id.number = last += delta;
  }
  return true;
}

std::string_view PrefixOfBlob(std::string_view reference) {
  std::string_view prefix;
  Decoder(reference).LengthPrefixed(&prefix);
  return prefix;
}

bool BlobTieIsGreater(const Cell& a, const Cell& b) { return TieKey(a) > TieKey(b); }

}  // namespace stoa
