#include "engine/manifest.h"

#include <memory>
#include <string>

#include "base/strings.h"
#include "io/sim_file_system.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

/// A manifest with a few edits in a simulated directory "db".
class ManifestFiles {
 public:
  ManifestFiles() {
    REQUIRE_OK(files_.CreateDirectory("db"));
    directory_ = ValueOf(files_.OpenDirectory("db"));
  }
  SimFileSystem& files() { return files_; }
  Directory& directory() { return *directory_; }

  /// Writes manifest 7 with `edits` edits after the first record.
  DatabaseState Write(int edits) {
    DatabaseState state;
    state.database_id = 42;
    auto writer = ValueOf(ManifestWriter::Create(*directory_, 7, state));
    for (int i = 1; i <= edits; ++i) {
      VersionEdit edit;
      edit.next_file_number = static_cast<uint64_t>(100 + i);
      edit.last_timestamp = -i;
      REQUIRE_OK(writer->Append(edit));
      REQUIRE_OK(state.Apply(edit));
    }
    REQUIRE_OK(writer->Close());
    return state;
  }

 private:
  SimFileSystem files_;
  std::unique_ptr<Directory> directory_;
};

}  // namespace

// Goal: what was appended is read back. Method: write, read, compare the state.
TEST_CASE("manifest round trip") {
  ManifestFiles files;
  const DatabaseState written = files.Write(5);
  const ManifestContent read = ValueOf(ReadManifest(files.directory()));
  REQUIRE(read.number == 7);
  REQUIRE(read.cut_bytes == 0);
  REQUIRE(read.state.database_id == 42);
  REQUIRE(read.state.next_file_number == written.next_file_number);
}

// Goal: a directory without CURRENT is told apart from one with a damaged database. Method: both.
TEST_CASE("manifest that is missing") {
  ManifestFiles files;
  REQUIRE(ReadManifest(files.directory()).status().code() == absl::StatusCode::kNotFound);
  files.Write(1);
  REQUIRE_OK(files.files().RemoveFile("db/MANIFEST-0000000007"));
  const absl::Status status = ReadManifest(files.directory()).status();
  REQUIRE(status.code() == absl::StatusCode::kDataLoss);
  REQUIRE(FromAbsl(status.message()).find("MANIFEST-0000000007") != std::string_view::npos);
}

// Goal: a manifest cut anywhere gives the edits before the cut, or says that it is damaged; never others.
// Method: every length.
TEST_CASE("manifest cut at every length") {
  ManifestFiles files;
  files.Write(4);
  const std::string content = ValueOf(files.files().ReadFile("db/MANIFEST-0000000007"));
  uint64_t last_number = 0;
  for (size_t length = 0; length < content.size(); ++length) {
    const absl::StatusOr<ManifestContent> read =
        DecodeManifest("MANIFEST-0000000007", std::string_view(content).substr(0, length));
    if (!read.ok()) {
      REQUIRE(read.status().code() == absl::StatusCode::kDataLoss);
      REQUIRE(last_number == 0);  // only the first record must be whole
      continue;
    }
    REQUIRE(read->state.next_file_number >= last_number);
    REQUIRE(read->state.next_file_number <= 104);
    last_number = read->state.next_file_number;
  }
  REQUIRE(last_number == 103);
}

// Goal: a changed byte is reported with file and offset, or costs at most the last edit, and that is reported
// too. Method: every byte of the file in three ways.
TEST_CASE("manifest with every byte changed") {
  ManifestFiles files;
  files.Write(3);
  const std::string content = ValueOf(files.files().ReadFile("db/MANIFEST-0000000007"));
  size_t cut = 0;
  for (size_t at = 0; at < content.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string damaged = content;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      const absl::StatusOr<ManifestContent> read = DecodeManifest("MANIFEST-0000000007", damaged);
      if (read.ok()) {
        REQUIRE(read->cut_bytes > 0);
        REQUIRE(read->state.next_file_number == 102);  // all but the last
        ++cut;
      } else if (read.status().code() != absl::StatusCode::kUnimplemented) {
        REQUIRE(read.status().code() == absl::StatusCode::kDataLoss);
        REQUIRE(FromAbsl(read.status().message()).find("offset") != std::string_view::npos);
      }
    }
  }
  REQUIRE(cut > 0);
}

// Goal: CURRENT is damaged or whole, nothing between. Method: every byte changed.
TEST_CASE("CURRENT with every byte changed") {
  ManifestFiles files;
  files.Write(1);
  const std::string content = ValueOf(files.files().ReadFile("db/CURRENT"));
  for (size_t at = 0; at < content.size(); ++at) {
    std::string damaged = content;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x04);
    REQUIRE_OK(files.files().WriteFile("db/CURRENT", damaged));
    REQUIRE(ReadManifest(files.directory()).status().code() == absl::StatusCode::kDataLoss);
  }
}

// Goal: a failed append or sync is final. Method: the sync of an edit fails once; the next append is refused,
// and nothing is synced again.
TEST_CASE("manifest after a failed sync") {
  ManifestFiles files;
  DatabaseState state;
  auto writer = ValueOf(ManifestWriter::Create(files.directory(), 1, state));
  files.files().FailCall(files.files().calls() + 1, absl::UnavailableError("EIO"), FaultSpan::kOnce);
  VersionEdit edit;
  edit.next_file_number = 9;
  REQUIRE(!writer->Append(edit).ok());
  const uint64_t calls = files.files().calls();
  REQUIRE(!writer->Append(edit).ok());
  REQUIRE(files.files().calls() == calls);
}

// Goal: an edit survives encoding, and one that does not fit is refused by name. Method: round trip; unknown
// fields, tables, files.
TEST_CASE("version edits") {
  VersionEdit edit;
  edit.database_id = 5;
  edit.last_timestamp = -7;
  edit.closed_at_sequence = 9;
  edit.dropped_tables = {3};
  edit.flushed = {{4, 11}};
  edit.removed_files = {{4, 12}};
  std::string bytes;
  edit.Encode(&bytes);
  const VersionEdit decoded = ValueOf(VersionEdit::Decode(bytes));
  std::string again;
  decoded.Encode(&again);
  REQUIRE(bytes == again);
  REQUIRE(decoded.last_timestamp == -7);

  REQUIRE(VersionEdit::Decode(std::string("\x63\x01\x00", 3)).status().code() ==
          absl::StatusCode::kUnimplemented);
  for (size_t length = 1; length < bytes.size(); ++length) {
    (void)VersionEdit::Decode(std::string_view(bytes).substr(0, length));  // must not crash
  }
  DatabaseState state;
  REQUIRE(!state.Apply(decoded).ok());
}

}  // namespace stoa
