#include "engine/commit_pipeline.h"

#include <algorithm>
#include <utility>

#include <absl/container/inlined_vector.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "data/mutation.h"

namespace stoa {
namespace {

/// A group ends when it has collected this much, so that the first of it does not wait for too many.
constexpr size_t kGroupBytesMax = 1 << 20;

/// Automatic timestamps begin anew at every millisecond and count up within it, like those of Cassandra's
/// servers. At which microsecond a commit came is noise that no encoding can make smaller: 10 bits a row,
/// nearly a third of a time series. Commits in a millisecond are told apart by their order, and so are they
/// in the timestamps.
constexpr int64_t kTimestampStep = 1000;

constexpr size_t kRecordsOnStack = 8;

LogRecord RecordOf(const CommitStamp& stamp, std::string_view mutations, uint64_t hash) {
  LogRecord record;
  record.sequence = stamp.sequence;
  record.timestamp = stamp.timestamp;
  record.now_seconds = stamp.now_seconds;
  record.payload = mutations;
  record.payload_hash = hash;
  return record;
}

int64_t StartOfStep(int64_t micros) {
  const int64_t past = micros % kTimestampStep;
  return micros - (past < 0 ? past + kTimestampStep : past);
}

}  // namespace

/// Those who have been appended together: what they apply is visible when `pending` is 0. Lives on its
/// leader's stack, who stays until it is.
struct CommitPipeline::Group {
  uint64_t last_sequence = 0;
  int64_t last_timestamp = 0;
  const View* view = nullptr;
  Writer* writers = nullptr;
  Group* older = nullptr;
  /// Writers that have not applied their rows, and one more while a group before this one is not visible.
  std::atomic<size_t> pending{0};

  /// True when nothing is pending any more.
  bool EndOne() {
    return pending.load(std::memory_order_acquire) == 1 ||
           pending.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
};

/// A writer in the queue. Lives on its thread's stack; joins the queue, then the group of a leader.
struct CommitPipeline::Writer {
  enum class Turn : uint8_t { kLead = 1, kApply, kFailed };
  enum class Visible : uint8_t { kYes = 1 };

  std::string_view mutations;
  std::span<const BlobHold> blobs;
  uint64_t payload_hash = 0;
  bool exclusive = false;
  PartitionWatch* watch = nullptr;

