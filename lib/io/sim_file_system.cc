#include "io/sim_file_system.h"

#include <cstring>
#include <utility>

#include <absl/container/flat_hash_set.h>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace stoa {

using sim::Call;
using sim::CallKind;
using sim::Node;

namespace {

absl::Status NoSuchName(std::string_view call, std::string_view path) {
  return NotFound(call, " ", path, ": no such file or directory");
}
absl::Status NameTaken(std::string_view call, std::string_view path) {
  return absl::AlreadyExistsError(StrCat(call, " ", path, ": file exists"));
}
absl::Status Refused(std::string_view call, std::string_view path, std::string_view why) {
  return absl::UnavailableError(StrCat(call, " ", path, ": ", why));
}
absl::Status DiskFull(std::string_view call, std::string_view path) {
  return ResourceExhausted(call, " ", path, ": no space left on device");
}

/// Appends the paths of all files in and below `directory`.
void AppendFiles(const sim::Directory& directory, const std::string& prefix,
                 std::vector<std::string>* paths) {
  for (const auto& [name, node] : directory.visible()) {
    if (node.file != nullptr) paths->push_back(prefix + name);
    if (node.directory != nullptr) AppendFiles(*node.directory, prefix + name + "/", paths);
  }
}

}  // namespace

class SimFileSystem::LockHandle : public FileLock {
 public:
  LockHandle(SimFileSystem& files, std::shared_ptr<sim::File> file) : files_(files), file_(std::move(file)) {}
  ~LockHandle() override {
    MutexLock lock(&files_.mutex_);
    file_->locked = false;
  }

 private:
  SimFileSystem& files_;
  const std::shared_ptr<sim::File> file_;
};

/// What the two kinds of files that are written have in common.
class SimFileSystem::WrittenFile {
 protected:
  WrittenFile(SimFileSystem& files, std::shared_ptr<sim::File> file, std::string_view name)
      : files_(files), file_(std::move(file)), name_(name) {}
  ~WrittenFile() {
    MutexLock lock(&files_.mutex_);
    if (open_) Release();
  }

  absl::Status Enter(Call call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(files_.mutex_) {
    call.name = name_;
    STOA_RETURN_IF_ERROR(files_.gate_.Enter(call));
    return open_ ? absl::OkStatus() : Refused("use", name_, "closed file");
  }

  absl::Status SyncFile() {
    MutexLock lock(&files_.mutex_);
    absl::Status status = Enter({.kind = CallKind::kSync});
    if (status.ok()) {
      file_->Sync();
    } else if (!files_.gate_.crashed()) {
      file_->FailSync();
    }
    return status;
  }

  absl::Status CloseFile() {
    MutexLock lock(&files_.mutex_);
    absl::Status status = files_.gate_.Enter({.kind = CallKind::kClose, .name = name_});
    if (status.ok()) files_.Account(*file_, [&] { file_->Unmap(); });
    if (open_) Release();
    return status;
  }

  SimFileSystem& files_;
  const std::shared_ptr<sim::File> file_;
  const std::string name_;

 private:
  void Release() ABSL_EXCLUSIVE_LOCKS_REQUIRED(files_.mutex_) {
    open_ = false;
    file_->StopGrowing();
    files_.Account(*file_, [&] { --file_->handles; });
  }

  bool open_ = true;
};

class SimFileSystem::WritableHandle : public WritableFile, private WrittenFile {
 public:
  WritableHandle(SimFileSystem& files, std::shared_ptr<sim::File> file, std::string_view name)
      : WrittenFile(files, std::move(file), name) {}

  absl::StatusOr<size_t> Append(std::string_view bytes) override {
    MutexLock lock(&files_.mutex_);
    STOA_RETURN_IF_ERROR(Enter({.kind = CallKind::kAppend, .content = bytes, .size = bytes.size()}));
    const uint64_t room = file_->allocated() - file_->bytes().size() + files_.free_bytes();
    const uint64_t taken = std::min(files_.gate_.Shorten(bytes.size()), room);
    if (taken == 0 && !bytes.empty()) return DiskFull("append", name_);
    const uint64_t event = files_.next_event_++;
    files_.Account(*file_, [&] { file_->Append(bytes.substr(0, taken), event); });
    return taken;
  }

