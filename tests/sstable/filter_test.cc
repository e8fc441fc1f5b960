#include "sstable/filter.h"

#include <string>
#include <vector>

#include "io/random.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

SectionPayload PayloadOf(std::string_view bytes) {
  SectionPayload payload(bytes.size());
  bytes.copy(payload.data(), bytes.size());
  return payload;
}

Filter FilterOf(const std::vector<uint64_t>& tokens, int bits) {
  FilterBuilder builder(bits);
  for (uint64_t token : tokens) builder.Add(token);
  Filter filter;
  REQUIRE_OK(filter.Parse(PayloadOf(builder.Finish())));
  return filter;
}

TEST_CASE("filters know every token they were given and few others") {
  // Goal: no false negative, and a rate of false positives near that of a blocked Bloom filter, also for
  // tokens that share their upper bits, as those of one shard do. Method: many random tokens, as many others.
  Random random(1);
  for (const int shift : {0, 12, 24}) {
    for (const size_t count : {1, 10, 1000, 50000}) {
      std::vector<uint64_t> tokens;
      for (size_t i = 0; i < count; ++i) tokens.push_back(random.Next() >> shift);
      for (const auto& [bits, rate_max] : {std::pair{10, 0.02}, std::pair{4, 0.25}, std::pair{20, 0.002}}) {
        const Filter filter = FilterOf(tokens, bits);
        for (uint64_t token : tokens) REQUIRE(filter.MayContain(token));
        size_t positives = 0;
        for (int i = 0; i < 20000; ++i) positives += filter.MayContain(random.Next() >> shift);
        INFO(count << " tokens of " << bits << " bits, shifted by " << shift);
        CHECK(static_cast<double>(positives) / 20000 < rate_max);
        CHECK(filter.byte_count() <= count * static_cast<size_t>(bits) / 8 + 72);
      }
    }
  }
}

TEST_CASE("filters without tokens or bits are none, damaged ones are refused") {
  // Goal: the edges of the encoding. Method: literal cases, and every cut of a filter.
  FilterBuilder none(0);
  none.Add(7);
  CHECK(none.Finish().empty());
  FilterBuilder builder(10);
  CHECK(builder.Finish().empty());
  builder.Add(7);
  builder.Add(3);
  builder.Add(7);
  const std::string bytes = builder.Finish();
  CHECK(bytes.size() == 72);
  CHECK(builder.token_count() == 0);
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK(!Filter().Parse(PayloadOf(bytes.substr(0, size))).ok());
  }
  for (size_t at = 64; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(0x7f);
    CHECK(!Filter().Parse(PayloadOf(damaged)).ok());
  }
}

}  // namespace
}  // namespace stoa
