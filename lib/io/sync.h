// Locks. The engine uses these and nothing else (no std::mutex, std::thread, std::condition_variable outside
// lib/io), so that a simulated scheduler can one day make every acquisition a decision.
#pragma once

#include <absl/base/config.h>
#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/time/time.h>

#ifdef ABSL_HAVE_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace stoa {

// A packaged Abseil is not built with the thread sanitizer, which then sees neither what its mutexes order
// nor that they exclude one another. So it is told here; in other builds these are empty.
namespace internal {
inline void TsanAcquire([[maybe_unused]] void* lock) {
#ifdef ABSL_HAVE_THREAD_SANITIZER
  __tsan_acquire(lock);
#endif
}
inline void TsanRelease([[maybe_unused]] void* lock) {
#ifdef ABSL_HAVE_THREAD_SANITIZER
  __tsan_release(lock);
#endif
}
}  // namespace internal

class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    mutex_.Lock();
    internal::TsanAcquire(this);
  }
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    internal::TsanRelease(this);
    mutex_.Unlock();
  }
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    if (!mutex_.TryLock()) return false;
    internal::TsanAcquire(this);
    return true;
  }
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() { mutex_.AssertHeld(); }

 private:
  friend class CondVar;
  absl::Mutex mutex_;
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
  void Wait(Mutex* mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    internal::TsanRelease(mutex);
    cond_.Wait(&mutex->mutex_);
    internal::TsanAcquire(mutex);
  }
  /// Returns true when the time passed without a signal.
  bool WaitFor(Mutex* mutex, int64_t micros) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    internal::TsanRelease(mutex);
    bool timed_out = cond_.WaitWithTimeout(&mutex->mutex_, absl::Microseconds(micros));
    internal::TsanAcquire(mutex);
    return timed_out;
  }
  void Signal() { cond_.Signal(); }
  void SignalAll() { cond_.SignalAll(); }

 private:
  absl::CondVar cond_;
};

}  // namespace stoa
