#include "blob/blob_file.h"

#include <memory>
#include <string>

#include "base/strings.h"
#include "blob/blob_format.h"
#include "io/random.h"
#include "io/sim_file_system.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

constexpr uint64_t kNumber = 12;
constexpr uint64_t kFileId = 0x1234'5678'9abc'def0;
constexpr const char* kPath = "d/000012.blob";

struct Files {
  Files() {
    REQUIRE_OK(files.CreateDirectory("d"));
    directory = ValueOf(files.OpenDirectory("d"));
  }

  /// The bytes of the reference to what is now in the file.
  std::string Write(std::string_view value) {
    std::string bytes;
    AppendBlobReference(&bytes, ValueOf(WriteBlob(*directory, kNumber, kFileId, value)));
    return bytes;
  }
  absl::StatusOr<BlobValue> Load(std::string_view reference) {
    return LoadBlob(*directory, reference, IoPurpose::kRead);
  }

  SimFileSystem files;
  std::unique_ptr<Directory> directory;
};

std::string RandomValue(size_t size) {
  Random random(size);
  std::string value;
  while (value.size() < size) value.push_back(static_cast<char>(random.Next()));
  return value;
}

bool NamesDamage(const absl::Status& status) {
  return status.code() == absl::StatusCode::kDataLoss &&
         FromAbsl(status.message()).find("000012.blob at offset") != std::string_view::npos;
}

}  // namespace

// Goal: what is written comes back. Method: sizes around those of the prefix and of chunks.
TEST_CASE("blob round trip") {
  for (const size_t size : {size_t{1}, size_t{255}, size_t{256}, size_t{257}, kBlobChunkBytes - 1,
                            kBlobChunkBytes, kBlobChunkBytes + 1, 3 * kBlobChunkBytes + 5}) {
    INFO(size);
    Files files;
    const std::string value = RandomValue(size);
    const std::string bytes = files.Write(value);
    BlobReference reference;
    REQUIRE(ParseBlobReference(bytes, &reference));
    CHECK(reference.prefix == value.substr(0, 256));
    CHECK(reference.id == BlobId{kNumber, kFileId, size});
    CHECK(ValueOf(files.directory->FileSize(BlobName(kNumber))) == BlobFileBytes(size));
    CHECK(ValueOf(files.Load(bytes)).view() == value);
    REQUIRE_OK(CheckBlob(*files.directory, reference.id));
    REQUIRE_OK(VerifyBlob(*files.directory, reference.id));
    const BlobDescription description = ValueOf(DescribeBlob(*files.directory, BlobName(kNumber)));
    CHECK(description.id == reference.id);
    CHECK(description.hash == reference.hash);
  }
}

// Goal: damage is found and located; what loading does not look at makes no difference to it, and verifying
// looks at everything. Method: every byte of a small file changed.
TEST_CASE("blob with every byte changed") {
  Files files;
  const std::string value = RandomValue(300);
  const std::string bytes = files.Write(value);
  BlobReference reference;
  REQUIRE(ParseBlobReference(bytes, &reference));
  const std::string intact = ValueOf(files.files.ReadFile(kPath));
  size_t detected = 0;
  for (size_t at = 0; at < intact.size(); ++at) {
    std::string damaged = intact;
    damaged[at] = static_cast<char>(damaged[at] ^ (at % 9 == 8 ? 0xff : 1 << (at % 9)));
    REQUIRE_OK(files.files.WriteFile(kPath, damaged));
    INFO("byte " << at);
    const absl::StatusOr<BlobValue> loaded = files.Load(bytes);
    if (loaded.ok()) {
      REQUIRE(loaded->view() == value);
    } else {
      REQUIRE(NamesDamage(loaded.status()));
      ++detected;
    }
    const absl::Status verified = VerifyBlob(*files.directory, reference.id);
    REQUIRE((NamesDamage(verified) || verified.code() == absl::StatusCode::kUnimplemented));
  }
  REQUIRE(detected == value.size() + kBlobChunkHeaderBytes);
}