  absl::Status Preallocate(uint64_t size) override {
    MutexLock lock(&files_.mutex_);
    STOA_RETURN_IF_ERROR(Enter({.kind = CallKind::kPreallocate, .size = size}));
    if (size > file_->allocated() + files_.free_bytes()) return DiskFull("preallocate", name_);
    files_.Account(*file_, [&] { file_->Reserve(size); });
    return absl::OkStatus();
  }

  absl::Status Sync() override { return SyncFile(); }
  absl::Status Close() override { return CloseFile(); }
};

/// What is stored in a window is copied into the file when its owner says so; until then a crash loses it.
class SimFileSystem::MappedHandle : public MappedFile, private WrittenFile {
 public:
  MappedHandle(SimFileSystem& files, std::shared_ptr<sim::File> file, std::string_view name)
      : WrittenFile(files, std::move(file), name) {}

  absl::StatusOr<char*> Map(uint64_t begin, uint64_t end) override {
    MutexLock lock(&files_.mutex_);
    STOA_RETURN_IF_ERROR(Enter({.kind = CallKind::kMap, .offset = begin, .size = end - begin}));
    STOA_DCHECK(begin == file_->bytes().size() && end <= file_->mapped_size());
    begin_ = begin;
    window_.assign(end - begin, '\0');
    return window_.data();
  }

  absl::Status Stored(uint64_t begin, uint64_t end) override {
    MutexLock lock(&files_.mutex_);
    STOA_DCHECK(begin == file_->bytes().size() && end - begin_ <= window_.size());
    const std::string_view bytes = std::string_view(window_).substr(begin - begin_, end - begin);
    STOA_RETURN_IF_ERROR(Enter({.kind = CallKind::kStore, .content = bytes, .size = bytes.size()}));
    file_->Append(bytes, files_.next_event_++);
    return absl::OkStatus();
  }

  absl::Status Sync() override { return SyncFile(); }
  absl::Status Close() override { return CloseFile(); }

 private:
  std::string window_;
  uint64_t begin_ = 0;
};

class SimFileSystem::ReadableHandle : public ReadableFile {
 public:
  ReadableHandle(SimFileSystem& files, std::shared_ptr<sim::File> file, std::string_view name)
      : files_(files), file_(std::move(file)), name_(name) {}
  ~ReadableHandle() override {
    MutexLock lock(&files_.mutex_);
    files_.Account(*file_, [&] { --file_->handles; });
  }

  absl::StatusOr<size_t> Read(uint64_t offset, size_t size, char* to) const override {
    MutexLock lock(&files_.mutex_);
    STOA_RETURN_IF_ERROR(
        files_.gate_.Enter({.kind = CallKind::kRead, .name = name_, .offset = offset, .size = size}));
    const std::string_view bytes = file_->bytes();
    if (offset >= bytes.size()) return 0;
    const size_t taken = files_.gate_.Shorten(std::min<uint64_t>(size, bytes.size() - offset));
    for (const auto& bad : file_->bad_ranges) {
      if (offset < bad.end && bad.begin < offset + taken) return bad.status;
    }
    std::memcpy(to, bytes.data() + offset, taken);
    return taken;
  }

  absl::StatusOr<uint64_t> Size() const override {
    MutexLock lock(&files_.mutex_);
    STOA_RETURN_IF_ERROR(files_.gate_.Enter({.kind = CallKind::kSize, .name = name_}));
    return file_->bytes().size();
  }

 private:
  SimFileSystem& files_;
  const std::shared_ptr<sim::File> file_;
  const std::string name_;
};

class SimFileSystem::DirectoryHandle : public Directory {
 public:
  DirectoryHandle(SimFileSystem& files, std::shared_ptr<sim::Directory> directory, const std::string& path)
      : files_(files), directory_(std::move(directory)), path_(path) {}

  const std::string& path() const override { return path_; }

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(std::string_view name, IoTag) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    MutexLock lock(&files_.mutex_);
    STOA_RETURN_IF_ERROR(files_.gate_.Enter({.kind = CallKind::kCreate, .name = name}));
    if (directory_->Find(name)) return NameTaken("create", PathOf(name));
    if (directory_->removed) return NoSuchName("create", PathOf(name));
    std::shared_ptr<sim::File> file = MakeEntry(name);
    ++file->handles;
    return std::make_unique<WritableHandle>(files_, std::move(file), name);
  }

