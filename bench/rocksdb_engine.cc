// RocksDB, tuned as its wiki advises ("Setup Options and Basic Tuning"); rows as packed_rows.h maps them.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include "engine.h"
#include "packed_rows.h"

namespace {

void Check(const rocksdb::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "rocksdb: %s\n", status.ToString().c_str());
  std::exit(1);
}

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

constexpr size_t kSmallMemory = size_t{256} << 20;

// A quarter of the memory is for four write buffers, the rest for blocks.
rocksdb::Options TunedOptions(const EngineOptions& engine_options) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.IncreaseParallelism(engine_options.background_threads);
  options.disable_auto_compactions = !engine_options.merges;
  options.compression = rocksdb::kZSTD;
  options.max_write_buffer_number = 4;
  options.write_buffer_size = engine_options.memory_bytes / 16;
  options.level_compaction_dynamic_level_bytes = true;
  options.compaction_pri = rocksdb::kMinOverlappingRatio;
  options.bytes_per_sync = 1 << 20;

  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;
  table.block_cache = rocksdb::NewLRUCache(engine_options.memory_bytes / 4 * 3);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  // A file's filter and index are a block each, which a small cache (in 64 shards or less) has no room for:
  // every read of a cold database would load megabytes of filter. Its wiki, "Partitioned Index Filters", is
  // for that.
  if (engine_options.memory_bytes < kSmallMemory) {
    table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
    table.partition_filters = true;
    table.metadata_block_size = 4 << 10;
    table.cache_index_and_filter_blocks_with_high_priority = true;
    table.pin_top_level_index_and_filter = true;
  }
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::WriteOptions WriteOptionsFor(BenchDurability durability) {
  rocksdb::WriteOptions options;  // the log is written, not synced
  options.disableWAL = durability == BenchDurability::kNone;
  options.sync = durability == BenchDurability::kMachine;
  return options;
}

class RocksSession {
 public:
  RocksSession(rocksdb::DB* database, BenchDurability durability)
      : database_(database), write_options_(WriteOptionsFor(durability)) {}

  template <typename Fill>
  void Write(size_t, Fill fill) {
    batch_.Clear();
    fill(*this);
    Check(database_->Write(write_options_, &batch_));
  }
  // What `fill` calls.
  void Put(std::string_view key, std::string_view value) { Check(batch_.Put(ToSlice(key), ToSlice(value))); }
  void Erase(std::string_view key) { Check(batch_.Delete(ToSlice(key))); }

  void EraseRange(std::string_view from, std::string_view to) {
    Check(
        database_->DeleteRange(write_options_, database_->DefaultColumnFamily(), ToSlice(from), ToSlice(to)));
  }

  bool Get(std::string_view key, std::string_view* value) {
    value_.Reset();
    const rocksdb::Status status =
        database_->Get(read_options_, database_->DefaultColumnFamily(), ToSlice(key), &value_);
    if (status.IsNotFound()) return false;
    Check(status);
    *value = ToView(value_);
    return true;
  }

  template <typename Each>
  void Scan(std::string_view from, Each each) {
    const std::unique_ptr<rocksdb::Iterator> entries(database_->NewIterator(read_options_));
    entries->Seek(ToSlice(from));
    while (entries->Valid() && each(ToView(entries->key()), ToView(entries->value()))) entries->Next();
    Check(entries->status());
  }

  template <typename Each>
  void ScanBack(std::string_view from, Each each) {
    const std::unique_ptr<rocksdb::Iterator> entries(database_->NewIterator(read_options_));
    entries->SeekForPrev(ToSlice(from));
    while (entries->Valid() && each(ToView(entries->key()), ToView(entries->value()))) entries->Prev();
    Check(entries->status());
  }

 private:
  rocksdb::DB* database_;
  rocksdb::WriteOptions write_options_;
  rocksdb::ReadOptions read_options_;
  rocksdb::WriteBatch batch_;
  rocksdb::PinnableSlice value_;
};

class RocksDatabase : public Engine {
 public:
  RocksDatabase(const std::string& path, const EngineOptions& options) : durability_(options.durability) {
    rocksdb::DB* database = nullptr;
    Check(rocksdb::DB::Open(TunedOptions(options), path, &database));
    database_.reset(database);
  }
  ~RocksDatabase() override { Check(database_->Close()); }

  std::unique_ptr<Client> NewClient() override {
    return std::make_unique<PackedRows<RocksSession>>(&locks_, database_.get(), durability_);
  }

  void Flush() override { Check(database_->Flush(rocksdb::FlushOptions())); }

  void Settle() override {
    Flush();
    Check(database_->CompactRange(rocksdb::CompactRangeOptions(), nullptr, nullptr));
  }

  uint64_t BytesWritten() override {
    std::map<std::string, std::string> statistics;
    database_->GetMapProperty(rocksdb::DB::Properties::kCFStats, &statistics);
    return static_cast<uint64_t>(std::stod(statistics["compaction.Sum.WriteGB"]) * 0x1p30);
  }

  uint64_t LogBytesWritten() override {
    std::map<std::string, std::string> statistics;
    database_->GetMapProperty(rocksdb::DB::Properties::kDBStats, &statistics);
    return std::stoull(statistics["db.wal_bytes_written"]);
  }

 private:
  const BenchDurability durability_;
  RecordLocks locks_;
  std::unique_ptr<rocksdb::DB> database_;
};

}  // namespace

EngineKind RocksDbEngine() {
  return {"rocksdb",
          [](const std::string& path, const EngineOptions& options) -> std::unique_ptr<Engine> {
            return std::make_unique<RocksDatabase>(path, options);
          },
          [](const std::string& file_name) { return file_name.starts_with("LOG"); }};
}
