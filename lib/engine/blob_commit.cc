#include "engine/blob_commit.h"

#include "base/status_macros.h"
#include "data/large_values.h"

namespace stoa {

absl::Status MoveLargeValuesToBlobs(Store& store, std::string_view mutations, size_t inline_bytes_max,
                                    BatchWithBlobs* batch) {
  STOA_RETURN_IF_ERROR(store.health().Check());
  const MoveValue write = [&](TableId table, std::string_view value) -> absl::StatusOr<std::string> {
    BlobReference reference;
    STOA_ASSIGN_OR_RETURN(
        SharedBlob blob,
        store.blobs().Write(store.NewFileNumber(), store.env().ids.UniqueId(), value, &reference));
    batch->blobs.push_back(BlobHold{table, std::move(blob)});
    std::string bytes;
    AppendBlobReference(&bytes, reference);
    return bytes;
  };
  STOA_RETURN_IF_ERROR(MoveLargeValues(mutations, inline_bytes_max, write, &batch->mutations));
  return store.directory().Sync();
}

}  // namespace stoa