  absl::StatusOr<std::unique_ptr<MappedFile>> CreateMapped(std::string_view name, uint64_t size,
                                                           IoTag) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    MutexLock lock(&files_.mutex_);
    if (!files_.may_map_) return absl::UnimplementedError(PathOf(name));
    STOA_RETURN_IF_ERROR(files_.gate_.Enter({.kind = CallKind::kCreate, .name = name, .size = size}));
    if (directory_->Find(name)) return NameTaken("create", PathOf(name));
    if (directory_->removed) return NoSuchName("create", PathOf(name));
    if (size > files_.free_bytes()) return DiskFull("create", PathOf(name));
    std::shared_ptr<sim::File> file = MakeEntry(name);
    ++file->handles;
    files_.Account(*file, [&] { file->Map(size); });
    return std::make_unique<MappedHandle>(files_, std::move(file), name);
  }

  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenRead(std::string_view name, IoTag) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    MutexLock lock(&files_.mutex_);
    STOA_RETURN_IF_ERROR(files_.gate_.Enter({.kind = CallKind::kOpenRead, .name = name}));
    STOA_ASSIGN_OR_RETURN(std::shared_ptr<sim::File> file, FindFile("open", name));
    ++file->handles;
    return std::make_unique<ReadableHandle>(files_, std::move(file), name);
  }

  absl::Status Rename(std::string_view from, std::string_view to, IoTag) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(from));
    STOA_RETURN_IF_ERROR(ValidateFileName(to));
    MutexLock lock(&files_.mutex_);
    STOA_RETURN_IF_ERROR(files_.gate_.Enter({.kind = CallKind::kRename, .name = from, .to = to}));
    STOA_ASSIGN_OR_RETURN(std::shared_ptr<sim::File> file, FindFile("rename", from));
    const Node replaced = directory_->Find(to);
    if (replaced.directory != nullptr) return Refused("rename", PathOf(to), "is a directory");
    if (replaced.file == file) return absl::OkStatus();  // two names of one file: POSIX leaves both
    if (replaced.file != nullptr) files_.Account(*replaced.file, [&] { --replaced.file->names; });
    directory_->Set(to, {file, nullptr}, files_.next_event_++);
    directory_->Remove(from, files_.next_event_++, sim::EntryChange::Needs::kPrevious);
    return absl::OkStatus();
  }

  absl::Status Link(std::string_view name, Directory& to, std::string_view to_name, IoTag) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    STOA_RETURN_IF_ERROR(ValidateFileName(to_name));
    auto* to_handle = dynamic_cast<DirectoryHandle*>(&to);
    if (to_handle == nullptr || &to_handle->files_ != &files_) {
      return InvalidArgument(to.path(), " is not of the same file system as ", path_);
    }
    MutexLock lock(&files_.mutex_);
    const std::string to_path = to_handle->PathOf(to_name);
    STOA_RETURN_IF_ERROR(files_.gate_.Enter({.kind = CallKind::kLink, .name = name, .to = to_path}));
    STOA_ASSIGN_OR_RETURN(std::shared_ptr<sim::File> file, FindFile("link", name));
    if (to_handle->directory_->Find(to_name)) return NameTaken("link", to_path);
    if (to_handle->directory_->removed) return NoSuchName("link", to_path);
    ++file->names;
    to_handle->directory_->Set(to_name, {file, nullptr}, files_.next_event_++);
    return absl::OkStatus();
  }

  absl::Status Unlink(std::string_view name, IoTag) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    MutexLock lock(&files_.mutex_);
    STOA_RETURN_IF_ERROR(files_.gate_.Enter({.kind = CallKind::kUnlink, .name = name}));
    STOA_ASSIGN_OR_RETURN(std::shared_ptr<sim::File> file, FindFile("unlink", name));
    files_.Account(*file, [&] { --file->names; });
    directory_->Remove(name, files_.next_event_++);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> List() override {
    MutexLock lock(&files_.mutex_);
    STOA_RETURN_IF_ERROR(files_.gate_.Enter({.kind = CallKind::kList, .name = path_}));
    std::vector<std::string> names;
    for (const auto& [name, node] : directory_->visible()) names.push_back(name);
    return names;
  }

  absl::StatusOr<uint64_t> FileSize(std::string_view name) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    MutexLock lock(&files_.mutex_);
    STOA_RETURN_IF_ERROR(files_.gate_.Enter({.kind = CallKind::kFileSize, .name = name}));
    STOA_ASSIGN_OR_RETURN(std::shared_ptr<sim::File> file, FindFile("stat", name));
    return file->bytes().size();
  }

  absl::Status Sync() override {
    MutexLock lock(&files_.mutex_);
    absl::Status status = files_.gate_.Enter({.kind = CallKind::kSyncDirectory, .name = path_});
    if (status.ok()) {
      directory_->Sync();
    } else if (!files_.gate_.crashed()) {
      directory_->FailSync();
    }
    return status;
  }

  absl::StatusOr<std::unique_ptr<FileLock>> Lock(std::string_view name) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    MutexLock lock(&files_.mutex_);
    STOA_RETURN_IF_ERROR(files_.gate_.Enter({.kind = CallKind::kLock, .name = name}));
    if (directory_->removed) return NoSuchName("lock", PathOf(name));
    std::shared_ptr<sim::File> file;
    if (directory_->Find(name)) {
      STOA_ASSIGN_OR_RETURN(file, FindFile("lock", name));
    } else {
      file = MakeEntry(name);
      file->StopGrowing();
    }
    if (file->locked) return FailedPrecondition(PathOf(name), " is locked");
    file->locked = true;
    return std::make_unique<LockHandle>(files_, std::move(file));
  }

 private:
  std::string PathOf(std::string_view name) const { return StrCat(path_, "/", name); }

  std::shared_ptr<sim::File> MakeEntry(std::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(files_.mutex_) {
    auto file = std::make_shared<sim::File>();
    ++file->names;
    directory_->Set(name, {file, nullptr}, files_.next_event_++);
    return file;
  }

  absl::StatusOr<std::shared_ptr<sim::File>> FindFile(std::string_view call, std::string_view name) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(files_.mutex_) {
    const Node node = directory_->Find(name);
    if (!node) return NoSuchName(call, PathOf(name));
    if (node.file == nullptr) return Refused(call, PathOf(name), "is a directory");
    return node.file;
  }

  SimFileSystem& files_;
  const std::shared_ptr<sim::Directory> directory_;
  const std::string path_;
};

