// Blobs: header, footer, references and lists of ids. What decodes encodes to the same bytes, so that nothing
// has two encodings; a footer speaks of the file that it is in.
#include "base/coding.h"
#include "blob/blob_format.h"
#include "data/blob_reference.h"
#include "fuzz/fuzz_target.h"

namespace {

constexpr uint64_t kFileId = 77;

void DecodeReference(std::string_view bytes) {
  stoa::BlobReference reference;
  if (!stoa::ParseBlobReference(bytes, &reference)) return;
  std::string encoded;
  stoa::AppendBlobReference(&encoded, reference);
  STOA_FUZZ_CHECK(encoded == bytes);
  STOA_FUZZ_CHECK(stoa::PrefixOfBlob(bytes) == reference.prefix);
  stoa::Cell blob;
  blob.blob = true;
  blob.bytes = bytes;
  STOA_FUZZ_CHECK(!stoa::BlobTieIsGreater(blob, blob));
}

void DecodeIds(std::string_view bytes) {
  stoa::Decoder decoder(bytes);
  std::vector<stoa::BlobId> ids;
  if (!stoa::ReadBlobIds(&decoder, &ids) || !decoder.Done()) return;
  std::string encoded;
  stoa::AppendBlobIds(&encoded, ids);
  STOA_FUZZ_CHECK(encoded == bytes);
}

/// As a reader does: the length of the file is known, the id as well.
void DecodeEnds(std::string_view bytes) {
  const auto header =
      stoa::DecodeFileHeader(stoa::kBlobFormat, bytes.substr(0, stoa::kFileHeaderBytes), "fuzzed");
  if (header.ok()) {
    STOA_FUZZ_CHECK(stoa::EncodeFileHeader(stoa::kBlobFormat, *header).substr(0, 16) == bytes.substr(0, 16));
  }
  uint64_t file_bytes = 0;
  stoa::Decoder decoder(bytes);
  if (!decoder.Little(&file_bytes) || file_bytes < stoa::kFileHeaderBytes + stoa::kBlobFooterBytes) return;
  const auto footer = stoa::DecodeBlobFooter(decoder.rest(), file_bytes, kFileId, "fuzzed");
  if (!footer.ok()) return;
  STOA_FUZZ_CHECK(stoa::BlobFileBytes(footer->length) == file_bytes);
  STOA_FUZZ_CHECK(stoa::EncodeBlobFooter(*footer, kFileId) == decoder.rest());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stoa::fuzz::Input input(data, size);
  switch (input.Byte() % 3) {
    case 0:
      DecodeReference(input.rest());
      break;
    case 1:
      DecodeIds(input.rest());
      break;
    default:
      DecodeEnds(input.rest());
  }
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::string reference(1, '\0');
  stoa::AppendBlobReference(&reference, {"value", {300, kFileId, 5}, {1, 2}});
  std::string ids(1, '\1');
  stoa::AppendBlobIds(&ids, {{3, kFileId, 70000}, {300, 1, 5}});
  std::string header = "\2" + stoa::EncodeFileHeader(stoa::kBlobFormat, kFileId);
  std::string footer(1, '\2');
  stoa::AppendLittle<uint64_t>(&footer, stoa::BlobFileBytes(70000));
  footer += stoa::EncodeBlobFooter({70000, {1, 2}}, kFileId);
  return {reference, ids, header, footer};
}
