// Locks. The engine uses these and nothing else (no std::mutex, std::thread, std::condition_variable outside
// lib/io), so that a simulated scheduler can one day make every acquisition a decision.
//
// They are the standard library's with Abseil's annotations for clang's thread-safety analysis. Abseil's own
// mutex, as Debian 12 packages it, looks for deadlocks at every acquisition: 58 ns for Lock and Unlock
// instead of 13 to 16 ns; and not being built with the thread sanitizer it hides what it orders from it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include <absl/base/thread_annotations.h>

namespace stoa {

class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) { return mutex_.try_lock(); }
  /// Tells the analysis that the lock is held; checks nothing.
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() {}

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) { mutex_->Lock(); }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mutex_;
};

class CondVar {
 public:
  /// Lets go of the mutex until signalled (or for no reason), and takes it again.
  void Wait(Mutex* mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex->mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  /// Returns true when the time passed without a signal.
  bool WaitFor(Mutex* mutex, int64_t micros) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex->mutex_, std::adopt_lock);
    const bool timed_out =
        condition_.wait_for(lock, std::chrono::microseconds(micros)) == std::cv_status::timeout;
    lock.release();
    return timed_out;
  }
  void Signal() { condition_.notify_one(); }
  void SignalAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

/// Waits for what another thread is about to do, for some tens of microseconds at most; false when it has not
/// come by then. Sleeping and being woken take about as long where the processor is a virtual one and has
/// gone idle. Who is waited for may have no processor because of those that wait: so these soon offer theirs,
/// again and again. (With four yields instead of 64, one in a hundred writes of two threads slept.)
template <typename Condition>
bool WaitBriefly(const Condition& condition) {
  constexpr int kPauses = 64;
  constexpr int kYields = 64;
  for (int i = 0; i < kPauses; ++i) {
    if (condition()) return true;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  for (int i = 0; i < kYields; ++i) {
    std::this_thread::yield();
    if (condition()) return true;
  }
  return false;
}

/// One word that a thread waits for and another gives it, once. Who gives it wakes only one that sleeps.
/// `Value` is an enumeration with values from 1 to 255.
template <typename Value>
class Notice {
 public:
  Notice() = default;
  Notice(const Notice&) = delete;
  Notice& operator=(const Notice&) = delete;

  /// What was written before is seen by who has waited. As soon as he has the word he may destroy the notice.
  void Give(Value value) {
    const uintptr_t before = word_.exchange(static_cast<uintptr_t>(value), std::memory_order_acq_rel);
    if (before != 0) [[unlikely]]
      reinterpret_cast<Sleeper*>(before)->Wake();
  }

  /// Waits briefly before it sleeps.
  Value Wait() {
    uintptr_t word = 0;
    if (!WaitBriefly([&] { return (word = word_.load(std::memory_order_acquire)) != 0; })) word = Sleep();
    return static_cast<Value>(word);
  }
  /// For what takes long: sleeps at once.
  Value WaitLong() { return static_cast<Value>(Sleep()); }
  /// The same for `micros` at most: none if nothing was given by then. It may be waited for again.
  std::optional<Value> WaitFor(int64_t micros) {
    const uintptr_t word = Sleep(micros);
    return word == 0 ? std::nullopt : std::optional<Value>(static_cast<Value>(word));
  }

 private:
  /// On the stack of who sleeps, who stays until he is woken: nobody touches the notice by then.
  class Sleeper {
   public:
    void Wake() {
      MutexLock lock(&mutex_);
      awake_ = true;
      woken_.Signal();
    }
    void Sleep() {
      MutexLock lock(&mutex_);
      while (!awake_) woken_.Wait(&mutex_);
    }
    bool SleepFor(int64_t micros) {
      MutexLock lock(&mutex_);
      while (!awake_ && !woken_.WaitFor(&mutex_, micros)) {
      }
      return awake_;
    }

   private:
    Mutex mutex_;
    CondVar woken_;
    bool awake_ ABSL_GUARDED_BY(mutex_) = false;
  };

  /// Without end, or until `micros` have passed: then 0.
  uintptr_t Sleep(std::optional<int64_t> micros = std::nullopt) {
    Sleeper sleeper;
    const auto asleep = reinterpret_cast<uintptr_t>(&sleeper);
    uintptr_t word = 0;
    if (!word_.compare_exchange_strong(word, asleep, std::memory_order_acq_rel, std::memory_order_acquire)) {
      return word;
    }
    if (micros.has_value() && !sleeper.SleepFor(*micros)) {
      word = asleep;
      if (word_.compare_exchange_strong(word, 0, std::memory_order_acq_rel, std::memory_order_acquire))
        return 0;
    }
    sleeper.Sleep();
    return word_.load(std::memory_order_acquire);
  }

  /// 0: not given; the word; or the address of who sleeps.
  std::atomic<uintptr_t> word_{0};
};

/// Nodes in the order in which they joined, which take turns: each is told of its turn by the one before it.
/// No lock: to join and to be the only one costs an atomic exchange each. Nodes live elsewhere, have a member
/// `older`, and stay until After says who comes behind them.
template <typename Node>
class ArrivalQueue {
 public:
  /// Joins at the end. True when nobody is before the node: it has its turn.
  bool Join(Node* node) {
    Node* older = newest_.load(std::memory_order_relaxed);
    do {
      node->older = older;
    } while (
        !newest_.compare_exchange_weak(older, node, std::memory_order_acq_rel, std::memory_order_relaxed));
    return older == nullptr;
  }

  /// Calls `visit` for those that have joined since `first`, which has its turn, newest first.
  template <typename Visit>
  void ForEachSince(const Node* first, const Visit& visit) const {
    for (Node* node = newest_.load(std::memory_order_acquire); node != first; node = node->older) visit(node);
  }

  /// Ends the turn of all up to `last`, which is in the queue. What is returned is next and has to be told;
  /// null when nobody has joined since.
  Node* After(Node* last) {
    Node* node = last;
    if (newest_.load(std::memory_order_relaxed) == last &&
        newest_.compare_exchange_strong(node, nullptr, std::memory_order_acq_rel,
                                        std::memory_order_acquire)) {
      return nullptr;
    }
    node = newest_.load(std::memory_order_acquire);
    while (node->older != last) node = node->older;
    return node;
  }

 private:
  std::atomic<Node*> newest_{nullptr};
};

}  // namespace stoa
