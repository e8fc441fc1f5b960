#include "sstable/encoding.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "io/random.h"
#include "sstable/block_codec.h"
#include "sstable/encoding_bytes.h"
#include "sstable/encoding_presence.h"
#include "sstable/encoding_writer.h"
#include "support/catch.h"

namespace stoa {
namespace {

using Words = std::vector<uint64_t>;

/// A sequence as it comes out of WordWriter, with its payload.
struct Written {
  WordSequence sequence;
  std::string payload;
  std::string descriptor;
};

Written Write(const Words& words, NumberKind numbers = NumberKind::kInteger) {
  WordWriter writer;
  writer.Plan(words, numbers);
  Written written;
  SectionBuffer buffer;
  writer.AppendDescriptor(&written.descriptor);
  writer.AppendPayload(&buffer);
  written.payload = buffer.bytes;
  Decoder in(written.descriptor);
  uint64_t end = 0;
  REQUIRE(written.sequence.Parse(&in, static_cast<uint32_t>(words.size()), &end));
  REQUIRE(in.Done());
  REQUIRE(end == written.payload.size());
  return written;
}

/// Everything that can be asked of a sequence gives what went in.
Written CheckWords(const Words& words, NumberKind numbers = NumberKind::kInteger) {
  const Written written = Write(words, numbers);
  const auto count = static_cast<uint32_t>(words.size());
  Words out(count);
  written.sequence.Decode(written.payload.data(), 0, count, out.data());
  REQUIRE(out == words);
  for (uint32_t i = 0; i < count; i += 1 + count / 300) {
    REQUIRE(written.sequence.Get(written.payload.data(), i) == words[i]);
  }
  Random random(count);
  for (int i = 0; i < 20 && count > 0; ++i) {
    const auto begin = static_cast<uint32_t>(random.Uniform(count));
    const auto end = begin + static_cast<uint32_t>(random.Uniform(count - begin + 1));
    Words part(end - begin);
    written.sequence.Decode(written.payload.data(), begin, end, part.data());
    REQUIRE(part == Words(words.begin() + begin, words.begin() + end));
  }
  return written;
}

Words Generate(size_t count, const std::function<uint64_t(size_t)>& value) {
  Words words;
  for (size_t i = 0; i < count; ++i) words.push_back(value(i));
  return words;
}

uint64_t Bits(double number) { return std::bit_cast<uint64_t>(number); }
uint64_t FloatBits(float number) { return std::bit_cast<uint32_t>(number); }

// Goal: each encoding gives back what went in, whole, in parts and one by one. Method: for every count around
// the limits of kernels and checkpoints, a sequence made for each encoding, which must then have been chosen.
TEST_CASE("words: every encoding returns what was written") {
  Random random(1);
  for (const size_t count : {1, 2, 3, 63, 64, 65, 127, 128, 129, 1000, 4096, 5000}) {
    INFO("count " << count);
    CHECK(CheckWords(Generate(count, [](size_t) { return 77; })).sequence.encoding ==
          WordEncoding::kConstant);
    if (count < 3) continue;
    CHECK(CheckWords(Generate(count, [](size_t i) { return 1000 - 3 * i; })).sequence.encoding ==
          WordEncoding::kLinear);
    for (unsigned bytes = 1; bytes <= 8; ++bytes) {
      const uint64_t mask = ~uint64_t{0} >> (64 - 8 * bytes);
      Words words = Generate(count, [&](size_t) { return 123 + (random.Next() & mask); });
      words[0] = 123;
      words[1] = 123 + mask;
      CHECK(CheckWords(words).sequence.encoding == WordEncoding::kOffset);
    }
    if (count < 64) continue;
    uint64_t sum = uint64_t{1} << 60;
    CHECK(CheckWords(Generate(count, [&](size_t) { return sum += random.Uniform(200); })).sequence.encoding ==
          WordEncoding::kDelta);
    CHECK(CheckWords(Generate(count, [&](size_t) {
            return random.Uniform(7) * 0x123456789abcULL;
          })).sequence.encoding != WordEncoding::kConstant);
    const Words few = {5, 1ull << 63, 12345678901234567ULL, 17};
    CHECK(CheckWords(Generate(count, [&](size_t) { return few[random.Uniform(4)]; })).sequence.encoding ==
          WordEncoding::kDictionary);
  }
  CHECK(CheckWords({}).payload.empty());
}

// Goal: what ascends or descends evenly is kept as how far it is off a line, to the bit; a gap, which moves
// all behind it, does not tilt the line. Method: ticks with jitter in both directions, in units of 1 and of
// more, with and without a gap; each must take a byte, and two where the gap lies inside a stride.
TEST_CASE("words: a line with jitter [rule]") {
  Random random(11);
  for (const size_t count : {65, 128, 129, 1000, 4096}) {
    for (const uint64_t unit : {1, 60'000}) {
      for (const bool descending : {false, true}) {
        for (const bool gap : {false, true}) {
          if (gap && count < 1000) continue;
          INFO("count " << count << " unit " << unit << " descending " << descending << " gap " << gap);
          const Words words = Generate(count, [&](size_t i) {
            const uint64_t missed = gap && i > count / 2 ? 50 : 0;
            const uint64_t value = (1000 * (i + missed) + random.Uniform(10)) * unit;
            return descending ? (uint64_t{1} << 60) - value : value;
          });
          const Written written = CheckWords(words);
          CHECK(written.sequence.encoding == WordEncoding::kTrend);
          CHECK(written.sequence.width == (gap ? 2 : 1));
        }
      }
    }
  }
}

// Goal: a trend rules out most of what it does not have, and nothing that it has. Method: ticks with jitter,
// more of it than between two values or less; no gap, one, or many, which begin with a checkpoint; every
// value in any range that holds it, and what stands between two.
TEST_CASE("words: what a trend rules out is not there [rule]") {
  Random random(13);
  for (const uint64_t jitter : {10, 200, 5'000}) {
    for (const uint64_t unit : {1, 60'000}) {
      for (const int gaps : {0, 1, 2}) {
        INFO("jitter " << jitter << " unit " << unit << " gaps " << gaps);
        constexpr uint32_t kCount = 1000;
        uint64_t missed = 0;
        Words words = Generate(kCount, [&](size_t i) {
          if (gaps == 1 && i == 417) missed = 50;
          if (gaps == 2 && i % kDeltaStride == 0 && random.OneIn(3)) missed += 7;
          return (uint64_t{1} << 60) + (1000 * (i + missed) + random.Uniform(jitter)) * unit;
        });
        std::sort(words.begin(), words.end());
        const Written written = CheckWords(words);
        // Of many gaps deltas may make less.
        if (gaps == 2 && jitter != 10 && written.sequence.encoding != WordEncoding::kTrend) continue;
        REQUIRE(written.sequence.encoding == WordEncoding::kTrend);
        const auto may_contain = [&](uint32_t begin, uint32_t end, uint64_t key) {
          return written.sequence.MayContain(written.payload.data(), begin, end, key);
        };
        uint32_t ruled_out = 0;
        for (uint32_t i = 0; i + 1 < kCount; ++i) {
          const auto begin = static_cast<uint32_t>(random.Uniform(i + 1));
          const auto end = i + 1 + static_cast<uint32_t>(random.Uniform(kCount - i));
          REQUIRE(may_contain(begin, end, words[i]));
          REQUIRE(may_contain(i, i + 1, words[i]));
          ruled_out += may_contain(0, kCount, words[i] + (words[i + 1] - words[i]) / 2) ? 0 : 1;
        }
        CHECK_FALSE(may_contain(0, kCount, words.front() - 65'536 * unit));
        CHECK_FALSE(may_contain(0, kCount, words.back() + 65'536 * unit));
        if (jitter == 10 && gaps == 0) CHECK(ruled_out > kCount * 9 / 10);
      }
    }
  }
}

// Goal: no line is too steep or too long. Method: monotonic sequences of every steepness, from any place.
TEST_CASE("words: steep lines") {
  Random random(12);
  for (int round = 0; round < 500; ++round) {
    const uint64_t start = random.Next();
    const uint64_t step = random.Next() >> random.Uniform(64);
    const uint64_t jitter = random.Next() >> random.Uniform(64);
    const bool descending = random.OneIn(2);
    uint64_t value = start;
    CheckWords(Generate(65 + random.Uniform(300), [&](size_t) {
      value += step + (jitter == 0 ? 0 : random.Uniform(jitter));
      return descending ? ~value : value;
    }));
  }
}

// Goal: numbers at the ends of their range wrap without loss. Method: random picks from the extremes, short
// and long.
TEST_CASE("words: extremes") {
  Random random(2);
  const Words extremes = {
      0, 1, ~uint64_t{0}, uint64_t{1} << 63, (uint64_t{1} << 63) - 1, uint64_t{1} << 32, 255, 256};
  for (int round = 0; round < 300; ++round) {
    const size_t kinds = 1 + random.Uniform(extremes.size());
    const uint64_t noise = random.OneIn(2) ? 1 : 1 + random.Uniform(1000);
    CheckWords(Generate(1 + random.Uniform(200),
                        [&](size_t) { return extremes[random.Uniform(kinds)] + random.Uniform(noise); }));
  }
}

// Goal: a common factor is taken out, so that minutes kept in milliseconds cost no more than minutes. Method:
// the same random minutes in both units, in order (delta) and not (offset).
TEST_CASE("words: a common divisor costs nothing") {
  for (const bool ascending : {false, true}) {
    Random random(3);
    uint64_t minute = 16'000'000;
    Words minutes;
    for (int i = 0; i < 4096; ++i) {
      minute = ascending ? minute + random.Uniform(40) : 16'000'000 + random.Uniform(200);
      minutes.push_back(minute);
    }
    Words milliseconds;
    for (const uint64_t m : minutes) milliseconds.push_back(m * 60'000);
    const Written small = CheckWords(minutes);
    const Written large = CheckWords(milliseconds);
    CHECK(small.sequence.encoding == (ascending ? WordEncoding::kDelta : WordEncoding::kOffset));
    CHECK(large.sequence.encoding == small.sequence.encoding);
    CHECK(large.payload.size() == small.payload.size());
  }
}

// Goal: decimal fractions become integers, to the bit, with exceptions for what is none. Method: two-decimal
// doubles with ever more numbers that are no decimals; the bits of everything are compared.
TEST_CASE("words: decimal fractions are exact to the bit") {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> odd = {-0.0,  std::nan(""), -std::nan("7"), infinity, -infinity,
                                   1e300, 5e-324,       M_PI,           1e16,     0.1 + 0.2};
  for (const uint64_t rate : {0, 1000, 30, 3}) {
    Random random(4);
    const Words words = Generate(4096, [&](size_t) {
      if (rate != 0 && random.OneIn(rate)) return Bits(odd[random.Uniform(odd.size())]);
      return Bits(static_cast<double>(static_cast<int64_t>(random.Uniform(20000)) - 10000) / 100);
    });
    const Written written = CheckWords(words, NumberKind::kDouble);
    CHECK((written.sequence.numbers == NumberKind::kDouble) == (rate != 3));
    if (rate == 0) CHECK(written.payload.size() == 2 * words.size());
  }
  Random random(5);
  const Words floats = Generate(1000, [&](size_t i) {
    if (i % 100 == 7) return FloatBits(-0.0f);
    return FloatBits(static_cast<float>(random.Uniform(1000)) / 10);
  });
  CHECK(CheckWords(floats, NumberKind::kFloat).sequence.numbers == NumberKind::kFloat);
  const Words noise = Generate(1000, [&](size_t) { return random.Next(); });
  CHECK(CheckWords(noise, NumberKind::kDouble).sequence.numbers == NumberKind::kInteger);
  const Words narrow = Generate(1000, [&](size_t) { return random.Next() & 0xffffffff; });
  CHECK(CheckWords(narrow, NumberKind::kFloat).sequence.numbers == NumberKind::kInteger);
}

// Goal: searching finds what std::lower_bound finds. Method: sorted sequences of all characters, searched for
// values at, below and above those they hold, in random sub-ranges.
TEST_CASE("words: lower bound") {
  Random random(6);
  for (int round = 0; round < 200; ++round) {
    const size_t count = 1 + random.Uniform(round < 150 ? 200 : 4096);
    const int shape = round % 6;
    uint64_t value = random.Next() >> random.Uniform(64);
    value -= std::min(value, uint64_t{1} << 62);
    const Words words = Generate(count, [&](size_t i) {
      if (shape == 5) return value + 1000 * i + random.Uniform(10);
      if (shape == 1) return value;
      if (shape == 2) return value += 60;
      if (shape == 3) return value += random.OneIn(50) ? 1 + random.Uniform(uint64_t{1} << 40) : 0;
      if (shape == 4) return value += random.OneIn(30) ? 100000 : 0;
      return value += random.Uniform(50);
    });
    const Written written = Write(words);
    for (int probe = 0; probe < 50; ++probe) {
      const auto begin = static_cast<uint32_t>(random.Uniform(count));
      const auto end = begin + static_cast<uint32_t>(random.Uniform(count - begin + 1));
      uint64_t key = words[random.Uniform(count)] + random.Uniform(3) - 1;
      if (random.OneIn(20)) key = random.OneIn(2) ? 0 : ~uint64_t{0};
      const auto expected = std::lower_bound(words.begin() + begin, words.begin() + end, key) - words.begin();
      REQUIRE(written.sequence.LowerBound(written.payload.data(), begin, end, key) == expected);
    }
  }
}

// Goal: the same values give the same bytes, whatever the writer wrote before. Method: one reused writer
// against fresh ones.
TEST_CASE("words: deterministic") {
  Random random(7);
  WordWriter reused;
  for (int round = 0; round < 100; ++round) {
    const uint64_t bound = uint64_t{1} << random.Uniform(63);
    const Words words = Generate(random.Uniform(600), [&](size_t) { return random.Uniform(bound); });
    reused.Plan(words);
    std::string descriptor;
    SectionBuffer payload;
    reused.AppendDescriptor(&descriptor);
    reused.AppendPayload(&payload);
    const Written fresh = Write(words);
    REQUIRE(descriptor == fresh.descriptor);
    REQUIRE(payload.bytes == fresh.payload);
  }
}

// Goal: damaged descriptors are refused or give a sequence that stays inside its payload. Method: random
// bytes as descriptors; whatever parses is read everywhere, from a payload of just the size that it asks for.
TEST_CASE("words: any descriptor is safe") {
  Random random(8);
  int parsed = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string descriptor;
    for (int i = 0; i < 12; ++i)
      descriptor.push_back(static_cast<char>(random.OneIn(2) ? random.Uniform(40) : random.Next()));
    Decoder in(descriptor);
    WordSequence sequence;
    uint64_t end = 0;
    const auto count = static_cast<uint32_t>(random.Uniform(150));
    if (!sequence.Parse(&in, count, &end) || end > 1 << 20) continue;
    ++parsed;
    std::vector<char> payload(end);
    for (char& byte : payload) byte = static_cast<char>(random.Next());
    Words out(count);
    sequence.Decode(payload.data(), 0, count, out.data());
    for (uint32_t i = 0; i < count; ++i) {
      const uint64_t word = sequence.Get(payload.data(), i);
      const bool unique = sequence.exception_count == 0 && sequence.encoding != WordEncoding::kDelta;
      if (unique) REQUIRE(word == out[i]);  // else damage makes places or checkpoints contradict each other
    }
    REQUIRE(sequence.LowerBound(payload.data(), 0, count, random.Next()) <= count);
  }
  CHECK(parsed > 1000);
}

ByteStrings Strings(const std::vector<std::string>& values) {
  ByteStrings strings;
  for (const std::string& value : values) strings.Add(value);
  return strings;
}

// Goal: byte strings come back whole, one by one and in ranges, with and without a dictionary or a prefix
// left out. Method: random strings from small and large sets, of equal and different lengths.
TEST_CASE("bytes: return what was written") {
  Random random(9);
  bool plain = false;
  bool dictionary = false;
  for (int round = 0; round < 300; ++round) {
    const std::string prefix(random.Uniform(3) * 5, 'p');
    const uint64_t kinds = random.OneIn(2) ? 1 + random.Uniform(5) : 100000;
    const uint64_t length = random.Uniform(20);
    std::vector<std::string> values;
    const size_t count = random.Uniform(400);
    for (size_t i = 0; i < count; ++i) {
      Random content(random.Uniform(kinds));
      std::string value = prefix;
      const uint64_t size = round % 2 == 0 ? length : content.Uniform(length + 1);
      for (uint64_t k = 0; k < size; ++k) value.push_back(static_cast<char>(content.Next()));
      values.push_back(value);
    }
    const ByteStrings strings = Strings(values);
    const size_t left_out = CommonPrefix(strings);
    ByteWriter writer;
    writer.Plan(strings, left_out);
    (writer.dictionary() ? dictionary : plain) = true;
    std::string descriptor;
    SectionBuffer buffer;
    writer.AppendDescriptor(&descriptor);
    writer.AppendPayload(&buffer);
    ByteSequence sequence;
    Decoder in(descriptor);
    uint64_t end = 0;
    REQUIRE(sequence.Parse(&in, static_cast<uint32_t>(count), &end));
    REQUIRE(end == buffer.bytes.size());
    const auto begin = static_cast<uint32_t>(random.Uniform(count + 1));
    const auto stop = begin + static_cast<uint32_t>(random.Uniform(count - begin + 1));
    std::vector<std::string_view> out(stop - begin);
    ByteSequence::Scratch scratch;
    REQUIRE(sequence.Decode(buffer.bytes.data(), begin, stop, out.data(), &scratch));
    for (uint32_t i = begin; i < stop; ++i) {
      std::string_view value;
      REQUIRE(sequence.Get(buffer.bytes.data(), i, &value));
      REQUIRE(out[i - begin] == value);
      REQUIRE(values[i] == (values.size() < 2 ? "" : values[0].substr(0, left_out)) + std::string(value));
    }
  }
  CHECK(plain);
  CHECK(dictionary);
}

// Goal: presence finds each row's ordinal and lists rows, in every form. Method: random sets of all
// densities.
TEST_CASE("presence: ordinals and rows") {
  Random random(10);
  bool forms[4] = {};
  for (int round = 0; round < 400; ++round) {
    const auto rows = static_cast<uint32_t>(1 + random.Uniform(round % 2 == 0 ? 100 : 4096));
    const uint64_t one_in = round % 7 == 0 ? 1 : round % 7 == 1 ? uint64_t{1} << 40 : 1 + random.Uniform(60);
    Words present;
    for (uint32_t row = 0; row < rows; ++row) {
      if (random.OneIn(one_in)) present.push_back(row);
    }
    PresenceWriter writer;
    writer.Plan(present, rows);
    std::string descriptor;
    SectionBuffer buffer;
    writer.AppendDescriptor(&descriptor);
    writer.AppendPayload(&buffer);
    Presence presence;
    Decoder in(descriptor);
    uint64_t end = 0;
    REQUIRE(presence.Parse(&in, rows, &end));
    REQUIRE(end == buffer.bytes.size());
    REQUIRE(presence.count == present.size());
    forms[static_cast<size_t>(presence.form)] = true;
    const char* section = buffer.bytes.data();
    size_t next = 0;
    for (uint32_t row = 0; row < rows; ++row) {
      uint32_t ordinal = 0;
      const bool expected = next < present.size() && present[next] == row;
      REQUIRE(presence.Find(section, row, &ordinal) ==
              (expected ? Presence::Found::kPresent : Presence::Found::kAbsent));
      if (expected) REQUIRE(ordinal == next++);
    }
    if (presence.all()) continue;
    const auto begin = static_cast<uint32_t>(random.Uniform(rows + 1));
    const auto stop = begin + static_cast<uint32_t>(random.Uniform(rows - begin + 1));
    uint32_t first = 0;
    std::vector<uint32_t> found;
    REQUIRE(presence.Rows(section, begin, stop, &first, &found));
    const auto low = std::lower_bound(present.begin(), present.end(), begin) - present.begin();
    const auto high = std::lower_bound(present.begin(), present.end(), stop) - present.begin();
    REQUIRE(found.size() == static_cast<size_t>(high - low));
    for (size_t i = 0; i < found.size(); ++i)
      REQUIRE(found[i] + begin == present[static_cast<size_t>(low) + i]);
    if (!found.empty()) REQUIRE(first == low);
  }
  for (const bool form : forms) CHECK(form);
}

TEST_CASE("sections of noise are left as they are") {
  // Goal: a section is compressed if that saves a tenth of it, though a large one of noise is given up after
  // a sample. Method: noise; noise that repeats itself; and noise before, behind and around text.
  Random random(9);
  const auto noise = [&](size_t bytes) {
    std::string result;
    while (result.size() < bytes) AppendLittle(&result, random.Next());
    return result;
  };
  std::string text, repeated;
  const std::string kilobyte = noise(1 << 10);
  for (int i = 0; i < 2000; ++i) text += std::to_string(i * i) + " ";
  for (int i = 0; i < 32; ++i) repeated += kilobyte;
  const std::vector<std::pair<std::string, SectionCodec>> sections = {
      {noise(8 << 10), SectionCodec::kRaw},
      {noise(64 << 10), SectionCodec::kRaw},
      {repeated, SectionCodec::kZstd},
      {text, SectionCodec::kZstd},
      {text + noise(20 << 10), SectionCodec::kZstd},
      {noise(4 << 10) + text, SectionCodec::kZstd},
  };
  SectionCompressor compressor(1);
  SectionDecompressor decompressor;
  for (const auto& [bytes, codec] : sections) {
    const absl::StatusOr<BlockSection> section = compressor.Compress(SectionBuffer{bytes, {}});
    REQUIRE(section.ok());
    CHECK(section->codec == codec);
    REQUIRE(section->raw_bytes == bytes.size());
    std::string back(bytes.size(), '\0');
    REQUIRE(decompressor.Decompress(section->codec, section->payload, section->raw_bytes, back.data()).ok());
    CHECK(back == bytes);
  }
}

}  // namespace
}  // namespace stoa
