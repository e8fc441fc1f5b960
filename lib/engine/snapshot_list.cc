#include "engine/snapshot_list.h"

#include <algorithm>
#include <utility>

namespace stoa {
namespace {

/// The view of a snapshot with SSTables in the place of `memtables`; null if none of these is in it.
std::shared_ptr<const View> Replaced(const View& view, TableId id, std::span<const SealedMemtable> memtables,
                                     const std::vector<std::shared_ptr<SSTable>>& sstables,
                                     const std::shared_ptr<Memtable>& empty) {
  const TableView* before = view.Find(id);
  if (before == nullptr) return nullptr;
  const auto is_flushed = [&](const Memtable* memtable) {
    return std::any_of(memtables.begin(), memtables.end(),
                       [&](const SealedMemtable& flushed) { return flushed.memtable.get() == memtable; });
  };
  auto table = std::make_shared<TableView>(*before);
  size_t count = std::erase_if(
      table->sealed, [&](const SealedMemtable& sealed) { return is_flushed(sealed.memtable.get()); });
  if (is_flushed(table->active.get())) {
    table->active = empty;
    ++count;
  }
  if (count == 0) return nullptr;
  table->sstables.insert(table->sstables.end(), sstables.begin(), sstables.end());
  table->SortSSTables();
  View::Tables tables = view.tables();
  tables[id] = std::move(table);
  return std::make_shared<const View>(std::move(tables));
}

}  // namespace

std::shared_ptr<const SnapshotPoint> SnapshotList::Add(std::shared_ptr<const View> view, uint64_t sequence,
                                                       int64_t now_seconds) {
  auto point = std::make_shared<SnapshotPoint>(std::move(view), sequence, now_seconds);
  MutexLock lock(&mutex_);
  std::erase_if(points_, [](const std::weak_ptr<SnapshotPoint>& old) { return old.expired(); });
  points_.push_back(point);
  return point;
}

std::vector<std::shared_ptr<SnapshotPoint>> SnapshotList::Live() const {
  std::vector<std::shared_ptr<SnapshotPoint>> live;
  MutexLock lock(&mutex_);
  for (const std::weak_ptr<SnapshotPoint>& weak : points_) {
    if (std::shared_ptr<SnapshotPoint> point = weak.lock()) live.push_back(std::move(point));
  }
  return live;
}

std::vector<uint64_t> SnapshotList::SequencesBetween(uint64_t after, uint64_t before) const {
  std::vector<uint64_t> sequences;
  for (const std::shared_ptr<SnapshotPoint>& point : Live()) {
    if (point->sequence() > after && point->sequence() < before) sequences.push_back(point->sequence());
  }
  std::sort(sequences.begin(), sequences.end());
  sequences.erase(std::unique(sequences.begin(), sequences.end()), sequences.end());
  return sequences;
}

void SnapshotList::ReplaceMemtables(TableId table, std::span<const SealedMemtable> memtables,
                                    std::span<const FlushedPart> parts,
                                    const std::shared_ptr<Memtable>& empty) {
  for (const std::shared_ptr<SnapshotPoint>& point : Live()) {
    const uint64_t sequence = point->sequence();
    std::vector<std::shared_ptr<SSTable>> sstables;
    bool inside = false;
    for (const FlushedPart& part : parts) {
      inside |= part.after < sequence && sequence < part.up_to;
      if (part.up_to <= sequence && part.sstable != nullptr) sstables.push_back(part.sstable);
    }
    if (inside) continue;
    std::shared_ptr<const View> old = point->view();  // let go of after the lock
    MutexLock lock(&point->mutex_);
    if (auto view = Replaced(*point->view_, table, memtables, sstables, empty))
      point->view_ = std::move(view);
  }
}

}  // namespace stoa
