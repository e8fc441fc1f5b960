// RocksDB, tuned as its wiki advises ("Setup Options and Basic Tuning"), with wide-column data mapped as its
// users do:
//   key    token of the partition (8 bytes, big-endian) | sensor (8) | inverted time (8), so that the newest
//   comes first value  the four columns, packed: 32 bytes
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include "engine.h"

namespace {

constexpr size_t kKeyBytes = 24;
constexpr size_t kPartitionBytes = 16;

void Check(const rocksdb::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "rocksdb: %s\n", status.ToString().c_str());
  std::exit(1);
}

rocksdb::Options TunedOptions(const EngineOptions& engine_options) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.IncreaseParallelism(engine_options.background_threads);
  options.disable_auto_compactions = !engine_options.merges;
  options.compression = rocksdb::kZSTD;
  options.write_buffer_size = std::min(engine_options.memory_bytes / 16, size_t{64} << 20);
  options.max_write_buffer_number = 4;
  options.level_compaction_dynamic_level_bytes = true;
  options.compaction_pri = rocksdb::kMinOverlappingRatio;
  options.bytes_per_sync = 1 << 20;

  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;
  table.block_cache = rocksdb::NewLRUCache(engine_options.memory_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

void PutBigEndian(uint64_t value, char* to) {
  value = __builtin_bswap64(value);
  std::memcpy(to, &value, sizeof value);
}

struct Key {
  Key(int64_t sensor, int64_t time) {
    PutBigEndian(KeyChooser::Mix(static_cast<uint64_t>(sensor)), bytes);
    PutBigEndian(static_cast<uint64_t>(sensor), bytes + 8);
    PutBigEndian(~static_cast<uint64_t>(time), bytes + 16);
  }
  rocksdb::Slice slice() const { return rocksdb::Slice(bytes, kKeyBytes); }
  rocksdb::Slice partition() const { return rocksdb::Slice(bytes, kPartitionBytes); }

  char bytes[kKeyBytes];
};

rocksdb::Slice PackedValues(const Sample& sample) {
  return rocksdb::Slice(reinterpret_cast<const char*>(sample.values.data()), sizeof sample.values);
}

double Column(const rocksdb::Slice& value, size_t column) {
  double result;
  std::memcpy(&result, value.data() + column * sizeof result, sizeof result);
  return result;
}

class RocksDatabase : public Engine {
 public:
  RocksDatabase(const std::string& path, const EngineOptions& options) {
    rocksdb::DB* database = nullptr;
    Check(rocksdb::DB::Open(TunedOptions(options), path, &database));
    database_.reset(database);
  }
  ~RocksDatabase() override {
    value_.Reset();  // lets go of the cached block before the cache goes
    Check(database_->Close());
  }

  void Write(std::span<const Sample> samples) override {
    if (samples.size() == 1) {
      Check(database_->Put(write_options_, Key(samples[0].sensor, samples[0].time).slice(),
                           PackedValues(samples[0])));
      return;
    }
    batch_.Clear();
    for (const Sample& sample : samples) {
      Check(batch_.Put(Key(sample.sensor, sample.time).slice(), PackedValues(sample)));
    }
    Check(database_->Write(write_options_, &batch_));
  }

  void Delete(std::span<const Sample> samples) override {
    batch_.Clear();
    for (const Sample& sample : samples) Check(batch_.Delete(Key(sample.sensor, sample.time).slice()));
    Check(database_->Write(write_options_, &batch_));
  }

  void DeleteNewest(int64_t sensor, int64_t time) override {
    const Key first(sensor, INT64_MAX);
    const Key behind(sensor, time - 1);
    Check(database_->DeleteRange(write_options_, database_->DefaultColumnFamily(), first.slice(),
                                 behind.slice()));
  }

  void Flush() override { Check(database_->Flush(rocksdb::FlushOptions())); }

  bool Newest(int64_t sensor, int64_t* time) override {
    const Key first(sensor, INT64_MAX);
    std::unique_ptr<rocksdb::Iterator> rows(database_->NewIterator(rocksdb::ReadOptions()));
    rows->Seek(first.slice());
    Check(rows->status());
    if (!rows->Valid() || !rows->key().starts_with(first.partition())) return false;
    uint64_t inverted = 0;
    std::memcpy(&inverted, rows->key().data() + kPartitionBytes, sizeof inverted);
    *time = static_cast<int64_t>(~__builtin_bswap64(inverted));
    return true;
  }

  void Settle() override {
    Check(database_->Flush(rocksdb::FlushOptions()));
    Check(database_->CompactRange(rocksdb::CompactRangeOptions(), nullptr, nullptr));
  }

  bool Get(int64_t sensor, int64_t time, std::array<double, kColumns>* values) override {
    value_.Reset();
    const rocksdb::Status status = database_->Get(rocksdb::ReadOptions(), database_->DefaultColumnFamily(),
                                                  Key(sensor, time).slice(), &value_);
    if (status.IsNotFound()) return false;
    Check(status);
    std::memcpy(values->data(), value_.data(), sizeof *values);
    return true;
  }

  double SumNewest(int64_t sensor, size_t rows) override {
    const Key first(sensor, INT64_MAX);
    std::unique_ptr<rocksdb::Iterator> rows_of_sensor(database_->NewIterator(rocksdb::ReadOptions()));
    double sum = 0;
    for (rows_of_sensor->Seek(first.slice()); rows > 0 && rows_of_sensor->Valid();
         rows_of_sensor->Next(), --rows) {
      if (!rows_of_sensor->key().starts_with(first.partition())) break;
      for (size_t column = 0; column < kColumns; ++column) sum += Column(rows_of_sensor->value(), column);
    }
    Check(rows_of_sensor->status());
    return sum;
  }

  double SumColumn(size_t column) override {
    std::unique_ptr<rocksdb::Iterator> all(database_->NewIterator(rocksdb::ReadOptions()));
    double sum = 0;
    for (all->SeekToFirst(); all->Valid(); all->Next()) sum += Column(all->value(), column);
    Check(all->status());
    return sum;
  }

  uint64_t BytesWritten() override {
    std::map<std::string, std::string> statistics;
    database_->GetMapProperty(rocksdb::DB::Properties::kCFStats, &statistics);
    return static_cast<uint64_t>(std::stod(statistics["compaction.Sum.WriteGB"]) * 0x1p30);
  }

 private:
  std::unique_ptr<rocksdb::DB> database_;
  const rocksdb::WriteOptions write_options_;  // the log is written, not synced
  rocksdb::WriteBatch batch_;
  rocksdb::PinnableSlice value_;
};

}  // namespace

EngineKind RocksDbEngine() {
  return {"rocksdb",
          [](const std::string& path, const EngineOptions& options) -> std::unique_ptr<Engine> {
            return std::make_unique<RocksDatabase>(path, options);
          },
          [](const std::string& file_name) { return file_name.starts_with("LOG"); }};
}