// Goal: a file that is too short or too long, or gone, is noticed without reading it. Method: every length.
TEST_CASE("blob cut anywhere") {
  Files files;
  const std::string bytes = files.Write(RandomValue(300));
  BlobReference reference;
  REQUIRE(ParseBlobReference(bytes, &reference));
  const std::string intact = ValueOf(files.files.ReadFile(kPath));
  for (size_t size = 0; size <= intact.size() + 1; ++size) {
    if (size == intact.size()) continue;
    std::string cut = intact;
    cut.resize(size);
    REQUIRE_OK(files.files.WriteFile(kPath, cut));
    INFO("cut to " << size);
    REQUIRE(NamesDamage(CheckBlob(*files.directory, reference.id)));
    REQUIRE(NamesDamage(files.Load(bytes).status()));
    REQUIRE(NamesDamage(VerifyBlob(*files.directory, reference.id)));
    REQUIRE(!DescribeBlob(*files.directory, BlobName(kNumber)).ok());
  }
  REQUIRE_OK(files.directory->Unlink(BlobName(kNumber), IoTag{}));
  REQUIRE(NamesDamage(CheckBlob(*files.directory, reference.id)));
  REQUIRE(NamesDamage(files.Load(bytes).status()));
}

// Goal: what is intact but not what the reference means does not pass. Method: another file of the same size,
// a reference with another hash, chunks exchanged, a length that no file has.
TEST_CASE("blob that is not the one") {
  Files files;
  const std::string bytes = files.Write(std::string(300, 'a'));
  BlobReference reference;
  REQUIRE(ParseBlobReference(bytes, &reference));
  const auto load = [&](const BlobReference& changed) {
    std::string encoded;
    AppendBlobReference(&encoded, changed);
    return files.Load(encoded).status();
  };
  BlobReference other = reference;
  other.hash.high ^= 1;
  REQUIRE(NamesDamage(load(other)));
  other = reference;
  other.id.file_id ^= 1;
  REQUIRE(NamesDamage(load(other)));
  REQUIRE(NamesDamage(VerifyBlob(*files.directory, other.id)));
  for (const uint64_t length : {uint64_t{299}, uint64_t{1} << 40, ~uint64_t{0}}) {
    other = reference;
    other.id.length = length;
    REQUIRE(NamesDamage(load(other)));
  }

  const std::string two_chunks = files.Write(RandomValue(2 * kBlobChunkBytes));
  std::string file = ValueOf(files.files.ReadFile(kPath));
  const size_t chunk = kBlobChunkHeaderBytes + kBlobChunkBytes;
  file = file.substr(0, kFileHeaderBytes) + file.substr(kFileHeaderBytes + chunk, chunk) +
         file.substr(kFileHeaderBytes, chunk) + file.substr(kFileHeaderBytes + 2 * chunk);
  REQUIRE_OK(files.files.WriteFile(kPath, file));
  REQUIRE(NamesDamage(files.Load(two_chunks).status()));
}

// Goal: references have one encoding, and nothing else passes for one. Method: each cut, a byte more, a
// prefix that is too short.
TEST_CASE("malformed references") {
  const std::string value(300, 'v');
  std::string bytes;
  BlobReference reference{std::string_view(value).substr(0, 256), {1, 2, 300}, {3, 4}};
  AppendBlobReference(&bytes, reference);
  BlobReference parsed;
  REQUIRE(ParseBlobReference(bytes, &parsed));
  REQUIRE(PrefixOfBlob(bytes) == reference.prefix);
  for (size_t size = 0; size < bytes.size(); ++size)
    CHECK(!ParseBlobReference(bytes.substr(0, size), &parsed));
  CHECK(!ParseBlobReference(bytes + "x", &parsed));
  reference.prefix.remove_suffix(1);
  bytes.clear();
  AppendBlobReference(&bytes, reference);
  CHECK(!ParseBlobReference(bytes, &parsed));
}

}  // namespace stoa
