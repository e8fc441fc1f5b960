// LMDB as its documentation advises (lmdb.h): read transactions are reset and renewed, not begun anew. Rows
// as packed_rows.h maps them. It does not compress, writes on the threads of those who write, and keeps its
// cache in the operating system: memory_bytes mean nothing to it.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <lmdb.h>

#include "engine.h"
#include "meter.h"
#include "packed_rows.h"

namespace {

// Of addresses, not of memory or disk: more than any workload writes.
constexpr size_t kMapBytes = size_t{1} << 38;

void Check(int error) {
  if (error == 0) return;
  std::fprintf(stderr, "lmdb: %s\n", mdb_strerror(error));
  std::exit(1);
}

// LMDB changes neither.
MDB_val ToItem(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
std::string_view ToView(const MDB_val& item) {
  return {static_cast<const char*>(item.mv_data), item.mv_size};
}

class LmdbSession {
 public:
  LmdbSession(MDB_env* environment, MDB_dbi table) : environment_(environment), table_(table) {
    Check(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &reading_));
    Check(mdb_cursor_open(reading_, table_, &cursor_));
    mdb_txn_reset(reading_);
  }
  ~LmdbSession() {
    mdb_cursor_close(cursor_);
    mdb_txn_abort(reading_);
  }
  LmdbSession(const LmdbSession&) = delete;
  LmdbSession& operator=(const LmdbSession&) = delete;

  template <typename Fill>
  void Write(size_t, Fill fill) {
    mdb_txn_reset(reading_);
    Check(mdb_txn_begin(environment_, nullptr, 0, &writing_));
    fill(*this);
    Check(mdb_txn_commit(writing_));
  }
  // What `fill` calls.
  void Put(std::string_view key, std::string_view value) {
    MDB_val key_item = ToItem(key);
    MDB_val value_item = ToItem(value);
    Check(mdb_put(writing_, table_, &key_item, &value_item, 0));
  }
  void Erase(std::string_view key) {
    MDB_val item = ToItem(key);
    const int error = mdb_del(writing_, table_, &item, nullptr);
    Check(error == MDB_NOTFOUND ? 0 : error);
  }

  bool Get(std::string_view key, std::string_view* value) {
    SeeWhatIsNew();
    MDB_val key_item = ToItem(key);
    MDB_val value_item;
    const int error = mdb_get(reading_, table_, &key_item, &value_item);
    if (error == MDB_NOTFOUND) return false;
    Check(error);
    *value = ToView(value_item);
    return true;
  }

  template <typename Each>
  void Scan(std::string_view from, Each each) {
    Go(from, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (is_at_entry_ && each(ToView(key_), ToView(value_))) Move(MDB_NEXT);
  }

  template <typename Each>
  void ScanBack(std::string_view from, Each each) {
    Go(from, MDB_SET_RANGE);
    if (!is_at_entry_) {
      Move(MDB_LAST);
    } else if (ToView(key_) > from) {
      Move(MDB_PREV);
    }
    while (is_at_entry_ && each(ToView(key_), ToView(value_))) Move(MDB_PREV);
  }

 private:
  // Views into what was read before end here: an old transaction keeps pages from being used again.
  void SeeWhatIsNew() {
    mdb_txn_reset(reading_);
    Check(mdb_txn_renew(reading_));
  }
  void Go(std::string_view key, MDB_cursor_op how) {
    SeeWhatIsNew();
    Check(mdb_cursor_renew(reading_, cursor_));
    key_ = ToItem(key);
    Move(how);
  }
  void Move(MDB_cursor_op how) {
    const int error = mdb_cursor_get(cursor_, &key_, &value_, how);
    is_at_entry_ = error == 0;
    Check(error == MDB_NOTFOUND ? 0 : error);
  }

  MDB_env* const environment_;
  const MDB_dbi table_;
  MDB_txn* reading_ = nullptr;
  MDB_txn* writing_ = nullptr;
  // Where the cursor is.
  MDB_cursor* cursor_ = nullptr;
  MDB_val key_;
  MDB_val value_;
  bool is_at_entry_ = false;
};

class LmdbDatabase : public Engine {
 public:
  LmdbDatabase(const std::string& path, const EngineOptions& options)
      : written_before_(ProcessUse::Now().bytes_written) {
    std::filesystem::create_directories(path);
    Check(mdb_env_create(&environment_));
    Check(mdb_env_set_mapsize(environment_, kMapBytes));
    // A client may go from thread to thread. What is written without a sync survives the process.
    const unsigned sync = options.durability == BenchDurability::kMachine ? 0 : MDB_NOSYNC;
    Check(mdb_env_open(environment_, path.c_str(), MDB_NOTLS | sync, 0644));
    MDB_txn* transaction = nullptr;
    Check(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    Check(mdb_dbi_open(transaction, nullptr, 0, &table_));
    Check(mdb_txn_commit(transaction));
  }
  ~LmdbDatabase() override { mdb_env_close(environment_); }

  std::unique_ptr<Client> NewClient() override {
    return std::make_unique<PackedRows<LmdbSession>>(&locks_, environment_, table_);
  }

  void Flush() override { Check(mdb_env_sync(environment_, 1)); }
  void Settle() override { Flush(); }

  // It does not count; it is all that the process writes while it is at work.
  uint64_t BytesWritten() override { return ProcessUse::Now().bytes_written - written_before_; }
  uint64_t LogBytesWritten() override { return 0; }

 private:
  const uint64_t written_before_;
  RecordLocks locks_;
  MDB_env* environment_ = nullptr;
  MDB_dbi table_ = 0;
};

}  // namespace

EngineKind LmdbEngine() {
  return {.name = "lmdb",
          .open = [](const std::string& path, const EngineOptions& options) -> std::unique_ptr<Engine> {
            return std::make_unique<LmdbDatabase>(path, options);
          },
          .is_not_data = [](const std::string& file_name) { return file_name == "lock.mdb"; },
          .merges_on_demand = false,
          .deletes_ranges = false};
}