SimFileSystem::SimFileSystem() : SimFileSystem(std::make_shared<sim::Directory>(), 0) {}
SimFileSystem::~SimFileSystem() = default;

SimFileSystem::SimFileSystem(std::shared_ptr<sim::Directory> root, uint64_t next_event)
    : root_(std::move(root)), next_event_(next_event) {
  MutexLock lock(&mutex_);
  CountNames(*root_);
}

void SimFileSystem::CountNames(const sim::Directory& directory) {
  for (const auto& [name, node] : directory.visible()) {
    if (node.directory != nullptr) CountNames(*node.directory);
    if (node.file != nullptr && node.file->names++ == 0) used_bytes_ += node.file->allocated();
  }
}

template <typename Change>
void SimFileSystem::Account(sim::File& file, Change change) {
  const auto occupied = [&] { return file.names > 0 || file.handles > 0 ? file.allocated() : 0; };
  used_bytes_ -= occupied();
  change();
  used_bytes_ += occupied();
}

Node SimFileSystem::Place::node() const {
  if (directory == nullptr) return {};
  return name.empty() ? Node{nullptr, directory} : directory->Find(name);
}

SimFileSystem::Place SimFileSystem::Resolve(std::string_view path) const {
  Place place = {root_, ""};
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (component.empty() || component == ".") continue;
    place = {place.node().directory, std::string(component)};
    if (place.directory == nullptr) break;
  }
  return place;
}

absl::StatusOr<std::unique_ptr<Directory>> SimFileSystem::OpenDirectory(const std::string& path) {
  MutexLock lock(&mutex_);
  STOA_RETURN_IF_ERROR(gate_.Enter({.kind = CallKind::kOpenDirectory, .name = path}));
  const Node node = Resolve(path).node();
  if (!node) return NoSuchName("open directory", path);
  if (node.directory == nullptr) return Refused("open directory", path, "is not a directory");
  return std::make_unique<DirectoryHandle>(*this, node.directory, path);
}

