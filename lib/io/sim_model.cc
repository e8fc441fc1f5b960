#include "io/sim_model.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace stoa::sim {

Content::Content(std::string content) : bytes(std::move(content)), hash(Hash64(bytes)) {}

File::File(ContentPtr content)
    : growing_(false), content_(std::move(content)), durable_size_(content_->bytes.size()) {}

std::shared_ptr<File> File::Clone() {
  ContentPtr copied = content();
  if (mapped_ && mapped_size_ > bytes().size()) {
    std::string with_zeros(bytes());
    with_zeros.resize(mapped_size_);
    copied = std::make_shared<const Content>(std::move(with_zeros));
  }
  auto copy = std::make_shared<File>(std::move(copied));
  copy->unsynced_ = unsynced_;
  copy->durable_size_ = durable_size_;
  copy->reserved_ = reserved_;
  copy->bad_ranges = bad_ranges;
  return copy;
}

ContentPtr File::content() {
  // The file only grows, so a snapshot of the same size is a snapshot of the same bytes.
  if (content_ == nullptr || content_->bytes.size() != bytes().size()) {
    content_ = std::make_shared<const Content>(std::string(bytes()));
  }
  return content_;
}

void File::Append(std::string_view bytes, uint64_t event) {
  STOA_DCHECK(growing_);
  if (bytes.empty()) return;
  const uint64_t begin = written_.size();
  written_.append(bytes);
  unsynced_.push_back({event, begin, written_.size(), false});
}

void File::Sync() {
  durable_size_ = bytes().size();
  std::erase_if(unsynced_, [](const Extent& extent) { return !extent.lost; });
}

void File::FailSync() {
  for (Extent& extent : unsynced_) extent.lost = true;
}

void File::StopGrowing() {
  if (!growing_) return;
  if (content_ == nullptr || content_->bytes.size() != written_.size()) {
    content_ = std::make_shared<const Content>(std::move(written_));
  }
  written_ = std::string();
  growing_ = false;
}

void File::Replace(std::string bytes) {
  durable_size_ = bytes.size();
  unsynced_.clear();
  if (growing_) {
    written_ = std::move(bytes);
    content_ = nullptr;
  } else {
    content_ = std::make_shared<const Content>(std::move(bytes));
  }
}

namespace {

Node CloneNode(const Node& node, Copies* copies) {
  if (!node) return {};
  const void* key = node.file != nullptr ? static_cast<const void*>(node.file.get()) : node.directory.get();
  if (const auto found = copies->find(key); found != copies->end()) return found->second;
  Node copy;
  if (node.file != nullptr) copy.file = node.file->Clone();
  if (node.directory != nullptr) copy.directory = node.directory->Clone(copies);
  copies->emplace(key, copy);
  return copy;
}

}  // namespace

std::shared_ptr<Directory> Directory::Clone(Copies* copies) const {
  auto copy = std::make_shared<Directory>();
  for (const auto& [name, node] : visible_) copy->visible_.emplace(name, CloneNode(node, copies));
  for (const auto& [name, node] : durable_) copy->durable_.emplace(name, CloneNode(node, copies));
  copy->unsynced_ = unsynced_;
  for (EntryChange& change : copy->unsynced_) change.node = CloneNode(change.node, copies);
  return copy;
}

Node Directory::Find(std::string_view name) const {
  const auto found = visible_.find(name);
  return found == visible_.end() ? Node{} : found->second;
}

void Directory::Set(std::string_view name, Node node, uint64_t event, EntryChange::Needs needs) {
  Change({event, EntryChange::Kind::kSet, needs, EntryChange::State::kPending, std::string(name),
          std::move(node)});
}

void Directory::Remove(std::string_view name, uint64_t event, EntryChange::Needs needs) {
  Change({event, EntryChange::Kind::kRemove, needs, EntryChange::State::kPending, std::string(name), {}});
}

void Directory::SetDurably(std::string_view name, Node node) {
  Change({0, EntryChange::Kind::kSet, EntryChange::Needs::kNothing, EntryChange::State::kDurable,
          std::string(name), std::move(node)});
}

void Directory::RemoveDurably(std::string_view name) {
  Change({0,
          EntryChange::Kind::kRemove,
          EntryChange::Needs::kNothing,
          EntryChange::State::kDurable,
          std::string(name),
          {}});
}

void Directory::Change(EntryChange change) {
  Apply(change, &visible_);
  if (change.state == EntryChange::State::kDurable && unsynced_.empty()) {
    Apply(change, &durable_);
  } else {
    unsynced_.push_back(std::move(change));
  }
}

void Directory::Sync() {
  bool after_lost = false;
  std::vector<EntryChange> kept;
  for (EntryChange& change : unsynced_) {
    after_lost |= change.state == EntryChange::State::kLost;
    if (after_lost) {
      if (change.state == EntryChange::State::kPending) change.state = EntryChange::State::kDurable;
      kept.push_back(std::move(change));
    } else {
      Apply(change, &durable_);
    }
  }
  unsynced_ = std::move(kept);
}

void Directory::FailSync() {
  for (EntryChange& change : unsynced_) {
    if (change.state == EntryChange::State::kPending) change.state = EntryChange::State::kLost;
  }
}

void Directory::Apply(const EntryChange& change, Entries* entries) {
  if (change.kind == EntryChange::Kind::kSet) {
    entries->insert_or_assign(change.name, change.node);
  } else {
    entries->erase(change.name);
  }
}

}  // namespace stoa::sim
