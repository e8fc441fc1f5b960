#include "engine/store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "blob/blob_format.h"

namespace stoa {
namespace {

/// A clean close leaves the next opening nothing to guess; after a crash, sequences above the ceiling are
/// certainly unused. 2^40 commits are twelve days at a million a second.
constexpr uint64_t kSequenceChunk = uint64_t{1} << 40;

/// Blocks are made so small that the cache holds about so many; but not smaller than that.
constexpr uint64_t kBlocksCachedMin = 192;
constexpr size_t kBlockBytesMin = 1 << 10;

}  // namespace

Store::Store(Env& env, std::unique_ptr<Directory> directory, std::unique_ptr<FileLock> lock,
             uint64_t cache_bytes, uint64_t memtable_bytes_max, uint64_t reserve_bytes)
    : env_(env),
      directory_(std::move(directory)),
      lock_(std::move(lock)),
      memtable_budget_(memtable_bytes_max),
      cache_(cache_bytes, {&memtable_budget_, &buffer_budget_}),
      blobs_(*directory_),
      purge_clock_(env.clock),
      reserve_(*directory_, reserve_bytes) {
  views_.Publish(std::make_shared<const View>(View::Tables()));
}

Store::~Store() { Release(); }

void Store::Release() {
  views_.Publish(nullptr);
  lock_.reset();
}

SSTableWriterOptions Store::NewFileOptions(const TableSchema& schema, IoPurpose purpose) {
  SSTableWriterOptions options =
      SSTableWriterOptions::For(schema, NewFileNumber(), env_.ids.UniqueId(), purpose);
  const auto share = static_cast<size_t>(cache_.capacity_bytes() / kBlocksCachedMin);
  options.block_bytes = std::clamp(share, kBlockBytesMin, options.block_bytes);
  return options;
}

std::shared_ptr<TableView> Store::NewTableView(const Table& schema, uint64_t after_sequence) {
  auto table = std::make_shared<TableView>();
  table->schema = schema;
  table->active = NewMemtable(schema->id());
  table->active_after_sequence = after_sequence;
  table->flushed_sequence = after_sequence;
  return table;
}

absl::Status Store::Begin(DatabaseState state, std::vector<std::shared_ptr<SSTable>> sstables) {
  const uint64_t last_sequence = state.closed_at_sequence.value_or(state.sequence_ceiling);
  start_sequence_ = last_sequence;
  state.closed_at_sequence = last_sequence;  // so far no log belongs to it
  state.sequence_ceiling = last_sequence + kSequenceChunk;
  const uint64_t manifest_number = state.next_file_number++;
  next_file_number_ = state.next_file_number;

  View::Tables tables;
  for (auto& [id, table] : state.tables) {
    table.flushed_sequence = last_sequence;
    std::shared_ptr<TableView> view = NewTableView(table.schema, last_sequence);
    for (const std::shared_ptr<SSTable>& sstable : sstables) {
      if (sstable->metadata().table == id) view->sstables.push_back(sstable);
    }
    view->SortSSTables();
    tables.emplace(id, std::move(view));
  }
  MutexLock install_lock(&install_mutex_);
  STOA_ASSIGN_OR_RETURN(manifest_, ManifestWriter::Create(*directory_, manifest_number, state));
  state_ = std::move(state);
  MutexLock view_lock(&view_mutex_);
  views_.Publish(std::make_shared<const View>(std::move(tables)));
  return absl::OkStatus();
}

absl::Status Store::ConfirmLog() {
  return Install([](const DatabaseState&, VersionEdit*) { return true; }, [](View::Tables*) {}).status();
}

absl::StatusOr<bool> Store::Install(const MakeEdit& make_edit, const ChangeTables& change,
                                    uint64_t seal_sequence) {
  MutexLock lock(&install_mutex_);
  STOA_RETURN_IF_ERROR(health_.Check());
  VersionEdit edit;
  if (!make_edit(state_, &edit)) return false;
  edit.next_file_number = next_file_number_.load();
  DatabaseState next = state_;
  STOA_RETURN_IF_ERROR(next.Apply(edit));
  STOA_RETURN_IF_ERROR(AppendToManifest(edit));
  state_ = std::move(next);
  ChangeView(change, seal_sequence);
  return true;
}

bool Store::NotePiece(const PieceNote& note) {
  if (!directory_->Sync().ok()) return false;
  const absl::StatusOr<bool> noted = Install(
      [&](const DatabaseState& state, VersionEdit* edit) {
        const auto table = state.tables.find(note.piece.file.table);
        const bool has_inputs = table != state.tables.end() &&
                                std::all_of(note.inputs.begin(), note.inputs.end(), [&](uint64_t number) {
                                  return table->second.files.contains(number);
                                });
        edit->merged_pieces.push_back(note);
        return has_inputs;
      },
      [](View::Tables*) {});
  return noted.ok() && *noted;
}

void Store::RemoveMerge(TableId table_id, const UnfinishedMerge& merge) {
  const absl::StatusOr<bool> abandoned = Install(
      [&](const DatabaseState& state, VersionEdit* edit) {
        const auto table = state.tables.find(table_id);
        if (table == state.tables.end()) return false;
        const auto noted = table->second.merges.find(merge.inputs.front());
        if (noted == table->second.merges.end() || noted->second.inputs != merge.inputs) return false;
        edit->abandoned_merges.push_back({table_id, merge.inputs.front()});
        return true;
      },
      [](View::Tables*) {});
  if (!abandoned.ok()) return;
  for (const MergedPiece& piece : merge.pieces) {
    // As with obsolete files.
    (void)directory_->Unlink(SSTableName(piece.file.number), IoTag{FileKind::kTable, IoPurpose::kCompaction});
  }
}

absl::Status Store::AppendToManifest(const VersionEdit& edit) {
  const absl::Status status =
      reserve_.Spend([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return manifest_->Append(edit); });
  return status.ok() || manifest_->status().ok() ? status : health_.Latch(status);
}

absl::Status Store::MakeRoom(const VersionEdit& edit) {
  MutexLock lock(&install_mutex_);
  STOA_RETURN_IF_ERROR(health_.Check());
  const absl::Status status =
      reserve_.Spend([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return manifest_->MakeRoom(edit); });
  return status.ok() || manifest_->status().ok() ? status : health_.Latch(status);
}

void Store::ChangeView(const ChangeTables& change, uint64_t seal_sequence) {
  MutexLock lock(&view_mutex_);
  PublishChanged(change, seal_sequence);
}

void Store::PublishChanged(const ChangeTables& change, uint64_t seal_sequence) {
  std::shared_ptr<const View> old = views_.Get();
  View::Tables tables = old->tables();
  change(&tables);
  auto view = std::make_shared<const View>(std::move(tables));
  if (seal_sequence != std::numeric_limits<uint64_t>::max()) old->LimitTo(seal_sequence);
  views_.Publish(std::move(view));
}

size_t Store::Seal(uint64_t seal_sequence, const std::function<bool(const TableView&)>& choose) {
  MutexLock lock(&view_mutex_);
  std::vector<std::shared_ptr<const TableView>> chosen;
  const std::shared_ptr<const View> current = views_.Get();
  for (const auto& [id, table] : current->tables()) {
    if (!table->active->empty() && choose(*table)) chosen.push_back(table);
  }
  if (chosen.empty()) return 0;
  PublishChanged(
      [&](View::Tables* tables) {
        for (const std::shared_ptr<const TableView>& old : chosen) {
          auto table = std::make_shared<TableView>(*old);
          table->sealed.push_back(SealedMemtable{old->active, seal_sequence, old->active_after_sequence});
          table->active = NewMemtable(old->schema->id());
          table->active_after_sequence = seal_sequence;
          (*tables)[old->schema->id()] = std::move(table);
        }
      },
      seal_sequence);
  return chosen.size();
}

void Store::AddSealedSegments(const std::vector<SealedSegment>& segments) {
  MutexLock lock(&files_mutex_);
  sealed_segments_.insert(sealed_segments_.end(), segments.begin(), segments.end());
}

uint64_t Store::FirstNeededSegment(const View& view, uint64_t visible, uint64_t current_segment) const {
  uint64_t flushed = visible;
  for (const auto& [id, table] : view.tables()) {
    if (!table->sealed.empty()) {
      flushed = std::min(flushed, table->sealed.front().after_sequence);
    } else if (!table->active->empty()) {
      flushed = std::min(flushed, table->active_after_sequence);
    }
  }
  MutexLock lock(&files_mutex_);
  for (const SealedSegment& segment : sealed_segments_) {
    if (segment.last_sequence > flushed) return segment.number;
  }
  return current_segment;
}

uint64_t Store::sealed_log_bytes() const {
  MutexLock lock(&files_mutex_);
  uint64_t bytes = 0;
  for (const SealedSegment& segment : sealed_segments_) bytes += segment.bytes;
  return bytes;
}

uint64_t Store::oldest_sealed_sequence() const {
  MutexLock lock(&files_mutex_);
  return sealed_segments_.empty() ? 0 : sealed_segments_.front().last_sequence;
}

void Store::AddObsolete(const std::vector<std::shared_ptr<SSTable>>& files) {
  MutexLock lock(&files_mutex_);
  for (const std::shared_ptr<SSTable>& file : files) {
    obsolete_.push_back(Obsolete{SSTableName(file->metadata().number), file->metadata().file_id, file});
  }
}

void Store::RemoveObsoleteFiles() {
  views_.Reclaim();
  std::vector<std::string> names;
  uint64_t first_log = 0;
  {
    MutexLock lock(&install_mutex_);
    first_log = state_.first_log_number;
  }
  {
    MutexLock lock(&files_mutex_);
    std::erase_if(obsolete_, [&](const Obsolete& file) {
      if (!file.sstable.expired()) return false;
      cache_.EraseFile(file.file_id);
      names.push_back(file.name);
      return true;
    });
    std::erase_if(sealed_segments_, [&](const SealedSegment& segment) {
      if (segment.number >= first_log) return false;
      names.push_back(LogSegmentName(segment.number));
      return true;
    });
  }
  // Whoever let a blob go did so after the manifest edit that dropped it, or after a write that came to
  // nothing. But when the log or the manifest has failed, what was written may be found after all by the next
  // opening; so this is asked after the blobs.
  const std::vector<uint64_t> blobs = blobs_.TakeReleased();
  if (health_.Check().ok()) {
    for (uint64_t blob : blobs) names.push_back(BlobName(blob));
  }
  for (const std::string& name : names) {
    // A file that cannot be removed costs space until the next opening removes it; nothing else.
    (void)directory_->Unlink(name, IoTag{FileKind::kOther, IoPurpose::kCompaction});
  }
}

DatabaseState Store::state() const {
  MutexLock lock(&install_mutex_);
  return state_;
}

uint64_t Store::manifest_number() const {
  MutexLock lock(&install_mutex_);
  return manifest_->number();
}

absl::Status Store::Finish(uint64_t last_sequence, int64_t last_timestamp, uint64_t first_log) {
  MutexLock lock(&install_mutex_);
  VersionEdit edit;
  edit.closed_at_sequence = last_sequence;
  edit.last_timestamp = last_timestamp;
  edit.next_file_number = next_file_number_.load();
  edit.first_log_number = first_log;
  STOA_RETURN_IF_ERROR(AppendToManifest(edit));
  STOA_RETURN_IF_ERROR(state_.Apply(edit));
  return manifest_->Close();
}

}  // namespace stoa