absl::Status SimFileSystem::CreateDirectory(const std::string& path) {
  MutexLock lock(&mutex_);
  STOA_RETURN_IF_ERROR(gate_.Enter({.kind = CallKind::kCreateDirectory, .name = path}));
  const Place place = Resolve(path);
  if (place.node()) return NameTaken("mkdir", path);
  if (place.directory == nullptr || place.directory->removed) return NoSuchName("mkdir", path);
  place.directory->SetDurably(place.name, {nullptr, std::make_shared<sim::Directory>()});
  return absl::OkStatus();
}

absl::Status SimFileSystem::RemoveDirectory(const std::string& path) {
  MutexLock lock(&mutex_);
  STOA_RETURN_IF_ERROR(gate_.Enter({.kind = CallKind::kRemoveDirectory, .name = path}));
  const Place place = Resolve(path);
  const Node node = place.node();
  if (!node) return NoSuchName("rmdir", path);
  if (node.directory == nullptr) return Refused("rmdir", path, "is not a directory");
  if (place.name.empty()) return Refused("rmdir", path, "is the root");
  if (!node.directory->visible().empty()) return Refused("rmdir", path, "directory not empty");
  node.directory->removed = true;
  place.directory->Remove(place.name, next_event_++);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> SimFileSystem::FreeBytes(const std::string& path) {
  MutexLock lock(&mutex_);
  STOA_RETURN_IF_ERROR(gate_.Enter({.kind = CallKind::kFreeBytes, .name = path}));
  if (!Resolve(path).node()) return NoSuchName("statvfs", path);
  return free_bytes();
}

uint64_t SimFileSystem::calls() const {
  MutexLock lock(&mutex_);
  return gate_.mutations();
}

uint64_t SimFileSystem::reads() const {
  MutexLock lock(&mutex_);
  return gate_.reads();
}

void SimFileSystem::SetCrashAt(uint64_t call) {
  MutexLock lock(&mutex_);
  gate_.SetCrashAt(call);
}

bool SimFileSystem::crashed() const {
  MutexLock lock(&mutex_);
  return gate_.crashed();
}

void SimFileSystem::FailCall(uint64_t call, absl::Status status, FaultSpan span) {
  MutexLock lock(&mutex_);
  gate_.FailMutation(call, std::move(status), span);
}

void SimFileSystem::FailRead(uint64_t read, absl::Status status, FaultSpan span) {
  MutexLock lock(&mutex_);
  gate_.FailRead(read, std::move(status), span);
}

void SimFileSystem::Disturb(uint64_t seed, uint64_t one_in) {
  MutexLock lock(&mutex_);
  gate_.Disturb(seed, one_in);
}

void SimFileSystem::ClearFaults() {
  MutexLock lock(&mutex_);
  gate_.ClearFaults();
}

void SimFileSystem::AllowMapping(bool allow) {
  MutexLock lock(&mutex_);
  may_map_ = allow;
}

void SimFileSystem::SetCapacity(uint64_t bytes) {
  MutexLock lock(&mutex_);
  capacity_bytes_ = bytes;
}

uint64_t SimFileSystem::used_bytes() const {
  MutexLock lock(&mutex_);
  return used_bytes_;
}

std::unique_ptr<SimFileSystem> SimFileSystem::CrashImage(const ImageChoice& choice) const {
  MutexLock lock(&mutex_);
  const sim::Unsynced unsynced = sim::CollectUnsynced(*root_);
  return std::unique_ptr<SimFileSystem>(new SimFileSystem(sim::BuildImage(*root_, unsynced, choice), 0));
}

std::unique_ptr<SimFileSystem> SimFileSystem::KillImage() const {
  MutexLock lock(&mutex_);
  sim::Copies copies;
  return std::unique_ptr<SimFileSystem>(new SimFileSystem(root_->Clone(&copies), next_event_));
}

std::vector<CrashState> SimFileSystem::EnumerateImages(size_t limit, uint64_t seed) const {
  MutexLock lock(&mutex_);
  const sim::Directory& root = *root_;
  const sim::Unsynced unsynced = sim::CollectUnsynced(root);
  std::vector<CrashState> states;
  absl::flat_hash_set<uint64_t> hashes;
  const auto add_if_new = [&](const ImageChoice& choice) {
    std::shared_ptr<sim::Directory> image = sim::BuildImage(root, unsynced, choice);
    if (!hashes.insert(sim::HashTree(*image)).second) return false;
    states.push_back({choice, std::unique_ptr<SimFileSystem>(new SimFileSystem(std::move(image), 0))});
    return true;
  };
  // A quarter of the images at least is drawn at random, for no rule finds every bug.
  for (const ImageChoice& choice : sim::SystematicChoices(unsynced, limit - limit / 4, seed))
    add_if_new(choice);
  constexpr int kRepeatsMax = 16;
  for (int repeats = 0; !unsynced.events.empty() && states.size() < limit && repeats < kRepeatsMax; ++seed) {
    repeats = add_if_new({.policy = ImageChoice::Policy::kRandomSubset, .seed = seed}) ? 0 : repeats + 1;
  }
  return states;
}

size_t SimFileSystem::unsynced_events() const {
  MutexLock lock(&mutex_);
  return sim::CollectUnsynced(*root_).events.size();
}

uint64_t SimFileSystem::ContentHash() const {
  MutexLock lock(&mutex_);
  return sim::HashTree(*root_);
}

absl::StatusOr<std::shared_ptr<sim::File>> SimFileSystem::FindFile(std::string_view path) const {
  std::shared_ptr<sim::File> file = Resolve(path).node().file;
  if (file == nullptr) return NoSuchName("find", path);
  return file;
}

absl::StatusOr<std::string> SimFileSystem::ReadFile(std::string_view path) const {
  MutexLock lock(&mutex_);
  STOA_ASSIGN_OR_RETURN(auto file, FindFile(path));
  return std::string(file->bytes());
}

absl::Status SimFileSystem::WriteFile(std::string_view path, std::string bytes) {
  MutexLock lock(&mutex_);
  const Place place = Resolve(path);
  if (place.directory == nullptr) return NoSuchName("write", path);
  const Node node = place.node();
  if (node.directory != nullptr) return Refused("write", path, "is a directory");
  if (node.file != nullptr) {
    Account(*node.file, [&] { node.file->Replace(std::move(bytes)); });
    return absl::OkStatus();
  }
  auto file = std::make_shared<sim::File>(std::make_shared<const sim::Content>(std::move(bytes)));
  Account(*file, [&] { ++file->names; });
  place.directory->SetDurably(place.name, {file, nullptr});
  return absl::OkStatus();
}

absl::Status SimFileSystem::FlipBit(std::string_view path, uint64_t bit) {
  MutexLock lock(&mutex_);
  STOA_ASSIGN_OR_RETURN(auto file, FindFile(path));
  std::string bytes(file->bytes());
  if (bit / 8 >= bytes.size()) return InvalidArgument(path, " has no bit ", bit);
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  file->Replace(std::move(bytes));
  return absl::OkStatus();
}

absl::Status SimFileSystem::RemoveFile(std::string_view path) {
  MutexLock lock(&mutex_);
  STOA_ASSIGN_OR_RETURN(auto file, FindFile(path));
  Account(*file, [&] { --file->names; });
  const Place place = Resolve(path);
  place.directory->RemoveDurably(place.name);
  return absl::OkStatus();
}

absl::Status SimFileSystem::FailRange(std::string_view path, uint64_t begin, uint64_t end,
                                      absl::Status status) {
  MutexLock lock(&mutex_);
  STOA_ASSIGN_OR_RETURN(auto file, FindFile(path));
  file->bad_ranges.push_back({begin, end, std::move(status)});
  return absl::OkStatus();
}

std::vector<std::string> SimFileSystem::ListFiles() const {
  MutexLock lock(&mutex_);
  std::vector<std::string> paths;
  AppendFiles(*root_, "", &paths);
  return paths;
}

uint64_t SimFileSystem::trace_hash() const {
  MutexLock lock(&mutex_);
  return gate_.trace_hash();
}

void SimFileSystem::SetTraceText(TraceText text) {
  MutexLock lock(&mutex_);
  gate_.SetTraceText(text);
}

std::vector<std::string> SimFileSystem::TakeTrace() {
  MutexLock lock(&mutex_);
  return gate_.TakeTrace();
}

}  // namespace stoa
