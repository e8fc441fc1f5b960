// Each encoding of a column of a block: choosing and writing it, reading all values, reading single ones.
#include <benchmark/benchmark.h>

#include <bit>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/random.h"
#include "micro/micro.h"
#include "sstable/block.h"
#include "sstable/encoding_bytes.h"
#include "sstable/encoding_presence.h"
#include "sstable/encoding_writer.h"

namespace stoa {
namespace {

constexpr uint32_t kValues = kBlockRowsMax;

// A sequence as it stands in a block.
template <typename Sequence>
struct Encoded {
  Sequence sequence;
  std::string section;

  template <typename Writer>
  explicit Encoded(const Writer& writer) {
    std::string descriptor;
    SectionBuffer payload;
    writer.AppendDescriptor(&descriptor);
    writer.AppendPayload(&payload);
    section = std::move(payload.bytes);
    Decoder in(descriptor);
    uint64_t end = 0;
    parsed = sequence.Parse(&in, kValues, &end);
  }
  bool parsed = false;
};

// Values for which an encoding is chosen.
struct Words {
  std::string name;
  WordEncoding encoding;
  NumberKind numbers;
  std::vector<uint64_t> values;

  Words(std::string word_name, WordEncoding chosen, const std::function<uint64_t(uint64_t)>& value,
        NumberKind kind = NumberKind::kInteger)
      : name(std::move(word_name)), encoding(chosen), numbers(kind) {
    for (uint64_t i = 0; i < kValues; ++i) values.push_back(value(i));
  }
  Encoded<WordSequence> Encode() const {
    WordWriter writer;
    writer.Plan(values, numbers);
    return Encoded<WordSequence>(writer);
  }
};

std::vector<Words> AllWords() {
  Random random(1);
  uint64_t sum = uint64_t{1} << 60;
  uint64_t hundredths = 2000;
  const uint64_t few[] = {5, 1ull << 63, 12345678901234567ULL, 17};
  const auto offsets = [&random](unsigned bytes) {
    return [&random, mask = ~uint64_t{0} >> (64 - 8 * bytes)](uint64_t) { return random.Next() & mask; };
  };
  return {
      {"constant", WordEncoding::kConstant, [](uint64_t) { return 77; }},
      {"linear", WordEncoding::kLinear, [](uint64_t i) { return 1000 + 3 * i; }},
      {"offset1", WordEncoding::kOffset, offsets(1)},
      {"offset2", WordEncoding::kOffset, offsets(2)},
      {"offset8", WordEncoding::kOffset, offsets(8)},
      {"delta", WordEncoding::kDelta, [&](uint64_t) { return sum += random.Uniform(200); }},
      {"dictionary", WordEncoding::kDictionary, [&](uint64_t) { return few[random.Uniform(4)]; }},
      {"decimal", WordEncoding::kDelta,
       [&](uint64_t) {
         hundredths += random.Uniform(21) - 10;
         return std::bit_cast<uint64_t>(static_cast<double>(hundredths) / 100);
       },
       NumberKind::kDouble},
  };
}

std::vector<uint32_t> RandomPlaces() {
  Random random(2);
  std::vector<uint32_t> places(kValues);
  for (uint32_t& place : places) place = static_cast<uint32_t>(random.Uniform(kValues));
  return places;
}

void CountValues(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * kValues); }

void EncodeWords(benchmark::State& state, const Words& words) {
  WordWriter writer;
  std::string descriptor;
  SectionBuffer payload;
  for (auto _ : state) {
    descriptor.clear();
    payload.Clear();
    writer.Plan(words.values, words.numbers);
    writer.AppendDescriptor(&descriptor);
    writer.AppendPayload(&payload);
    benchmark::DoNotOptimize(payload.bytes.data());
  }
  CountValues(state);
  state.counters["bytes"] = static_cast<double>(payload.bytes.size());
}

void DecodeWords(benchmark::State& state, const Words& words) {
  const Encoded<WordSequence> encoded = words.Encode();
  std::vector<uint64_t> out(kValues);
  if (!encoded.parsed || encoded.sequence.encoding != words.encoding)
    return state.SkipWithError("not the encoding meant");
  for (auto _ : state) {
    encoded.sequence.Decode(encoded.section.data(), 0, kValues, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  if (out != words.values) state.SkipWithError("decoded values differ");
  CountValues(state);
}

void GetWords(benchmark::State& state, const Words& words) {
  const Encoded<WordSequence> encoded = words.Encode();
  const std::vector<uint32_t> places = RandomPlaces();
  for (auto _ : state) {
    for (const uint32_t place : places) {
      benchmark::DoNotOptimize(encoded.sequence.Get(encoded.section.data(), place));
    }
  }
  CountValues(state);
}

// Strings of 16 bytes, of which so many are distinct.
ByteStrings Strings(uint64_t distinct) {
  Random random(1);
  ByteStrings strings;
  for (uint32_t i = 0; i < kValues; ++i) {
    const std::string digits = std::to_string(random.Uniform(distinct));
    strings.Add(std::string(16 - digits.size(), '.') + digits);
  }
  return strings;
}

void EncodeBytes(benchmark::State& state, uint64_t distinct) {
  const ByteStrings strings = Strings(distinct);
  ByteWriter writer;
  std::string descriptor;
  SectionBuffer payload;
  for (auto _ : state) {
    descriptor.clear();
    payload.Clear();
    writer.Plan(strings);
    writer.AppendDescriptor(&descriptor);
    writer.AppendPayload(&payload);
    benchmark::DoNotOptimize(payload.bytes.data());
  }
  CountValues(state);
}

Encoded<ByteSequence> EncodedStrings(const ByteStrings& strings) {
  ByteWriter writer;
  writer.Plan(strings);
  return Encoded<ByteSequence>(writer);
}

void DecodeBytes(benchmark::State& state, uint64_t distinct) {
  const ByteStrings strings = Strings(distinct);
  const Encoded<ByteSequence> encoded = EncodedStrings(strings);
  std::vector<std::string_view> out(kValues);
  ByteSequence::Scratch scratch;
  bool ok = encoded.parsed;
  for (auto _ : state) {
    ok = ok && encoded.sequence.Decode(encoded.section.data(), 0, kValues, out.data(), &scratch);
    benchmark::DoNotOptimize(out.data());
  }
  if (!ok || out.back() != strings.back()) state.SkipWithError("decoded strings differ");
  CountValues(state);
}

void GetBytes(benchmark::State& state, uint64_t distinct) {
  const ByteStrings strings = Strings(distinct);
  const Encoded<ByteSequence> encoded = EncodedStrings(strings);
  const std::vector<uint32_t> places = RandomPlaces();
  std::string_view value;
  for (auto _ : state) {
    for (const uint32_t place : places) {
      benchmark::DoNotOptimize(encoded.sequence.Get(encoded.section.data(), place, &value));
    }
  }
  CountValues(state);
}

// Which rows have a cell, when one in so many has.
std::vector<uint64_t> PresentRows(uint64_t one_in) {
  Random random(3);
  std::vector<uint64_t> rows;
  for (uint64_t row = 0; row < kValues; ++row) {
    if (random.Uniform(one_in) == 0) rows.push_back(row);
  }
  return rows;
}

void FindPresence(benchmark::State& state, uint64_t one_in) {
  const std::vector<uint64_t> rows = PresentRows(one_in);
  PresenceWriter writer;
  writer.Plan(rows, kValues);
  const Encoded<Presence> encoded(writer);
  const std::vector<uint32_t> places = RandomPlaces();
  uint32_t ordinal = 0;
  for (auto _ : state) {
    for (const uint32_t place : places) {
      benchmark::DoNotOptimize(encoded.sequence.Find(encoded.section.data(), place, &ordinal));
    }
  }
  if (!encoded.parsed) state.SkipWithError("damaged");
  CountValues(state);
}

}  // namespace

void RegisterEncodings() {
  const auto add = [](const char* what, const std::string& name, auto function, const auto& argument) {
    benchmark::RegisterBenchmark((what + name).c_str(),
                                 [=](benchmark::State& state) { function(state, argument); });
  };
  for (const Words& words : AllWords()) {
    add("encode/", words.name, EncodeWords, words);
    add("decode/", words.name, DecodeWords, words);
    add("value/", words.name, GetWords, words);
  }
  for (const auto& [name, distinct] :
       {std::pair{"bytes", uint64_t{1} << 40}, std::pair{"bytes_few", uint64_t{8}}}) {
    add("encode/", name, EncodeBytes, distinct);
    add("decode/", name, DecodeBytes, distinct);
    add("value/", name, GetBytes, distinct);
  }
  add("presence/", "bitmap", FindPresence, uint64_t{2});
  add("presence/", "list", FindPresence, uint64_t{500});
}

}  // namespace stoa
