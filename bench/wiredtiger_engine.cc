// WiredTiger's B-tree, tuned as its documentation advises ("Tuning"), checkpoints as often as MongoDB takes
// them; rows as packed_rows.h maps them. Of the compressors that Debian packages snappy is the one meant for
// speed.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <wiredtiger.h>

#include "engine.h"
#include "packed_rows.h"

namespace {

constexpr char kTable[] = "table:rows";
constexpr size_t kCacheBytesMin = 1 << 20;

void Check(int error) {
  if (error == 0) return;
  std::fprintf(stderr, "wiredtiger: %s\n", wiredtiger_strerror(error));
  std::exit(1);
}

WT_ITEM ToItem(std::string_view bytes) {
  WT_ITEM item{};
  item.data = bytes.data();
  item.size = bytes.size();
  return item;
}
std::string_view ToView(const WT_ITEM& item) { return {static_cast<const char*>(item.data), item.size}; }

std::string LogConfiguration(BenchDurability durability) {
  switch (durability) {
    case BenchDurability::kNone:
      return "log=(enabled=false)";
    case BenchDurability::kProcess:
      return "log=(enabled=true),transaction_sync=(enabled=true,method=none)";
    case BenchDurability::kMachine:
      return "log=(enabled=true),transaction_sync=(enabled=true,method=fsync)";
  }
  return "";
}

std::string Configuration(const EngineOptions& options) {
  const std::string threads = std::to_string(options.background_threads);
  return "create,cache_size=" + std::to_string(std::max(options.memory_bytes, kCacheBytesMin)) +
         ",eviction=(threads_min=1,threads_max=" + threads + "),checkpoint=(wait=60,log_size=2GB)" +
         ",statistics=(fast),extensions=[" STOA_BENCH_WIREDTIGER_SNAPPY "]," +
         LogConfiguration(options.durability);
}

class TigerSession {
 public:
  explicit TigerSession(WT_CONNECTION* connection) {
    Check(connection->open_session(connection, nullptr, "isolation=snapshot", &session_));
    Check(session_->open_cursor(session_, kTable, nullptr, nullptr, &cursor_));
  }
  ~TigerSession() { Check(session_->close(session_, nullptr)); }
  TigerSession(const TigerSession&) = delete;
  TigerSession& operator=(const TigerSession&) = delete;

  // A single change is a transaction by itself.
  template <typename Fill>
  void Write(size_t changes, Fill fill) {
    Release();
    if (changes == 1) {
      fill(*this);
      Check(error_);
      return;
    }
    do {
      error_ = 0;
      Check(session_->begin_transaction(session_, nullptr));
      fill(*this);
      if (error_ == 0) {
        error_ = session_->commit_transaction(session_, nullptr);
      } else {
        Check(session_->rollback_transaction(session_, nullptr));
      }
    } while (error_ == WT_ROLLBACK);
    Check(error_);
  }
  // What `fill` calls; after an error nothing.
  void Put(std::string_view key, std::string_view value) {
    if (error_ != 0) return;
    SetKey(key);
    const WT_ITEM item = ToItem(value);
    cursor_->set_value(cursor_, &item);
    error_ = cursor_->insert(cursor_);
  }
  void Erase(std::string_view key) {
    if (error_ != 0) return;
    SetKey(key);
    error_ = cursor_->remove(cursor_);
    if (error_ == WT_NOTFOUND) error_ = 0;
  }

  bool Get(std::string_view key, std::string_view* value) {
    SetKey(key);
    const int error = cursor_->search(cursor_);
    if (error == WT_NOTFOUND) return false;
    Check(error);
    *value = Value();
    return true;
  }

  template <typename Each>
  void Scan(std::string_view from, Each each) {
    int error = 0;
    if (from.empty()) {
      Release();
      error = cursor_->next(cursor_);
    } else {
      const int side = SearchNear(from, &error);
      if (error == 0 && side < 0) error = cursor_->next(cursor_);
    }
    while (error == 0 && each(Key(), Value())) error = cursor_->next(cursor_);
    Check(error == WT_NOTFOUND ? 0 : error);
    Release();
  }

  template <typename Each>
  void ScanBack(std::string_view from, Each each) {
    int error = 0;
    const int side = SearchNear(from, &error);
    if (error == 0 && side > 0) error = cursor_->prev(cursor_);
    while (error == 0 && each(Key(), Value())) error = cursor_->prev(cursor_);
    Check(error == WT_NOTFOUND ? 0 : error);
    Release();
  }

 private:
  // Where the cursor stands keeps old versions and pages in memory.
  void Release() { Check(cursor_->reset(cursor_)); }
  void SetKey(std::string_view key) {
    const WT_ITEM item = ToItem(key);
    cursor_->set_key(cursor_, &item);
  }
  // Less than 0: the cursor is before `key`; greater: behind it.
  int SearchNear(std::string_view key, int* error) {
    int side = 0;
    SetKey(key);
    *error = cursor_->search_near(cursor_, &side);
    return side;
  }
  std::string_view Key() {
    WT_ITEM item;
    Check(cursor_->get_key(cursor_, &item));
    return ToView(item);
  }
  std::string_view Value() {
    WT_ITEM item;
    Check(cursor_->get_value(cursor_, &item));
    return ToView(item);
  }

  WT_SESSION* session_ = nullptr;
  WT_CURSOR* cursor_ = nullptr;
  int error_ = 0;  // of what `fill` has called
};

class TigerDatabase : public Engine {
 public:
  TigerDatabase(const std::string& path, const EngineOptions& options) {
    std::filesystem::create_directories(path);
    Check(wiredtiger_open(path.c_str(), nullptr, Configuration(options).c_str(), &connection_));
    Check(connection_->open_session(connection_, nullptr, nullptr, &session_));
    Check(session_->create(session_, kTable, "key_format=u,value_format=u,block_compressor=snappy"));
  }
  ~TigerDatabase() override { Check(connection_->close(connection_, nullptr)); }

  std::unique_ptr<Client> NewClient() override {
    return std::make_unique<PackedRows<TigerSession>>(&locks_, connection_);
  }

  void Flush() override { Check(session_->checkpoint(session_, nullptr)); }
  void Settle() override { Flush(); }

  uint64_t BytesWritten() override { return Statistic(WT_STAT_CONN_BLOCK_BYTE_WRITE); }
  uint64_t LogBytesWritten() override { return Statistic(WT_STAT_CONN_LOG_BYTES_WRITTEN); }

 private:
  uint64_t Statistic(int key) {
    WT_CURSOR* statistics = nullptr;
    Check(session_->open_cursor(session_, "statistics:", nullptr, nullptr, &statistics));
    statistics->set_key(statistics, key);
    Check(statistics->search(statistics));
    const char* description = nullptr;
    const char* text = nullptr;
    uint64_t value = 0;
    Check(statistics->get_value(statistics, &description, &text, &value));
    Check(statistics->close(statistics));
    return value;
  }

  RecordLocks locks_;
  WT_CONNECTION* connection_ = nullptr;
  WT_SESSION* session_ = nullptr;
};

}  // namespace

EngineKind WiredTigerEngine() {
  return {.name = "wiredtiger",
          .open = [](const std::string& path, const EngineOptions& options) -> std::unique_ptr<Engine> {
            return std::make_unique<TigerDatabase>(path, options);
          },
          // Its log, which it makes in pieces of 100 MB and in advance.
          .is_not_data =
              [](const std::string& file_name) {
                return file_name.starts_with("WiredTigerLog") || file_name.starts_with("WiredTigerPreplog");
              },
          .merges_on_demand = false,
          .deletes_ranges = false};
}
