// Objects that cost much to make, for whoever needs one for a moment.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "io/sync.h"

namespace stoa {

/// Keeps what is given back for those who come next. Thread-safe.
template <typename T>
class IdlePool {
 public:
  /// At most `idle_max` are kept.
  explicit IdlePool(size_t idle_max) : idle_max_(idle_max) {}

  /// One that was given back, or a new one.
  std::unique_ptr<T> Take() {
    {
      MutexLock lock(&mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<T> object = std::move(idle_.back());
        idle_.pop_back();
        return object;
      }
    }
    return std::make_unique<T>();
  }

  void Give(std::unique_ptr<T> object) {
    MutexLock lock(&mutex_);
    if (idle_.size() < idle_max_) idle_.push_back(std::move(object));
  }

 private:
  const size_t idle_max_;
  Mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stoa