  CommitStamp stamp;
  absl::Status status;
  Group* group = nullptr;
  Writer* older = nullptr;
  Writer* next = nullptr;  // in the group
  Notice<Turn> turn;
  Notice<Visible> visible;
};

CommitPipeline::CommitPipeline(const Start& start, LogWriter& log, const ViewHolder& views, Clock& clock,
                               Health& health, std::function<void(uint64_t)> before_group,
                               std::function<void()> after_visible)
    : log_(log),
      views_(views),
      clock_(clock),
      health_(health),
      before_group_(std::move(before_group)),
      after_visible_(std::move(after_visible)),
      sequence_ceiling_(start.sequence_ceiling),
      opened_at_(clock.NowWallMicros()),
      last_sequence_(start.last_sequence),
      last_timestamp_(start.last_timestamp),
      visible_sequence_(start.last_sequence),
      visible_timestamp_(start.last_timestamp) {}

absl::StatusOr<CommitStamp> CommitPipeline::NextStamp() {
  if (last_sequence_ >= sequence_ceiling_) {
    return ResourceExhausted("sequence numbers up to ", sequence_ceiling_,
                             " are used up; reopen the database to get more");
  }
  const int64_t now = clock_.NowWallMicros();
  CommitStamp stamp;
  stamp.sequence = ++last_sequence_;
  stamp.timestamp = std::max({StartOfStep(now), opened_at_ <= now ? opened_at_ : kNoTimestamp,
                              last_timestamp_.load(std::memory_order_relaxed) + 1,
                              given_timestamp_.load(std::memory_order_relaxed) + 1});
  stamp.now_seconds = now / kMicrosPerSecond;
  last_timestamp_.store(stamp.timestamp, std::memory_order_relaxed);
  return stamp;
}

/// Of what has been applied, when it is greater than that of its commit.
void CommitPipeline::NoteTimestamp(int64_t timestamp) {
  if (timestamp > clock_.NowWallMicros()) return;
  int64_t given = given_timestamp_.load(std::memory_order_relaxed);
  while (given < timestamp &&
         !given_timestamp_.compare_exchange_weak(given, timestamp, std::memory_order_relaxed)) {
  }
}

absl::Status CommitPipeline::Commit(std::string_view mutations, std::span<const BlobHold> blobs,
                                    PartitionWatch* watch) {
  Writer self;
  self.mutations = mutations;
  self.blobs = blobs;
  self.watch = watch;
  self.payload_hash = Hash64(mutations);
  STOA_RETURN_IF_ERROR(health_.Check());
  switch (writers_.Join(&self) ? Writer::Turn::kLead : self.turn.Wait()) {
    case Writer::Turn::kLead:
      STOA_RETURN_IF_ERROR(watch != nullptr && watch->touched ? SendBack(&self) : Lead(&self));
      break;
    case Writer::Turn::kApply:
      Apply(&self, self.group);
      break;
    case Writer::Turn::kFailed:
      return self.status;
  }
  after_visible_();
  return absl::OkStatus();
}

/// Takes a group from the head of the queue through the log and, with the others of the group, into the
/// memtables.
absl::Status CommitPipeline::Lead(Writer* self) {
  size_t count = 0;
  Writer* const last = FormGroup(self, &count);
  before_group_(last_sequence_);
  const ViewHolder::Pin view = views_.Acquire();
  if (const absl::Status status = AppendGroup(self); !status.ok()) {
    PassLead(last);
    for (Writer *writer = self->next, *next = nullptr; writer != nullptr; writer = next) {
      next = writer->next;  // a follower may be gone as soon as he has been told
      writer->status = status;
      writer->turn.Give(Writer::Turn::kFailed);
    }
    return status;
  }
  if (!watches_.empty()) [[unlikely]]
    MarkWatches(self);
  commit_count_.store(commit_count() + count, std::memory_order_relaxed);  // by one thread at a time

  Group group;
  group.last_sequence = last_sequence_;
  group.last_timestamp = last_timestamp();
  group.view = &*view;
  group.writers = self;
  group.pending.store(count + 1, std::memory_order_relaxed);
  // Nobody else counts down before he is told.
  if (groups_.Join(&group)) group.pending.store(count, std::memory_order_relaxed);
  PassLead(last);
  // A follower is not gone before the group is visible, for which the leader is needed too.
  for (Writer* writer = self->next; writer != nullptr; writer = writer->next) {
    writer->group = &group;
    writer->turn.Give(Writer::Turn::kApply);
  }
  Apply(self, &group);
  return absl::OkStatus();
}

/// Links those who have joined the queue behind the leader into his group, as far as they may be in it.
/// Returns the last of them.
CommitPipeline::Writer* CommitPipeline::FormGroup(Writer* self, size_t* count) const {
  writers_.ForEachSince(self, [](Writer* writer) { writer->older->next = writer; });
  Writer* last = self;
  size_t bytes = self->mutations.size();
  *count = 1;
  while (last->next != nullptr && !last->next->exclusive && bytes < kGroupBytesMax &&
         (last->next->watch == nullptr || MayJoin(self, last->next))) {
    last = last->next;
    bytes += last->mutations.size();
    ++*count;
  }
  last->next = nullptr;
  return last;
}

/// Waits for the turn to lead without anything to append.
void CommitPipeline::TakeLead(Writer* self) {
  self->exclusive = true;
  if (!writers_.Join(self)) self->turn.Wait();
  self->next = nullptr;  // a leader before has linked those who wait behind
}

/// Ends the lead of the group that ends with `last`.
void CommitPipeline::PassLead(Writer* last) {
  if (Writer* const next = writers_.After(last)) next->turn.Give(Writer::Turn::kLead);
}

/// Whether a writer with a watch may follow those from `first` on in one group.
bool CommitPipeline::MayJoin(const Writer* first, const Writer* candidate) const {
  if (candidate->watch->touched) return false;
  for (const Writer* writer = first; writer != candidate; writer = writer->next) {
    if (Touches(writer->mutations, candidate->watch->partitions)) return false;
  }
  return true;
}

/// Notes in all watches what a group that has been appended writes to. (A writer's own watch too: it has
/// served.)
void CommitPipeline::MarkWatches(const Writer* first) {
  for (PartitionWatch* watch : watches_) {
    for (const Writer* writer = first; writer != nullptr && !watch->touched; writer = writer->next) {
      watch->touched = Touches(writer->mutations, watch->partitions);
    }
  }
}

/// Takes the writer at the head of the queue out of it: what it has read has changed.
absl::Status CommitPipeline::SendBack(Writer* self) {
  PassLead(self);
  return absl::AbortedError("a partition that was read has been written to since");
}

void CommitPipeline::BeginWatch(PartitionWatch* watch) {
  Writer self;
  TakeLead(&self);
  watch->touched = false;
  if (std::find(watches_.begin(), watches_.end(), watch) == watches_.end()) watches_.push_back(watch);
  AwaitVisible(&self);
  PassLead(&self);
}

void CommitPipeline::EndWatch(PartitionWatch* watch) {
  Writer self;
  TakeLead(&self);
  std::erase(watches_, watch);
  PassLead(&self);
}

absl::Status CommitPipeline::AppendGroup(Writer* first) {
  absl::InlinedVector<LogRecord, kRecordsOnStack> records;
  for (Writer* writer = first; writer != nullptr; writer = writer->next) {
    STOA_ASSIGN_OR_RETURN(writer->stamp, NextStamp());
    if (writer->watch != nullptr) writer->stamp.now_seconds = writer->watch->now_seconds;
    records.push_back(RecordOf(writer->stamp, writer->mutations, writer->payload_hash));
  }
  return Append(records);
}

absl::Status CommitPipeline::Append(std::span<const LogRecord> records) {
  absl::Status status = log_.Append(records);
  // A log that failed for good takes the database with it; a full disk met before anything was written does
  // not.
  if (!status.ok() && !log_.status().ok()) return health_.Latch(status);
  return status;
}

/// Applies the writer's rows and waits until its group is visible.
void CommitPipeline::Apply(Writer* self, Group* group) {
  const int64_t newest =
      ApplyMutations(*group->view, self->mutations, self->blobs, self->stamp, visible_timestamp());
  if (newest > self->stamp.timestamp) [[unlikely]]
    NoteTimestamp(newest);
  if (group->EndOne()) {
    Publish(group, self);
  } else {
    self->visible.Wait();
  }
}

/// Makes a group visible, and those behind it that wait for nothing else. `self`, of the first of them, need
/// not be told.
void CommitPipeline::Publish(Group* group, const Writer* self) {
  do {
    visible_sequence_.store(group->last_sequence, std::memory_order_release);
    visible_timestamp_.store(group->last_timestamp, std::memory_order_release);
    Group* const newer = groups_.After(group);
    // The group is gone when its leader has been told, and so is each writer.
    for (Writer *writer = group->writers, *next = nullptr; writer != nullptr; writer = next) {
      next = writer->next;
      if (writer != self) writer->visible.Give(Writer::Visible::kYes);
    }
    group = newer;
  } while (group != nullptr && group->EndOne());
}

/// For the leader: waits until all that has been appended is visible, as a group of nothing behind it.
void CommitPipeline::AwaitVisible(Writer* self) {
  Group group;
  group.last_sequence = last_sequence_;
  group.last_timestamp = last_timestamp();
  group.writers = self;
  group.pending.store(1, std::memory_order_relaxed);
  if (groups_.Join(&group)) {
    Publish(&group, self);
  } else {
    self->visible.Wait();
  }
}

absl::Status CommitPipeline::RunExclusive(const std::function<absl::Status(const CommitStamp&)>& body) {
  Writer self;
  STOA_RETURN_IF_ERROR(health_.Check());
  TakeLead(&self);
  AwaitVisible(&self);
  absl::StatusOr<CommitStamp> stamp = NextStamp();
  const absl::Status status = stamp.ok() ? body(*stamp) : stamp.status();
  // Nobody else can have moved it. A failed body has used up its sequence, but nothing carries it.
  visible_sequence_.store(last_sequence_, std::memory_order_release);
  visible_timestamp_.store(last_timestamp(), std::memory_order_release);
  for (PartitionWatch* watch : watches_) watch->touched = true;
  PassLead(&self);
  after_visible_();
  return status;
}

absl::Status CommitPipeline::CommitAlone(const CommitStamp& stamp, std::string_view mutations,
                                         std::span<const BlobHold> blobs) {
  const LogRecord record = RecordOf(stamp, mutations, Hash64(mutations));
  STOA_RETURN_IF_ERROR(Append({&record, 1}));
  const ViewHolder::Pin view = views_.Acquire();
  const int64_t newest = ApplyMutations(*view, mutations, blobs, stamp, visible_timestamp());
  if (newest > stamp.timestamp) NoteTimestamp(newest);
  commit_count_.store(commit_count() + 1, std::memory_order_relaxed);
  return absl::OkStatus();
}

namespace {

/// Mutations that are applied together. Most of the time it takes is waiting for memory, and many wait no
/// longer than one.
class MutationGroup {
 public:
  explicit MutationGroup(const View& view) : view_(view) {}

