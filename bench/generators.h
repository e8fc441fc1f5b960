// Keys, values and choices of the workloads of records, such that any answer can be checked without anything
// having been stored: a key is a function of its record's number, a value of record, field and version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "series.h"

/// YCSB's hash of numbers: 64-bit FNV-1a over the eight bytes, lowest first, without its sign.
uint64_t YcsbHash(uint64_t number);

/// What the records of a table are like.
struct RecordShape {
  size_t fields = 10;
  size_t field_bytes = 100;
  /// Keys are filled up with zeros to so many bytes; 0 leaves them as they are, 5 to 23 bytes.
  size_t key_bytes = 0;

  size_t value_bytes() const { return fields * field_bytes; }
};

/// Makes keys and values. All views hold until the next call of the function they come from.
class RecordMaker {
 public:
  explicit RecordMaker(const RecordShape& shape);

  const RecordShape& shape() const { return shape_; }
  /// "user" and the hash of the number, as YCSB makes them.
  std::string_view Key(uint64_t record);
  /// Bytes that do not compress.
  std::string_view Value(uint64_t record, size_t field, uint64_t version);
  /// All fields at one version.
  std::span<const std::string_view> Fields(uint64_t record, uint64_t version);

 private:
  void Fill(uint64_t record, size_t field, uint64_t version, char* to) const;

  const RecordShape shape_;
  std::string key_;
  std::string value_;
  std::string record_;
  std::vector<std::string_view> fields_;
};

/// Ranks from 0, of which rank r comes with a frequency proportional to 1 / (r + 1)^0.99: the method of Gray
/// et al., "Quickly generating billion-record synthetic databases" (SIGMOD 1994), with the constants of YCSB.
class Zipfian {
 public:
  static constexpr double kTheta = 0.99;

  explicit Zipfian(uint64_t items);
  /// The same with the sum of all 1 / (r + 1)^0.99 known beforehand.
  Zipfian(uint64_t items, double sum);

  uint64_t Next(KeyChooser* random) const;
  /// One item more.
  void Grow();

 private:
  void Derive();

  uint64_t items_;
  double sum_;
  double eta_ = 0;
};

/// How records are chosen: all alike; few often, scattered over all; the newest most often.
enum class Choice { kUniform, kZipfian, kLatest };

/// Chooses among the records 0 to count - 1, where the count grows.
class RecordChooser {
 public:
  /// `count_max` is what the count may grow to.
  RecordChooser(Choice choice, uint64_t count, uint64_t count_max);

  uint64_t Next(KeyChooser* random) const;
  void Grow();
  uint64_t count() const { return count_; }

 private:
  const Choice choice_;
  uint64_t count_;
  const uint64_t count_max_;
  Zipfian zipfian_;
};
