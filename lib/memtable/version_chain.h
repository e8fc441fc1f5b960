// The versions of a value, each valid from one sequence on.
#pragma once

#include <atomic>
#include <cstdint>
#include <new>
#include <type_traits>

#include "base/arena.h"

namespace stoa {

/// One writer at a time; readers without locks, while it writes. T is small and trivially destructible; what
/// it points to must be immutable.
///
/// Versions are linked newest first. Each also points to one far below (the skew-binary jump pointers of
/// Myers), so that a reader who holds on to an old sequence finds its version among n in O(log n).
template <typename T>
class VersionChain {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  /// The value as of `max_sequence`; T() if there was none yet.
  T At(uint64_t max_sequence) const {
    const Version* version = newest_.load(std::memory_order_acquire);
    while (version != nullptr && version->sequence > max_sequence) {
      const Version* jump = version->jump;
      version = jump->sequence > max_sequence && jump != version ? jump : version->next;
    }
    return version == nullptr ? T() : version->value;
  }

  bool empty() const { return newest_.load(std::memory_order_acquire) == nullptr; }

  /// From `sequence` on the value is `change` of what it was. Commits are applied side by side, so this one
  /// may come after one with a greater sequence, which then is changed as well: `change` must commute. There
  /// are few such commits (those in flight), and each is made again.
  template <typename Change>
  void Update(uint64_t sequence, Arena* arena, const Change& change) {
    newest_.store(Updated(newest_.load(std::memory_order_relaxed), sequence, arena, change),
                  std::memory_order_release);
  }

 private:
  struct Version {
    uint64_t sequence;
    T value;
    const Version* next;
    const Version* jump;  // at or below next; of the oldest itself
    uint64_t depth;       // versions below
  };

  template <typename Change>
  static const Version* Updated(const Version* newest, uint64_t sequence, Arena* arena,
                                const Change& change) {
    if (newest == nullptr) return Push(nullptr, sequence, change(T()), arena);
    if (newest->sequence < sequence) return Push(newest, sequence, change(newest->value), arena);
    const Version* below = newest->next;
    if (newest->sequence > sequence) below = Updated(below, sequence, arena, change);
    return Push(below, newest->sequence, change(newest->value), arena);
  }

  static const Version* Push(const Version* next, uint64_t sequence, const T& value, Arena* arena) {
    auto* version = new (arena->Allocate(sizeof(Version))) Version{sequence, value, next, nullptr, 0};
    if (next == nullptr) {
      version->jump = version;
      return version;
    }
    const Version* jump = next->jump;
    const bool equal_strides = next->depth - jump->depth == jump->depth - jump->jump->depth;
    version->jump = equal_strides ? jump->jump : next;
    version->depth = next->depth + 1;
    return version;
  }

  std::atomic<const Version*> newest_{nullptr};
};

}  // namespace stoa