  /// Takes the next ones. False at the end.
  bool Read(MutationReader* reader) {
    members_.clear();
    while (members_.size() < kMembersMax) {
      Member& member = members_.emplace_back();
      if (!reader->Next(&member.mutation)) {
        members_.pop_back();
        break;
      }
      member.memtable = MemtableOf(member.mutation.table);
      if (member.memtable == nullptr) members_.pop_back();
    }
    return !members_.empty();
  }

  int64_t Apply(const CommitStamp& stamp, int64_t settled_timestamp) {
    if (members_.size() > 1) Find();
    const FragmentContext context{stamp.timestamp, stamp.now_seconds};
    int64_t newest = kNoTimestamp;
    for (const auto& [mutation, memtable, partition] : members_) {
      newest =
          std::max(newest, memtable->Apply(mutation, context, stamp.sequence, settled_timestamp, partition));
    }
    return newest;
  }

 private:
  struct Member {
    Mutation mutation;
    Memtable* memtable = nullptr;
    Partition* partition = nullptr;  // null: not looked for, or not there
  };

  void Find() {
    for (unsigned step = 0; step < TokenDirectory::kPrefetchSteps; ++step) {
      for (const Member& member : members_) member.memtable->Prefetch(member.mutation.token, step);
    }
    for (Member& member : members_) {
      member.partition = member.memtable->FindToWrite(member.mutation.token, member.mutation.key);
    }
  }

  Memtable* MemtableOf(TableId id) {
    if (id != last_id_ || memtable_ == nullptr) {
      const TableView* table = view_.Find(id);
      last_id_ = id;
      memtable_ = table == nullptr ? nullptr : table->active.get();
    }
    return memtable_;
  }

  const View& view_;
  TableId last_id_ = 0;
  Memtable* memtable_ = nullptr;
  static constexpr size_t kMembersMax = 16;
  absl::InlinedVector<Member, kMembersMax> members_;
};

}  // namespace

int64_t ApplyMutations(const View& view, std::string_view mutations, std::span<const BlobHold> blobs,
                       const CommitStamp& stamp, int64_t settled_timestamp) {
  for (const BlobHold& hold : blobs) {
    if (const TableView* table = view.Find(hold.table)) table->active->Keep(hold.blob);
  }
  MutationReader reader(mutations, FragmentContext{stamp.timestamp, stamp.now_seconds});
  MutationGroup group(view);
  int64_t newest = kNoTimestamp;
  while (group.Read(&reader)) newest = std::max(newest, group.Apply(stamp, settled_timestamp));
  STOA_DCHECK(reader.ok());
  return newest;
}

}  // namespace stoa
