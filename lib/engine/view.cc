#include "engine/view.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace stoa {

void TableView::SortSSTables() {
  std::sort(sstables.begin(), sstables.end(), [](const auto& a, const auto& b) {
    const int64_t a_time = a->bounds().times.max_timestamp;
    const int64_t b_time = b->bounds().times.max_timestamp;
    return a_time != b_time ? a_time > b_time : a->metadata().number > b->metadata().number;
  });
}

const TableView* View::FindByName(std::string_view name) const {
  for (const auto& [id, table] : tables_) {
    if (table->schema->name() == name) return table.get();
  }
  return nullptr;
}

void View::LimitTo(uint64_t sequence) const {
  STOA_DCHECK(limit_sequence() >= sequence);
  limit_sequence_.store(sequence, std::memory_order_release);
}

ViewHolder::~ViewHolder() {
#ifndef NDEBUG
  for (const Slot& slot : slots_) STOA_DCHECK(slot.view.load() == nullptr);
#endif
}

ViewHolder::Pin ViewHolder::Acquire() const {
  // Threads have stacks of their own: the address of a local spreads them over the slots without thread-local
  // state.
  char here = 0;
  const size_t start = (reinterpret_cast<uintptr_t>(&here) >> 12) * 0x9e3779b97f4a7c15ULL >> 58;
  static_assert(kSlots == 64);
  for (size_t i = 0; i < kSlots; ++i) {
    std::atomic<const void*>& slot = slots_[(start + i) % kSlots].view;
    const View* view = current_.load(std::memory_order_acquire);
    const void* expected = nullptr;
    if (!slot.compare_exchange_strong(expected, view, std::memory_order_seq_cst)) continue;
    // Announced; but if the view was replaced in between, the announcement may have come too late to be seen.
    for (;;) {
      const View* now = current_.load(std::memory_order_seq_cst);
      if (now == view) return Pin(view, &slot, nullptr);
      view = now;
      slot.store(view, std::memory_order_seq_cst);
    }
  }
  std::shared_ptr<const View> owner = Get();
  const View* view = owner.get();
  return Pin(view, nullptr, std::move(owner));
}

std::shared_ptr<const View> ViewHolder::Get() const {
  MutexLock lock(&mutex_);
  return current_owner_;
}

void ViewHolder::Publish(std::shared_ptr<const View> view) {
  {
    MutexLock lock(&mutex_);
    current_.store(view.get(), std::memory_order_seq_cst);
    std::swap(current_owner_, view);
    if (view != nullptr) retired_.push_back(std::move(view));
  }
  Reclaim();
}

void ViewHolder::Reclaim() {
  std::vector<std::shared_ptr<const View>> released;  // destroyed after the lock is let go
  MutexLock lock(&mutex_);
  std::swap(released, retired_);
  for (std::shared_ptr<const View>& old : released) {
    const bool pinned = std::any_of(slots_.begin(), slots_.end(), [&](const Slot& slot) {
      return slot.view.load(std::memory_order_seq_cst) == old.get();
    });
    if (pinned) retired_.push_back(std::move(old));
  }
}

}  // namespace stoa
