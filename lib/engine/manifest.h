// The manifest: the log of version edits, and CURRENT, which names it. FORMAT.md describes every byte.
//
// Every opening starts a new manifest with the whole state as its first record, and only then points CURRENT
// at it: so whatever recovery did becomes the state in one step, or did not happen.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "engine/version_edit.h"
#include "io/file_system.h"

namespace stoa {

inline constexpr std::string_view kCurrentName = "CURRENT";
/// A larger one is damaged.
inline constexpr uint64_t kManifestBytesMax = uint64_t{1} << 30;

std::string ManifestName(uint64_t number);
/// The number of a manifest's name, or 0 if it is not one.
uint64_t ParseManifestName(std::string_view name);

/// Appends edits. Not thread-safe. Space for an edit is reserved before it is written, so a full disk is no
/// error of the manifest: the call returns ResourceExhausted, and may be repeated. (On a file system that
/// cannot reserve space it is one.) After any other error every later call returns that error.
class ManifestWriter {
 public:
  /// Writes manifest `number` with `state` as its first record and makes CURRENT name it. When this returns
  /// OK the state is durable.
  static absl::StatusOr<std::unique_ptr<ManifestWriter>> Create(Directory& directory, uint64_t number,
                                                                const DatabaseState& state);
  /// Appends and syncs: the edit is durable when this returns OK.
  absl::Status Append(const VersionEdit& edit);
  /// Reserves space for `edit`, and for some more by others: it can be appended for certain.
  /// ResourceExhausted as Append.
  absl::Status MakeRoom(const VersionEdit& edit);
  absl::Status Close();

  uint64_t number() const { return number_; }
  uint64_t bytes() const { return offset_; }
  /// The error that ended the manifest, OK while there is none.
  const absl::Status& status() const { return status_; }

 private:
  ManifestWriter(uint64_t number, std::unique_ptr<WritableFile> file);
  absl::Status Reserve(uint64_t bytes);
  absl::Status Write(std::string* record);

  const uint64_t number_;
  std::unique_ptr<WritableFile> file_;
  uint64_t offset_ = 0;
  uint64_t reserved_bytes_ = 0;  ///< of the file, from its beginning
  uint64_t chain_ = 0;
  absl::Status status_;
};

struct ManifestContent {
  uint64_t number = 0;
  DatabaseState state;
  /// Bytes of an edit at the end that was never acknowledged.
  uint64_t cut_bytes = 0;
};

/// Reads CURRENT and the manifest it names. NotFound when there is no CURRENT: no database. DataLoss naming
/// file and offset when either is damaged.
absl::StatusOr<ManifestContent> ReadManifest(Directory& directory);

/// Decodes the content of manifest `name`; pure.
absl::StatusOr<ManifestContent> DecodeManifest(std::string_view name, std::string_view content);

}  // namespace stoa
