// The large values of a batch, written ahead of it.
#pragma once

#include <string>
#include <vector>

#include <absl/status/status.h>

#include "engine/commit_pipeline.h"
#include "engine/store.h"

namespace stoa {

/// A batch whose values of more than a certain size are in blobs.
struct BatchWithBlobs {
  std::string mutations;
  std::vector<BlobHold> blobs;
};

/// Writes the values of more than `inline_bytes_max` bytes in `mutations` to blobs, durable with their
/// directory entries when this returns OK: before any log record can name them, whatever the durability of
/// the commit. On an error nothing has happened: files that were written are released. ResourceExhausted when
/// the disk is full, FailedPrecondition when the database is read-only, other errors naming the file.
absl::Status MoveLargeValuesToBlobs(Store& store, std::string_view mutations, size_t inline_bytes_max,
                                    BatchWithBlobs* batch);

}  // namespace stoa
