// What the engine does with files, in terms of the calls of FileSystem: complete reads and writes, and the
// two ways to make a file appear. Nothing else in the engine renames or creates files.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "io/file_system.h"

namespace stoa {

/// Appends all of `bytes`, however many calls that takes. After an error any part of them may be in the file.
absl::Status AppendAll(WritableFile& file, std::string_view bytes);

/// WritableFile::Preallocate, repeated while it is interrupted.
absl::Status PreallocateAll(WritableFile& file, uint64_t size);

/// Fills `to` with exactly `size` bytes; DataLoss when the file ends before, naming `file_name`.
absl::Status ReadExactly(const ReadableFile& file, std::string_view file_name, uint64_t offset, size_t size,
                         char* to);

/// The whole file; ResourceExhausted when it is larger than `bytes_max`.
absl::StatusOr<std::string> ReadWholeFile(Directory& directory, std::string_view name, IoTag tag,
                                          uint64_t bytes_max);

/// Replaces the content of `name` such that after a crash it holds either the old or the new bytes: writes a
/// temporary file, syncs it, syncs the directory (so that whatever the content refers to is durable
/// first), renames it into place and syncs the directory again. After an error either may be there.
absl::Status AtomicReplace(Directory& directory, std::string_view name, std::string_view bytes, IoTag tag);

/// A file that appears under its name only once it is complete and durable. Writes go to "<name>.tmp" through
/// a buffer; Finish syncs, closes, renames. The caller syncs the directory, so that several files can
/// share one directory sync. Destroyed without a successful Finish, the temporary file is removed. An error
/// of Append or Finish is final. `directory` outlives the writer. Not thread-safe.
class DurableFileWriter {
 public:
  /// A temporary file left over under the same name is replaced. AlreadyExists is not checked for: the file
  /// takes the place of one that has the name.
  static absl::StatusOr<std::unique_ptr<DurableFileWriter>> Create(Directory& directory,
                                                                   std::string_view name, IoTag tag);
  ~DurableFileWriter();

  absl::Status Append(std::string_view bytes);
  /// Bytes appended so far.
  uint64_t offset() const { return offset_; }
  absl::Status Finish();

 private:
  DurableFileWriter(Directory& directory, std::string_view name, IoTag tag);
  absl::Status Flush();

  Directory& directory_;
  const std::string name_;
  const std::string temporary_name_;
  const IoTag tag_;
  std::unique_ptr<WritableFile> file_;
  std::string buffer_;
  uint64_t offset_ = 0;
};

/// "<number><suffix>", the number in at least six digits: how files that are never changed are named.
std::string NumberedFileName(uint64_t number, std::string_view suffix);
/// The number of such a name, or 0 if it is not one.
uint64_t ParseNumberedFileName(std::string_view name, std::string_view suffix);

/// The suffix of temporary files; recovery removes files that carry it.
inline constexpr std::string_view kTemporarySuffix = ".tmp";

}  // namespace stoa
