// The generators of the benchmarks: keys and frequencies are compared with those of YCSB, values with what
// makes them useful, namely that they are made again alike and do not compress.
#include "../bench/generators.h"

#include <zstd.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "support/catch.h"

namespace {

constexpr int kDraws = 1'000'000;

std::vector<int> Frequencies(RecordChooser* chooser, uint64_t records) {
  KeyChooser random(1);
  std::vector<int> frequencies(records);
  for (int i = 0; i < kDraws; ++i) ++frequencies.at(chooser->Next(&random));
  return frequencies;
}

// Within five standard deviations of a binomial distribution.
bool IsAbout(int times, double share) {
  return std::abs(times - kDraws * share) < 5 * std::sqrt(kDraws * share) + 1;
}

}  // namespace

TEST_CASE("keys are those of YCSB") {
  RecordMaker maker(RecordShape{});
  CHECK(maker.Key(0) == "user6284781860667377211");
  CHECK(maker.Key(1) == "user8517097267634966620");
  CHECK(maker.Key(2) == "user1820151046732198393");
  RecordMaker padded(RecordShape{5, 10, 25});
  CHECK(padded.Key(0) == "user006284781860667377211");
}

TEST_CASE("values are functions of record, field and version, all different, and do not compress") {
  RecordMaker maker(RecordShape{});
  std::set<std::string> values;
  std::string all;
  for (uint64_t record = 0; record < 10; ++record) {
    for (uint64_t version = 0; version < 10; ++version) {
      const auto fields = maker.Fields(record, version);
      for (size_t field = 0; field < fields.size(); ++field) {
        REQUIRE(fields[field].size() == 100);
        CHECK(fields[field] == RecordMaker(RecordShape{}).Value(record, field, version));
        values.emplace(fields[field]);
        all += fields[field];
      }
    }
  }
  CHECK(values.size() == 1000);
  std::string compressed(ZSTD_compressBound(all.size()), '\0');
  CHECK(ZSTD_compress(compressed.data(), compressed.size(), all.data(), all.size(), 19) >
        all.size() * 99 / 100);
}

TEST_CASE("zipfian ranks have the frequencies of their law") {
  double sum = 0;
  for (int rank = 1; rank <= 1000; ++rank) sum += 1 / std::pow(rank, Zipfian::kTheta);
  Zipfian zipfian(500);
  for (int i = 0; i < 500; ++i) zipfian.Grow();
  KeyChooser random(1);
  std::vector<int> frequencies(1000);
  for (int i = 0; i < kDraws; ++i) ++frequencies.at(zipfian.Next(&random));
  CHECK(IsAbout(frequencies[0], 1 / sum));
  CHECK(IsAbout(frequencies[1], 1 / std::pow(2, Zipfian::kTheta) / sum));
  // The others approximately: the method replaces the sum by an integral.
  int half = 0;
  double half_share = 0;
  for (size_t rank = 0; rank < 500; ++rank) {
    half += frequencies[rank];
    half_share += 1 / std::pow(rank + 1, Zipfian::kTheta) / sum;
  }
  CHECK(std::abs(half - kDraws * half_share) < kDraws * 0.01);
}

TEST_CASE("records are chosen as YCSB does: scattered, the newest, all alike") {
  constexpr uint64_t kRecords = 1000;
  RecordChooser scattered(Choice::kZipfian, kRecords, kRecords);
  const std::vector<int> few = Frequencies(&scattered, kRecords);
  // The most frequent rank of 10^10; besides it the tail puts a little on every record.
  const int most = few[YcsbHash(0) % kRecords];
  CHECK(most == *std::max_element(few.begin(), few.end()));
  CHECK(most > kDraws / 26.47);
  CHECK(most < kDraws / 26.47 * 1.05);

  RecordChooser latest(Choice::kLatest, kRecords - 1, kRecords);
  latest.Grow();
  const std::vector<int> newest = Frequencies(&latest, kRecords);
  CHECK(newest[kRecords - 1] > newest[kRecords - 2]);
  CHECK(newest[kRecords - 2] > newest[kRecords - 100]);
  CHECK(newest[0] > 0);

  RecordChooser uniform(Choice::kUniform, kRecords, kRecords);
  for (const int times : Frequencies(&uniform, kRecords)) CHECK(IsAbout(times, 1.0 / kRecords));
}

TEST_CASE("records that are not there yet are not chosen, and new ones move no others") {
  RecordChooser before(Choice::kZipfian, 500, 1000);
  RecordChooser after(Choice::kZipfian, 500, 1000);
  for (int i = 0; i < 250; ++i) after.Grow();
  const std::vector<int> of_few = Frequencies(&before, 1000);
  const std::vector<int> of_more = Frequencies(&after, 1000);
  for (size_t record = 500; record < 1000; ++record) REQUIRE(of_few[record] == 0);
  for (size_t record = 750; record < 1000; ++record) REQUIRE(of_more[record] == 0);
  const auto hottest = std::max_element(of_few.begin(), of_few.end()) - of_few.begin();
  CHECK(of_more[static_cast<size_t>(hottest)] == *std::max_element(of_more.begin(), of_more.begin() + 500));
}
