// Accounting of memory against a limit.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace stoa {

/// A limit and what is charged against it. Thread-safe. Charging never blocks: whoever allocates asks
/// first (TryCharge) or, where memory is already committed, charges and lets the owner react (Charge).
/// At close everything must have been released: used() is then 0.
class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  uint64_t limit() const { return limit_bytes_; }
  uint64_t used() const { return used_bytes_.load(std::memory_order_relaxed); }
  bool exceeded() const { return used() > limit_bytes_; }
  /// What is used beyond the limit.
  uint64_t excess() const {
    const uint64_t used_bytes = used();
    return used_bytes > limit_bytes_ ? used_bytes - limit_bytes_ : 0;
  }

  void Charge(uint64_t bytes) { used_bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void Release(uint64_t bytes) { used_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  /// Charges `bytes` if they fit under the limit; otherwise charges nothing and returns false.
  bool TryCharge(uint64_t bytes) {
    const uint64_t before = used_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= limit_bytes_) return true;
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }

 private:
  const uint64_t limit_bytes_;
  std::atomic<uint64_t> used_bytes_{0};
};

/// A charge that is released when it goes out of scope.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  MemoryCharge(MemoryBudget* budget, uint64_t bytes) : budget_(budget), bytes_(bytes) {
    if (budget_ != nullptr) budget_->Charge(bytes_);
  }
  MemoryCharge(MemoryCharge&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MemoryCharge() {
    if (budget_ != nullptr) budget_->Release(bytes_);
  }
  /// False when nothing is charged anywhere: then Resize has no use.
  bool active() const { return budget_ != nullptr; }
  /// Changes the charge to `bytes`.
  void Resize(uint64_t bytes) {
    if (budget_ != nullptr) {
      if (bytes > bytes_) budget_->Charge(bytes - bytes_);
      if (bytes < bytes_) budget_->Release(bytes_ - bytes);
    }
    bytes_ = bytes;
  }

 private:
  MemoryBudget* budget_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace stoa
