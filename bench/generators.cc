#include "generators.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace {

constexpr std::string_view kKeyPrefix = "user";
constexpr size_t kHashDigitsMax = 19;

// YCSB draws scattered ranks from so many items, whatever the number of records, and with this sum.
constexpr uint64_t kScatteredItems = 10'000'000'000;
constexpr double kScatteredSum = 26.46902820178302;

double Weight(uint64_t rank) { return 1 / std::pow(static_cast<double>(rank + 1), Zipfian::kTheta); }

double SumOfWeights(uint64_t items) {
  double sum = 0;
  for (uint64_t rank = 0; rank < items; ++rank) sum += Weight(rank);
  return sum;
}

}  // namespace

uint64_t YcsbHash(uint64_t number) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (int i = 0; i < 8; ++i) {
    hash = (hash ^ (number & 0xff)) * 1'099'511'628'211u;
    number >>= 8;
  }
  return static_cast<int64_t>(hash) < 0 ? -hash : hash;
}

RecordMaker::RecordMaker(const RecordShape& shape)
    : shape_(shape), value_(shape.field_bytes, '\0'), record_(shape.value_bytes(), '\0') {
  for (size_t field = 0; field < shape.fields; ++field) {
    fields_.push_back(std::string_view(record_).substr(field * shape.field_bytes, shape.field_bytes));
  }
}

std::string_view RecordMaker::Key(uint64_t record) {
  char digits[kHashDigitsMax];
  const char* end = std::to_chars(digits, digits + sizeof digits, YcsbHash(record)).ptr;
  const auto size = static_cast<size_t>(end - digits);
  key_ = kKeyPrefix;
  if (shape_.key_bytes > key_.size() + size) key_.resize(shape_.key_bytes - size, '0');
  key_.append(digits, size);
  return key_;
}

std::string_view RecordMaker::Value(uint64_t record, size_t field, uint64_t version) {
  Fill(record, field, version, value_.data());
  return value_;
}

std::span<const std::string_view> RecordMaker::Fields(uint64_t record, uint64_t version) {
  for (size_t field = 0; field < shape_.fields; ++field) {
    Fill(record, field, version, record_.data() + field * shape_.field_bytes);
  }
  return fields_;
}

void RecordMaker::Fill(uint64_t record, size_t field, uint64_t version, char* to) const {
  KeyChooser words(KeyChooser::Mix(record * shape_.fields + field) + KeyChooser::Mix(~version));
  for (size_t left = shape_.field_bytes; left > 0;) {
    const uint64_t word = words.Next();
    const size_t size = std::min(left, sizeof word);
    std::memcpy(to, &word, size);
    to += size;
    left -= size;
  }
}

Zipfian::Zipfian(uint64_t items) : Zipfian(items, SumOfWeights(items)) {}

Zipfian::Zipfian(uint64_t items, double sum) : items_(items), sum_(sum) { Derive(); }

void Zipfian::Derive() {
  const double sum_of_two = 1 + Weight(1);
  eta_ = (1 - std::pow(2 / static_cast<double>(items_), 1 - kTheta)) / (1 - sum_of_two / sum_);
}

void Zipfian::Grow() {
  sum_ += Weight(items_++);
  Derive();
}

uint64_t Zipfian::Next(KeyChooser* random) const {
  const double uniform = static_cast<double>(random->Next() >> 11) * 0x1p-53;
  if (uniform * sum_ < 1) return 0;
  if (uniform * sum_ < 1 + Weight(1)) return 1;
  const double share = std::pow(eta_ * uniform - eta_ + 1, 1 / (1 - kTheta));
  return static_cast<uint64_t>(static_cast<double>(items_) * share);
}

RecordChooser::RecordChooser(Choice choice, uint64_t count, uint64_t count_max)
    : choice_(choice),
      count_(count),
      count_max_(count_max),
      zipfian_(choice == Choice::kLatest ? Zipfian(count) : Zipfian(kScatteredItems, kScatteredSum)) {}

uint64_t RecordChooser::Next(KeyChooser* random) const {
  switch (choice_) {
    case Choice::kUniform:
      return random->Next() % count_;
    case Choice::kLatest:
      return count_ - 1 - zipfian_.Next(random);
    case Choice::kZipfian:
      break;
  }
  // Scattered over all records that will ever be, so that new ones do not move the others.
  for (;;) {
    const uint64_t record = YcsbHash(zipfian_.Next(random)) % count_max_;
    if (record < count_) return record;
  }
}

void RecordChooser::Grow() {
  ++count_;
  if (choice_ == Choice::kLatest) zipfian_.Grow();
}
