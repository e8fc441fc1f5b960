// An array that keeps its memory when its content is forgotten.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

namespace stoa {

/// Knows its capacity, not its size: arrays that grow together share one size kept by their owner. New
/// elements have unspecified values. Not thread-safe.
template <typename T>
class GrowingArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  /// Makes room for `size` elements, of which the first `used` have values to keep.
  void Reserve(size_t size, size_t used) {
    if (size <= capacity_) [[likely]]
      return;
    const size_t capacity = std::max({size, capacity_ * 2, kCapacityFirst});
    std::unique_ptr<T[]> grown(new T[capacity]);
    used = std::min(used, capacity_);
    if (used != 0) std::memcpy(static_cast<void*>(grown.get()), data_.get(), used * sizeof(T));
    data_ = std::move(grown);
    capacity_ = capacity;
  }

  size_t capacity() const { return capacity_; }
  T* data() { return data_.get(); }
  T& operator[](size_t i) { return data_[i]; }

 private:
  static constexpr size_t kCapacityFirst = 8;

  std::unique_ptr<T[]> data_;
  size_t capacity_ = 0;
};

}  // namespace stoa
