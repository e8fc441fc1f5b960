#include "blob/blob_registry.h"

#include <memory>
#include <string>

#include "blob/blob_format.h"
#include "io/sim_file_system.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {

// Goal: a blob is released when its last holder goes, once, and not while it has one. Method: handles from
// writing and from opening, given back in both orders.
TEST_CASE("blobs are released by their last holder") {
  SimFileSystem files;
  REQUIRE_OK(files.CreateDirectory("d"));
  const std::unique_ptr<Directory> directory = ValueOf(files.OpenDirectory("d"));
  BlobRegistry registry(*directory);
  BlobReference reference;
  SharedBlob written = ValueOf(registry.Write(3, 33, "value", &reference));
  SharedBlob opened = ValueOf(registry.Open(reference.id));
  CHECK(written == opened);
  CHECK(registry.InUse().size() == 1);
  written.reset();
  CHECK(registry.TakeReleased().empty());
  opened.reset();
  CHECK(registry.InUse().empty());
  CHECK(registry.TakeReleased() == std::vector<uint64_t>{3});
  CHECK(registry.TakeReleased().empty());

  opened = ValueOf(registry.Open(reference.id));  // the file is still there
  opened.reset();
  opened = ValueOf(registry.Open(reference.id));
  CHECK(registry.TakeReleased().empty());  // in use again

  BlobId wrong = reference.id;
  wrong.length = 6;
  CHECK(registry.Open(wrong).status().code() == absl::StatusCode::kDataLoss);
  wrong = reference.id;
  wrong.number = 4;
  CHECK(registry.Open(wrong).status().code() == absl::StatusCode::kDataLoss);
}

// Goal: a write that fails leaves no file, and what it may have left is released. Method: a full disk.
TEST_CASE("a blob that could not be written is released") {
  SimFileSystem files;
  REQUIRE_OK(files.CreateDirectory("d"));
  const std::unique_ptr<Directory> directory = ValueOf(files.OpenDirectory("d"));
  BlobRegistry registry(*directory);
  files.SetCapacity(200);
  BlobReference reference;
  const absl::Status status = registry.Write(3, 33, std::string(1000, 'x'), &reference).status();
  CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  CHECK(registry.TakeReleased() == std::vector<uint64_t>{3});
  CHECK(ValueOf(directory->List()).empty());
}

}  // namespace stoa
