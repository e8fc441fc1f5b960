// How users of ordered maps of byte strings keep wide-column data: the mapping that all such engines share.
//
//   samples  key    token of the sensor (8 bytes, big-endian) | sensor (8) | inverted time (8), so that the
//                   newest comes first
//            value  the four columns: 32 bytes
//   records  key    token of the key (8 bytes, big-endian) | key
//            value  each field: its length (2 bytes) and its bytes
//
// An update of one field reads the record, changes it and puts it back, which no other write to the record
// may come between: records are written under one of many locks, chosen by the key.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine.h"

inline void PutBigEndian(uint64_t value, char* to) {
  value = __builtin_bswap64(value);
  std::memcpy(to, &value, sizeof value);
}

class SampleKey {
 public:
  SampleKey(int64_t sensor, int64_t time) {
    PutBigEndian(KeyChooser::Mix(static_cast<uint64_t>(sensor)), bytes_.data());
    PutBigEndian(static_cast<uint64_t>(sensor), bytes_.data() + 8);
    PutBigEndian(~static_cast<uint64_t>(time), bytes_.data() + 16);
  }
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }
  std::string_view partition() const { return {bytes_.data(), 16}; }
  static int64_t Time(std::string_view key) {
    uint64_t inverted = 0;
    std::memcpy(&inverted, key.data() + 16, sizeof inverted);
    return static_cast<int64_t>(~__builtin_bswap64(inverted));
  }

 private:
  std::array<char, 24> bytes_;
};

inline uint64_t RecordToken(std::string_view key) { return std::hash<std::string_view>()(key); }

/// Locks of the records of a database, shared by its clients.
class RecordLocks {
 public:
  std::mutex& Of(uint64_t token) { return locks_[token % locks_.size()]; }

 private:
  std::array<std::mutex, 1024> locks_;
};

/// A client of an engine that is an ordered map of byte strings. `Session` is one thread's handle on it:
///
///     // One atomic write of what fill(batch) does: `changes` calls of batch.Put(key, value) or
///     // batch.Erase(key). May be called again when the write collided with another.
///     template <typename Fill> void Write(size_t changes, Fill fill);
///     bool Get(std::string_view key, std::string_view* value);
///     // Call each(key, value) for all from the first at or after `from` (ScanBack: from the last at or
///     // before it) on, until it returns false.
///     template <typename Each> void Scan(std::string_view from, Each each);
///     template <typename Each> void ScanBack(std::string_view from, Each each);
///     // Where the engine has such; what is at `to` stays.
///     void EraseRange(std::string_view from, std::string_view to);
///
/// Views that it hands out hold until the session's next call.
template <typename Session>
class PackedRows : public Client {
 public:
  /// `locks` are used as long as this is; `arguments` make the session.
  template <typename... Arguments>
  explicit PackedRows(RecordLocks* locks, Arguments&&... arguments)
      : session_(std::forward<Arguments>(arguments)...), locks_(*locks) {}

  void Write(std::span<const Sample> samples) override {
    session_.Write(samples.size(), [&](auto& batch) {
      for (const Sample& sample : samples) {
        batch.Put(SampleKey(sample.sensor, sample.time).view(),
                  {reinterpret_cast<const char*>(sample.values.data()), sizeof sample.values});
      }
    });
  }

  void Delete(std::span<const Sample> samples) override {
    session_.Write(samples.size(), [&](auto& batch) {
      for (const Sample& sample : samples) batch.Erase(SampleKey(sample.sensor, sample.time).view());
    });
  }

  void DeleteNewest(int64_t sensor, int64_t time) override {
    const SampleKey first(sensor, INT64_MAX);
    const SampleKey behind(sensor, time - 1);
    if constexpr (requires { session_.EraseRange(first.view(), behind.view()); }) {
      session_.EraseRange(first.view(), behind.view());
    } else {
      std::vector<std::string> keys;
      session_.Scan(first.view(), [&](std::string_view key, std::string_view) {
        if (key >= behind.view()) return false;
        keys.emplace_back(key);
        return true;
      });
      session_.Write(keys.size(), [&](auto& batch) {
        for (const std::string& key : keys) batch.Erase(key);
      });
    }
  }

  bool Get(int64_t sensor, int64_t time, std::array<double, kColumns>* values) override {
    std::string_view value;
    if (!session_.Get(SampleKey(sensor, time).view(), &value)) return false;
    std::memcpy(values->data(), value.data(), sizeof *values);
    return true;
  }

