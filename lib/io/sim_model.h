// The state of the simulated file system: what programs see, and what of it a power loss would leave.
//
// Both files and directories keep three things: what is visible, what is durable, and an ordered list of the
// events that lead from the one to the other. An event is one append, or one change of a directory entry;
// events are numbered in the order of the calls, over all files and directories. Sync makes the events of one
// file or one directory durable. A *failed* sync leaves them visible and marks them lost: as on Linux, where
// the pages are then clean although they were not written, no later sync makes them durable, but they may
// have got to the disk nevertheless. A crash keeps any selection of the events that are not durable;
// sim_crash_image.h says which.
//
// Nothing here locks or counts calls: that is the job of sim_file_system.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>

namespace stoa::sim {

/// The bytes of a file that nobody appends to; shared between all images that hold them.
struct Content {
  explicit Content(std::string content);

  const std::string bytes;
  const uint64_t hash;
};
using ContentPtr = std::shared_ptr<const Content>;

/// An append that is not known to be durable.
struct Extent {
  uint64_t event;
  uint64_t begin;
  uint64_t end;
  bool lost;
};

class File {
 public:
  File() = default;
  /// A file whose bytes are durable.
  explicit File(ContentPtr content);
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  /// The same state, in another file system.
  std::shared_ptr<File> Clone();

  std::string_view bytes() const { return growing_ ? std::string_view(written_) : content_->bytes; }
  /// A snapshot of bytes(); costs a copy only if the file grew since the last one.
  ContentPtr content();
  /// Extents in ascending order of event and offset.
  const std::vector<Extent>& unsynced() const { return unsynced_; }
  /// A crash leaves at least this size.
  uint64_t durable_size() const { return durable_size_; }
  /// Disk space taken.
  uint64_t allocated() const { return std::max<uint64_t>(reserved_, bytes().size()); }

  void Append(std::string_view bytes, uint64_t event);
  void Reserve(uint64_t size) { reserved_ = std::max(reserved_, size); }
  /// The file has `size` bytes, which read as zero where nothing is appended. What programs see of it is only
  /// what is appended: nobody reads a file that is mapped.
  void Map(uint64_t size) { mapped_size_ = reserved_ = size; }
  /// Cuts it, if it is mapped, behind what is appended. A crash may undo that.
  void Unmap() {
    if (mapped_size_ == 0) return;
    mapped_ = false;
    reserved_ = 0;
  }
  /// How large the file may be after a crash, with zeros at the end; 0: as large as it is.
  uint64_t mapped_size() const { return mapped_size_; }
  void Sync();
  void FailSync();
  /// Says that no Append will follow.
  void StopGrowing();
  /// Damages the file: from outside, and durably.
  void Replace(std::string bytes);

  /// Names and open handles: disk space is taken while either is left.
  int names = 0;
  int handles = 0;
  bool locked = false;
  /// Reads that touch [begin, end) fail.
  struct BadRange {
    uint64_t begin;
    uint64_t end;
    absl::Status status;
  };
  std::vector<BadRange> bad_ranges;

 private:
  bool growing_ = true;
  std::string written_;  // the bytes, while growing
  ContentPtr content_;   // the bytes, or a prefix of them while growing; may be null only then
  std::vector<Extent> unsynced_;
  uint64_t durable_size_ = 0;
  uint64_t reserved_ = 0;
  uint64_t mapped_size_ = 0;
  bool mapped_ = true;  // if mapped_size_ is not 0: still
};

class Directory;

/// What a name stands for: one of the two is null, both where nothing has the name.
struct Node {
  std::shared_ptr<File> file;
  std::shared_ptr<Directory> directory;

  explicit operator bool() const { return file != nullptr || directory != nullptr; }
};

/// A change of a directory entry that is not known to be durable, or that is but comes after a lost one, so
/// that the order in which they apply is kept.
struct EntryChange {
  enum class Kind : uint8_t { kSet, kRemove };
  /// A rename is two changes, of which the second, the removal of the old name, is never kept without the
  /// first.
  enum class Needs : uint8_t { kNothing, kPrevious };
  enum class State : uint8_t { kPending, kLost, kDurable };

  uint64_t event;
  Kind kind;
  Needs needs;
  State state;
  std::string name;
  Node node;  // for kSet
};

/// Maps the files and directories of one file system to their copies in another, so that what has several
/// names there has them here.
using Copies = absl::flat_hash_map<const void*, Node>;

class Directory {
 public:
  using Entries = std::map<std::string, Node, std::less<>>;

  Directory() = default;
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  /// The same state, in another file system.
  std::shared_ptr<Directory> Clone(Copies* copies) const;

  const Entries& visible() const { return visible_; }
  const Entries& durable() const { return durable_; }
  const std::vector<EntryChange>& unsynced() const { return unsynced_; }
  /// The node of the visible entry `name`, or none.
  Node Find(std::string_view name) const;

  void Set(std::string_view name, Node node, uint64_t event,
           EntryChange::Needs needs = EntryChange::Needs::kNothing);
  void Remove(std::string_view name, uint64_t event, EntryChange::Needs needs = EntryChange::Needs::kNothing);
  /// The same, durable at once.
  void SetDurably(std::string_view name, Node node);
  void RemoveDurably(std::string_view name);
  void Sync();
  void FailSync();

  static void Apply(const EntryChange& change, Entries* entries);

  /// Nobody can reach it any more but those who had it open.
  bool removed = false;

 private:
  void Change(EntryChange change);

  Entries visible_;
  Entries durable_;
  std::vector<EntryChange> unsynced_;
};

}  // namespace stoa::sim
