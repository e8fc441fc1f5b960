// LevelDB, tuned as its documentation advises (doc/index.md, "Performance"); rows as packed_rows.h maps them.
// It compresses with snappy, has one thread in the background, and no write that is lost with the process.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include "engine.h"
#include "packed_rows.h"

namespace {

void Check(const leveldb::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "leveldb: %s\n", status.ToString().c_str());
  std::exit(1);
}

leveldb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ToView(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }

class LevelSession {
 public:
  /// What is written to the log is added to `log_bytes`.
  LevelSession(leveldb::DB* database, BenchDurability durability, std::atomic<uint64_t>* log_bytes)
      : database_(database), log_bytes_(*log_bytes) {
    write_options_.sync = durability == BenchDurability::kMachine;
  }

  template <typename Fill>
  void Write(size_t, Fill fill) {
    batch_.Clear();
    fill(*this);
    Check(database_->Write(write_options_, &batch_));
    log_bytes_.fetch_add(batch_.ApproximateSize(), std::memory_order_relaxed);
  }
  // What `fill` calls.
  void Put(std::string_view key, std::string_view value) { batch_.Put(ToSlice(key), ToSlice(value)); }
  void Erase(std::string_view key) { batch_.Delete(ToSlice(key)); }

  bool Get(std::string_view key, std::string_view* value) {
    const leveldb::Status status = database_->Get(read_options_, ToSlice(key), &value_);
    if (status.IsNotFound()) return false;
    Check(status);
    *value = value_;
    return true;
  }

  template <typename Each>
  void Scan(std::string_view from, Each each) {
    const std::unique_ptr<leveldb::Iterator> entries(database_->NewIterator(read_options_));
    entries->Seek(ToSlice(from));
    while (entries->Valid() && each(ToView(entries->key()), ToView(entries->value()))) entries->Next();
    Check(entries->status());
  }

  template <typename Each>
  void ScanBack(std::string_view from, Each each) {
    const std::unique_ptr<leveldb::Iterator> entries(database_->NewIterator(read_options_));
    entries->Seek(ToSlice(from));
    if (!entries->Valid()) {
      entries->SeekToLast();
    } else if (ToView(entries->key()) > from) {
      entries->Prev();
    }
    while (entries->Valid() && each(ToView(entries->key()), ToView(entries->value()))) entries->Prev();
    Check(entries->status());
  }

 private:
  leveldb::DB* const database_;
  std::atomic<uint64_t>& log_bytes_;
  leveldb::WriteOptions write_options_;
  const leveldb::ReadOptions read_options_;
  leveldb::WriteBatch batch_;
  std::string value_;
};

class LevelDatabase : public Engine {
 public:
  // A quarter of the memory is for two write buffers, the rest for blocks.
  LevelDatabase(const std::string& path, const EngineOptions& engine_options)
      : durability_(engine_options.durability),
        cache_(leveldb::NewLRUCache(engine_options.memory_bytes / 4 * 3)),
        filter_(leveldb::NewBloomFilterPolicy(10)) {
    leveldb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = engine_options.memory_bytes / 8;
    options.block_cache = cache_.get();
    options.filter_policy = filter_.get();
    leveldb::DB* database = nullptr;
    Check(leveldb::DB::Open(options, path, &database));
    database_.reset(database);
  }

  std::unique_ptr<Client> NewClient() override {
    return std::make_unique<PackedRows<LevelSession>>(&locks_, database_.get(), durability_, &log_bytes_);
  }

  // Compacting whatever range begins with writing out what is in memory.
  void Flush() override {
    const leveldb::Slice nothing;
    database_->CompactRange(&nothing, &nothing);
  }

  void Settle() override { database_->CompactRange(nullptr, nullptr); }

  // The last column of a table for people, in MiB.
  uint64_t BytesWritten() override {
    std::string text;
    database_->GetProperty("leveldb.stats", &text);
    std::istringstream lines(text);
    double written = 0;
    for (std::string line; std::getline(lines, line);) {
      std::istringstream columns(line);
      double level = 0, files = 0, size = 0, seconds = 0, read = 0, write = 0;
      if (columns >> level >> files >> size >> seconds >> read >> write) written += write;
    }
    return static_cast<uint64_t>(written * 0x1p20);
  }

  uint64_t LogBytesWritten() override { return log_bytes_.load(); }

 private:
  const BenchDurability durability_;
  RecordLocks locks_;
  std::atomic<uint64_t> log_bytes_{0};
  const std::unique_ptr<leveldb::Cache> cache_;
  const std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> database_;
};

}  // namespace

EngineKind LevelDbEngine() {
  return {.name = "leveldb",
          .open = [](const std::string& path, const EngineOptions& options) -> std::unique_ptr<Engine> {
            return std::make_unique<LevelDatabase>(path, options);
          },
          .is_not_data = [](const std::string& file_name) { return file_name.starts_with("LO"); },
          .merges_on_demand = false,
          .deletes_ranges = false};
}
