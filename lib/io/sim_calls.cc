#include "io/sim_calls.h"

#include <utility>

#include "base/coding.h"
#include "base/hash.h"
#include "base/strings.h"

namespace stoa::sim {
namespace {

constexpr const char* kCallNames[] = {"mkdir",    "rmdir",     "create",    "append", "preallocate", "map",
                                      "store",    "sync",      "close",     "rename", "link",        "unlink",
                                      "sync_dir", "lock",      "open_dir",  "open",   "read",        "size",
                                      "list",     "file_size", "free_bytes"};
static_assert(std::size(kCallNames) == static_cast<size_t>(CallKind::kFreeBytes) + 1);

/// Whether a signal may interrupt it, so that the caller has to call again.
bool MayBeInterrupted(CallKind kind) {
  return kind == CallKind::kAppend || kind == CallKind::kPreallocate || kind == CallKind::kRead;
}

}  // namespace

absl::Status CallGate::Counter::Next() {
  const uint64_t index = count++;
  for (const Fault& fault : faults) {
    if (index == fault.index || (index > fault.index && fault.span == FaultSpan::kSticky))
      return fault.status;
  }
  return absl::OkStatus();
}

absl::Status CallGate::Enter(const Call& call) {
  const bool mutation = call.kind <= CallKind::kLock;
  Record(call, mutation);
  absl::Status fault = (mutation ? mutations_ : reads_).Next();
  crashed_ |= mutations_.count > crash_at_;
  if (crashed_) return absl::UnavailableError("crashed");
  if (fault.ok() && MayBeInterrupted(call.kind) && Disturbed()) return absl::AbortedError("interrupted");
  return fault;
}

uint64_t CallGate::Shorten(uint64_t size) {
  return size > 1 && Disturbed() ? 1 + random_.Uniform(size - 1) : size;
}

void CallGate::FailMutation(uint64_t index, absl::Status status, FaultSpan span) {
  mutations_.faults.push_back({index, span, std::move(status)});
}

void CallGate::FailRead(uint64_t index, absl::Status status, FaultSpan span) {
  reads_.faults.push_back({index, span, std::move(status)});
}

void CallGate::ClearFaults() {
  mutations_.faults.clear();
  reads_.faults.clear();
  disturb_one_in_ = 0;
}

void CallGate::Disturb(uint64_t seed, uint64_t one_in) {
  random_ = Random(seed);
  disturb_one_in_ = one_in;
}

bool CallGate::Disturbed() { return disturb_one_in_ != 0 && random_.OneIn(disturb_one_in_); }

void CallGate::Record(const Call& call, bool mutation) {
  char input[41];
  input[0] = static_cast<char>(call.kind);
  StoreLittle(input + 1, Hash64(call.name, trace_hash_));
  StoreLittle(input + 9, Hash64(call.to));
  StoreLittle(input + 17, Hash64(call.content));
  StoreLittle(input + 25, call.offset);
  StoreLittle(input + 33, call.size);
  trace_hash_ = Hash64(std::string_view(input, sizeof(input)));

  if (trace_text_ == TraceText::kOff || (trace_text_ == TraceText::kMutations && !mutation)) return;
  std::string line = StrCat(kCallNames[static_cast<size_t>(call.kind)], " ", call.name);
  if (!call.to.empty()) line += StrCat(" ", call.to);
  if (call.kind == CallKind::kRead) line += StrCat(" ", call.offset);
  if (call.size != 0 || MayBeInterrupted(call.kind)) line += StrCat(" ", call.size);
  trace_.push_back(std::move(line));
}

}  // namespace stoa::sim