  bool Newest(int64_t sensor, int64_t* time) override {
    const SampleKey first(sensor, INT64_MAX);
    bool found = false;
    session_.Scan(first.view(), [&](std::string_view key, std::string_view) {
      found = key.starts_with(first.partition());
      if (found) *time = SampleKey::Time(key);
      return false;
    });
    return found;
  }

  double SumNewest(int64_t sensor, size_t rows) override {
    const SampleKey first(sensor, INT64_MAX);
    double sum = 0;
    session_.Scan(first.view(), SummingRows(first.partition(), rows, &sum));
    return sum;
  }

  double SumAscending(int64_t sensor, int64_t from_time, size_t rows) override {
    const SampleKey oldest(sensor, from_time);
    double sum = 0;
    session_.ScanBack(oldest.view(), SummingRows(oldest.partition(), rows, &sum));
    return sum;
  }

  double SumColumn(size_t column) override {
    double sum = 0;
    session_.Scan("", [&](std::string_view, std::string_view value) {
      sum += Column(value, column);
      return true;
    });
    return sum;
  }

  double SumAll() override {
    double sum = 0;
    session_.Scan("", [&](std::string_view, std::string_view value) {
      sum += SumOfColumns(value);
      return true;
    });
    return sum;
  }

  void Insert(std::string_view key, std::span<const std::string_view> fields) override {
    const uint64_t token = SetRecordKey(key);
    value_.clear();
    for (const std::string_view field : fields) AppendField(field);
    const std::lock_guard lock(locks_.Of(token));
    PutRecord();
  }

  void Update(std::string_view key, size_t field, std::string_view value) override {
    const std::lock_guard lock(locks_.Of(SetRecordKey(key)));
    std::string_view record;
    if (!session_.Get(key_, &record)) {
      std::fprintf(stderr, "update of a record that is not there: %s\n", std::string(key).c_str());
      std::exit(1);
    }
    value_.clear();
    for (size_t i = 0; !record.empty(); ++i) {
      const std::string_view present = TakeField(&record);
      AppendField(i == field ? value : present);
    }
    PutRecord();
  }

  void Remove(std::string_view key) override {
    const std::lock_guard lock(locks_.Of(SetRecordKey(key)));
    session_.Write(1, [&](auto& batch) { batch.Erase(key_); });
  }

  bool Read(std::string_view key, std::vector<std::string_view>* fields) override {
    SetRecordKey(key);
    std::string_view record;
    if (!session_.Get(key_, &record)) return false;
    fields->clear();
    while (!record.empty()) fields->push_back(TakeField(&record));
    return true;
  }

  size_t Scan(std::string_view key, size_t records) override {
    key_.clear();
    if (!key.empty()) SetRecordKey(key);
    size_t bytes = 0;
    if (records == 0) return 0;
    session_.Scan(key_, [&](std::string_view, std::string_view record) {
      while (!record.empty()) bytes += TakeField(&record).size();
      return --records > 0;
    });
    return bytes;
  }

 private:
  static double Column(std::string_view value, size_t column) {
    double result;
    std::memcpy(&result, value.data() + column * sizeof result, sizeof result);
    return result;
  }
  static double SumOfColumns(std::string_view value) {
    double sum = 0;
    for (size_t column = 0; column < kColumns; ++column) sum += Column(value, column);
    return sum;
  }
  // Adds up to `rows` rows of a partition to `sum`.
  static auto SummingRows(std::string_view partition, size_t rows, double* sum) {
    return [=](std::string_view key, std::string_view value) mutable {
      if (rows == 0 || !key.starts_with(partition)) return false;
      *sum += SumOfColumns(value);
      return --rows > 0;
    };
  }

  uint64_t SetRecordKey(std::string_view key) {
    const uint64_t token = RecordToken(key);
    key_.resize(sizeof token);
    PutBigEndian(token, key_.data());
    key_.append(key);
    return token;
  }
  void AppendField(std::string_view field) {
    const auto size = static_cast<uint16_t>(field.size());
    value_.append(reinterpret_cast<const char*>(&size), sizeof size);
    value_.append(field);
  }
  static std::string_view TakeField(std::string_view* record) {
    uint16_t size = 0;
    std::memcpy(&size, record->data(), sizeof size);
    const std::string_view field = record->substr(sizeof size, size);
    record->remove_prefix(sizeof size + size);
    return field;
  }
  void PutRecord() {
    session_.Write(1, [&](auto& batch) { batch.Put(key_, value_); });
  }

  Session session_;
  RecordLocks& locks_;
  // Of the record being written or looked for.
  std::string key_;
  std::string value_;
};
