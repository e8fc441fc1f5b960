#include "io/files.h"

#include <charconv>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"

namespace stoa {
namespace {

/// A call that is interrupted, or takes nothing, this many times in a row is given up: whatever sends the
/// signals must not be able to hold the caller for ever.
constexpr int kIdleTriesMax = 1000;

constexpr size_t kNameDigitsMin = 6;

constexpr size_t kWriteBufferBytes = 256 << 10;

/// What a call that moved nothing means: the end of the file, or nothing at all.
enum class AtZero { kStop, kTryAgain };

/// Repeats `call(done)`, which moves some of the bytes that follow the first `done` and returns how many,
/// until all `size` are moved. Returns how many were, which is less only when it stopped at zero.
template <typename Call>
absl::StatusOr<size_t> Repeat(size_t size, AtZero at_zero, Call call) {
  size_t done = 0;
  int idle_tries = 0;
  while (done < size) {
    absl::StatusOr<size_t> moved = call(done);
    if (!moved.ok() && !absl::IsAborted(moved.status())) return moved.status();
    if (moved.ok() && *moved > 0) {
      done += *moved;
      idle_tries = 0;
      continue;
    }
    if (moved.ok() && at_zero == AtZero::kStop) break;
    if (++idle_tries == kIdleTriesMax) {
      return absl::UnavailableError(StrCat("no progress in ", kIdleTriesMax, " calls: ",
                                           moved.ok() ? "nothing written" : moved.status().message()));
    }
  }
  return done;
}

/// Creates `name`, removing what a crash or an error may have left there.
absl::StatusOr<std::unique_ptr<WritableFile>> CreateTemporary(Directory& directory, std::string_view name,
                                                              IoTag tag) {
  auto file = directory.Create(name, tag);
  if (!absl::IsAlreadyExists(file.status())) return file;
  STOA_RETURN_IF_ERROR(directory.Unlink(name, tag));
  return directory.Create(name, tag);
}

/// The steps of AtomicReplace up to the rename.
absl::Status WriteDurably(Directory& directory, std::string_view name, std::string_view bytes, IoTag tag) {
  STOA_ASSIGN_OR_RETURN(auto file, CreateTemporary(directory, name, tag));
  STOA_RETURN_IF_ERROR(AppendAll(*file, bytes));
  STOA_RETURN_IF_ERROR(file->Sync());
  STOA_RETURN_IF_ERROR(file->Close());
  return directory.Sync();
}

}  // namespace

absl::Status AppendAll(WritableFile& file, std::string_view bytes) {
  return Repeat(bytes.size(), AtZero::kTryAgain, [&](size_t done) { return file.Append(bytes.substr(done)); })
      .status();
}

absl::Status PreallocateAll(WritableFile& file, uint64_t size) {
  return Repeat(1, AtZero::kStop,
                [&](size_t) -> absl::StatusOr<size_t> {
                  STOA_RETURN_IF_ERROR(file.Preallocate(size));
                  return 1;
                })
      .status();
}

absl::Status ReadExactly(const ReadableFile& file, std::string_view file_name, uint64_t offset, size_t size,
                         char* to) {
  STOA_ASSIGN_OR_RETURN(const size_t done, Repeat(size, AtZero::kStop, [&](size_t done_before) {
                          return file.Read(offset + done_before, size - done_before, to + done_before);
                        }));
  if (done == size) return absl::OkStatus();
  return Corruption(file_name, offset + done, "the file ends here, ", size - done, " bytes too early");
}

absl::StatusOr<std::string> ReadWholeFile(Directory& directory, std::string_view name, IoTag tag,
                                          uint64_t bytes_max) {
  STOA_ASSIGN_OR_RETURN(auto file, directory.OpenRead(name, tag));
  STOA_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > bytes_max) {
    return ResourceExhausted(directory.path(), "/", name, " has ", size, " bytes, at most ", bytes_max,
                             " are allowed");
  }
  std::string bytes(static_cast<size_t>(size), '\0');
  STOA_RETURN_IF_ERROR(ReadExactly(*file, name, 0, bytes.size(), bytes.data()));
  return bytes;
}

absl::Status AtomicReplace(Directory& directory, std::string_view name, std::string_view bytes, IoTag tag) {
  const std::string temporary_name = StrCat(name, kTemporarySuffix);
  absl::Status status = WriteDurably(directory, temporary_name, bytes, tag);
  if (status.ok()) status = directory.Rename(temporary_name, name, tag);
  if (!status.ok()) {
    // The first error is the one to report; what cannot be removed now is removed by recovery.
    directory.Unlink(temporary_name, tag).IgnoreError();
    return status;
  }
  return directory.Sync();
}

absl::StatusOr<std::unique_ptr<DurableFileWriter>> DurableFileWriter::Create(Directory& directory,
                                                                             std::string_view name,
                                                                             IoTag tag) {
  std::unique_ptr<DurableFileWriter> writer(new DurableFileWriter(directory, name, tag));
  STOA_ASSIGN_OR_RETURN(writer->file_, CreateTemporary(directory, writer->temporary_name_, tag));
  return writer;
}

DurableFileWriter::DurableFileWriter(Directory& directory, std::string_view name, IoTag tag)
    : directory_(directory), name_(name), temporary_name_(StrCat(name, kTemporarySuffix)), tag_(tag) {}

DurableFileWriter::~DurableFileWriter() {
  if (file_ == nullptr) return;
  file_.reset();
  directory_.Unlink(temporary_name_, tag_).IgnoreError();
}

absl::Status DurableFileWriter::Append(std::string_view bytes) {
  offset_ += bytes.size();
  if (buffer_.size() + bytes.size() > kWriteBufferBytes) {
    STOA_RETURN_IF_ERROR(Flush());
    if (bytes.size() > kWriteBufferBytes) return AppendAll(*file_, bytes);
  }
  buffer_.append(bytes);
  return absl::OkStatus();
}

absl::Status DurableFileWriter::Flush() {
  absl::Status status = AppendAll(*file_, buffer_);
  buffer_.clear();
  return status;
}

absl::Status DurableFileWriter::Finish() {
  STOA_RETURN_IF_ERROR(Flush());
  STOA_RETURN_IF_ERROR(file_->Sync());
  STOA_RETURN_IF_ERROR(file_->Close());
  STOA_RETURN_IF_ERROR(directory_.Rename(temporary_name_, name_, tag_));
  file_.reset();
  return absl::OkStatus();
}

std::string NumberedFileName(uint64_t number, std::string_view suffix) {
  const std::string digits = StrCat(number);
  const size_t zeros = digits.size() < kNameDigitsMin ? kNameDigitsMin - digits.size() : 0;
  return StrCat(std::string(zeros, '0'), digits, suffix);
}

uint64_t ParseNumberedFileName(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return 0;
  const std::string_view digits = name.substr(0, name.size() - suffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return 0;
  return NumberedFileName(number, suffix) == name ? number : 0;
}

}  // namespace stoa
