#include "sstable/encoding_writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"

namespace stoa {
namespace {

constexpr size_t kSampleMax = 1024;
/// Shorter sequences are judged by their bytes before compression; statistics would mean nothing.
constexpr size_t kSampleMin = 64;
constexpr size_t kDictionaryMax = size_t{1} << 16;
/// A plane of at least so many bytes is worth statistics of its own.
constexpr size_t kCutBytesMin = 512;

/// Divides multiples of a number exactly: a shift for its even part, a multiplication by the inverse modulo
/// 2^64 of its odd part. A product is at most 2^64 / odd part if and only if the number was a multiple.
class ExactDivisor {
 public:
  explicit ExactDivisor(uint64_t divisor) : shift_(static_cast<unsigned>(std::countr_zero(divisor))) {
    const uint64_t odd = divisor >> shift_;
    inverse_ = odd;  // right to 3 bits; each step doubles that
    for (int i = 0; i < 5; ++i) inverse_ *= 2 - odd * inverse_;
    quotient_max_ = ~uint64_t{0} / odd;
  }
  bool Divides(uint64_t value) const {
    return ((value >> shift_) << shift_) == value && (value >> shift_) * inverse_ <= quotient_max_;
  }
  uint64_t Quotient(uint64_t multiple) const { return (multiple >> shift_) * inverse_; }

 private:
  unsigned shift_;
  uint64_t inverse_;
  uint64_t quotient_max_;
};

/// log2 in units of 1/256, straight between powers of two; integers, so that every machine chooses alike.
constexpr uint64_t Log2Fixed(uint64_t value) {
  const auto exponent = static_cast<unsigned>(std::bit_width(value)) - 1;
  return (uint64_t{exponent} << 8) + ((value << 8) >> exponent) - 256;
}

/// n * Log2Fixed(n) of the counts in a sample.
constexpr std::array<uint32_t, kSampleMax + 1> kCountLog2 = [] {
  std::array<uint32_t, kSampleMax + 1> table{};
  for (uint32_t n = 1; n <= kSampleMax; ++n) table[n] = static_cast<uint32_t>(n * Log2Fixed(n));
  return table;
}();

/// Estimates the bytes that `count` integers take after compression from a sample of them.
uint64_t PlaneCost(std::span<const uint64_t> sample, uint8_t width, size_t count) {
  const uint64_t raw = uint64_t{width} * count;
  if (count < kSampleMin) return raw;
  uint64_t bits = 0;  // of the sample, times 256
  for (unsigned k = 0; k < width; ++k) {
    std::array<uint16_t, 256> histogram{};
    for (const uint64_t value : sample) ++histogram[static_cast<uint8_t>(value >> (8 * k))];
    bits += kCountLog2[sample.size()];
    for (const uint16_t n : histogram) bits -= kCountLog2[n];
  }
  return bits * count / sample.size() / (256 * 8) + raw / 16;
}

size_t SampleStride(size_t count) { return (count + kSampleMax - 1) / kSampleMax; }

void AppendPlanes(std::span<const uint64_t> values, uint8_t width, SectionBuffer* out) {
  const size_t count = values.size();
  size_t at = out->bytes.size();
  out->bytes.resize(at + count * width);
  for (unsigned k = 0; k < width; ++k, at += count) {
    if (count >= kCutBytesMin) out->cuts.push_back(static_cast<uint32_t>(at));
    char* plane = out->bytes.data() + at;
    for (size_t i = 0; i < count; ++i) plane[i] = static_cast<char>(values[i] >> (8 * k));
  }
  if (count >= kCutBytesMin) out->cuts.push_back(static_cast<uint32_t>(at));
}

double Number(NumberKind numbers, uint64_t bits) {
  return numbers == NumberKind::kDouble
             ? std::bit_cast<double>(bits)
             : static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)));
}

/// The integer nearest to number * scale, if the number is exactly what that integer is decoded to.
bool ToDecimal(NumberKind numbers, uint64_t bits, double scale, uint64_t* integer) {
  constexpr double kLimit = 1ull << 51;
  const double scaled = Number(numbers, bits) * scale;
  if (!(std::abs(scaled) < kLimit)) return false;
  *integer = std::bit_cast<uint64_t>(scaled + std::bit_cast<double>(kRoundingBits)) - kRoundingBits;
  return DecimalBits(numbers, *integer, scale) == bits;
}

/// ToDecimal of all numbers; false if it is for any of them, and then the integers mean nothing. Without
/// branches, for compilers to vectorize.
template <NumberKind kNumbers>
bool ToDecimals(std::span<const uint64_t> values, double scale, uint64_t* integers) {
  constexpr double kLimit = 1ull << 51;
  uint64_t wrong = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double scaled = Number(kNumbers, values[i]) * scale;
    const double limited = std::abs(scaled) < kLimit ? scaled : 0;  // 0, which the number is not
    integers[i] = std::bit_cast<uint64_t>(limited + std::bit_cast<double>(kRoundingBits)) - kRoundingBits;
    wrong |= DecimalBits(kNumbers, integers[i], scale) ^ values[i];
  }
  return wrong == 0;
}

}  // namespace

uint8_t BytesFor(uint64_t value) {
  return static_cast<uint8_t>(std::max(1, (static_cast<int>(std::bit_width(value)) + 7) / 8));
}

namespace {

/// Bytes that hold each of these multiples of a divisor, by the divisor.
uint8_t WidthOf(const std::vector<uint64_t>& multiples, uint64_t divisor = 1) {
  return BytesFor(*std::max_element(multiples.begin(), multiples.end()) / divisor);
}

struct Range {
  uint64_t base;  // the least value as signed or unsigned integers, where the width is smaller
  uint64_t width;
};

Range RangeOf(std::span<const uint64_t> values) {
  auto signed_low = static_cast<int64_t>(values[0]);
  int64_t signed_high = signed_low;
  for (const uint64_t value : values) {
    signed_low = std::min(signed_low, static_cast<int64_t>(value));
    signed_high = std::max(signed_high, static_cast<int64_t>(value));
  }
  const Range as_signed{static_cast<uint64_t>(signed_low),
                        static_cast<uint64_t>(signed_high) - static_cast<uint64_t>(signed_low)};
  if (signed_low >= 0 || signed_high < 0) return as_signed;  // both orders are one
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return as_signed.width < *high - *low ? as_signed : Range{*low, *high - *low};
}

}  // namespace

struct WordWriter::Statistics {
  uint64_t base;
  uint64_t range;           // greatest value - base
  uint64_t delta_base = 0;  // least difference, signed
  uint64_t delta_range = 0;
  uint64_t divisor = 1;  // of all differences

  explicit Statistics(std::span<const uint64_t> values);
  /// Whether the values ascend or descend all the way.
  bool monotonic() const {
    const auto least = static_cast<int64_t>(delta_base);
    return range >> Trend::kRangeBits == 0 && (least >= 0 || least + static_cast<int64_t>(delta_range) <= 0);
  }

 private:
  void FindDivisor(std::span<const uint64_t> values);
};

WordWriter::Statistics::Statistics(std::span<const uint64_t> values) {
  const Range bounds = RangeOf(values);
  base = bounds.base;
  range = bounds.width;
  if (values.size() < 2 || range == 0) return;
  auto delta_low = static_cast<int64_t>(values[1] - values[0]);
  int64_t delta_high = delta_low;
  for (size_t i = 2; i < values.size(); ++i) {
    const auto delta = static_cast<int64_t>(values[i] - values[i - 1]);
    delta_low = std::min(delta_low, delta);
    delta_high = std::max(delta_high, delta);
  }
  delta_base = static_cast<uint64_t>(delta_low);
  delta_range = static_cast<uint64_t>(delta_high) - static_cast<uint64_t>(delta_low);
  FindDivisor(values);
}

void WordWriter::Statistics::FindDivisor(std::span<const uint64_t> values) {
  divisor = range;
  ExactDivisor exact(divisor);
  for (const uint64_t value : values) {
    if (exact.Divides(value - base)) continue;
    divisor = std::gcd(divisor, value - base);
    if (divisor == 1) return;
    exact = ExactDivisor(divisor);
  }
}

void WordWriter::Plan(std::span<const uint64_t> values, NumberKind numbers) {
  sequence_ = WordSequence();
  sequence_.count = static_cast<uint32_t>(values.size());
  packed_.clear();
  table_.clear();
  exceptions_.clear();
  if (values.empty()) return;
  PlanIntegers(numbers == NumberKind::kInteger ? values : PlanDecimals(values, numbers));
}

std::span<const uint64_t> WordWriter::PlanDecimals(std::span<const uint64_t> values, NumberKind numbers) {
  constexpr size_t kTried = 32;
  if (values.size() > kDictionaryMax) return values;  // places of exceptions have 16 bits
  const size_t stride = (values.size() + kTried - 1) / kTried;
  for (uint8_t exponent = 0; exponent <= kDecimalExponentMax; ++exponent) {
    size_t tried = 0;
    size_t exact = 0;
    uint64_t integer = 0;
    for (size_t i = 0; i < values.size(); i += stride, ++tried) {
      exact += ToDecimal(numbers, values[i], DecimalScale(exponent), &integer) ? 1 : 0;
    }
    if (exact * 8 < tried * 7) continue;
    if (!FillDecimals(values, numbers, exponent)) break;
    const uint64_t fraction_bytes = BytesFor(RangeOf(decimals_).width) * values.size() +
                                    exceptions_.size() * WordSequence::kExceptionBytes;
    if (fraction_bytes > BytesFor(RangeOf(values).width) * values.size()) break;
    sequence_.numbers = numbers;
    sequence_.exponent = exponent;
    sequence_.exception_count = static_cast<uint32_t>(exceptions_.size());
    return decimals_;
  }
  exceptions_.clear();
  return values;
}

bool WordWriter::FillDecimals(std::span<const uint64_t> values, NumberKind numbers, uint8_t exponent) {
  const double scale = DecimalScale(exponent);
  decimals_.resize(values.size());
  if (numbers == NumberKind::kDouble ? ToDecimals<NumberKind::kDouble>(values, scale, decimals_.data())
                                     : ToDecimals<NumberKind::kFloat>(values, scale, decimals_.data())) {
    return true;
  }
  decimals_.clear();
  uint64_t last = 0;
  bool any = false;
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t integer = 0;
    if (ToDecimal(numbers, values[i], scale, &integer)) {
      if (!any) std::fill(decimals_.begin(), decimals_.end(), integer);  // exceptions at the beginning
      any = true;
      last = integer;
    } else {
      exceptions_.push_back({static_cast<uint16_t>(i), values[i]});
      if (exceptions_.size() * 8 > values.size()) return false;
    }
    decimals_.push_back(last);
  }
  return any;
}

void WordWriter::PlanIntegers(std::span<const uint64_t> values) {
  const Statistics statistics(values);
  const size_t count = values.size();
  sequence_.base = statistics.base;
  if (statistics.range == 0) return;  // constant
  if (statistics.delta_range == 0) {
    sequence_.encoding = WordEncoding::kLinear;
    sequence_.base = values[0];
    sequence_.multiplier = statistics.delta_base;
    return;
  }
  const uint8_t width = BytesFor(statistics.range / statistics.divisor);
  const uint8_t delta_width = BytesFor(statistics.delta_range / statistics.divisor);
  const ExactDivisor divide(statistics.divisor);
  std::array<uint64_t, kSampleMax> sample;
  const size_t stride = SampleStride(count);
  size_t sampled = 0;
  for (size_t i = 0; i < count; i += stride) sample[sampled++] = divide.Quotient(values[i] - statistics.base);
  uint64_t cost = PlaneCost({sample.data(), sampled}, width, count);
  auto encoding = WordEncoding::kOffset;

  sampled = 0;
  for (size_t i = 1; i < count; i += stride) {
    sample[sampled++] = divide.Quotient(values[i] - values[i - 1] - statistics.delta_base);
  }
  uint64_t delta_cost =
      PlaneCost({sample.data(), sampled}, delta_width, count) + width * (count / kDeltaStride + 1);
  delta_cost += delta_cost / 8;
  if (delta_cost < cost && statistics.range >> 63 == 0) {  // else differences wrap, and have another divisor
    cost = delta_cost;
    encoding = WordEncoding::kDelta;
  }

  if (count >= kSampleMin && statistics.monotonic() && trend_.Fit(values, statistics.divisor)) {
    sampled = 0;
    for (size_t i = 0; i < count; i += stride) sample[sampled++] = divide.Quotient(trend_.off()[i]);
    const uint64_t trend_cost =
        PlaneCost({sample.data(), sampled}, WidthOf(trend_.off(), statistics.divisor), count) +
        WidthOf(trend_.table(), statistics.divisor) * trend_.table().size();
    if (trend_cost < cost) {
      cost = trend_cost;
      encoding = WordEncoding::kTrend;
    }
  }

  const size_t distinct_max = std::min(width == 2 ? 256 : kDictionaryMax, count / 2);
  if (width >= 2 && distinct_.Collect(values, distinct_max)) {
    const uint8_t code_width = BytesFor(distinct_.values().size() - 1);
    sampled = 0;
    for (size_t i = 0; i < count; i += stride) sample[sampled++] = distinct_.codes()[i];
    const uint64_t dictionary_cost =
        PlaneCost({sample.data(), sampled}, code_width, count) + uint64_t{width} * distinct_.values().size();
    if (dictionary_cost < cost) encoding = WordEncoding::kDictionary;
  }
  sequence_.encoding = encoding;
  sequence_.multiplier = statistics.divisor;
  if (encoding == WordEncoding::kOffset) UseOffset(values, statistics);
  if (encoding == WordEncoding::kDelta) UseDelta(values, statistics);
  if (encoding == WordEncoding::kDictionary) UseDictionary(statistics);
  if (encoding == WordEncoding::kTrend) UseTrend(statistics);
}

void WordWriter::UseOffset(std::span<const uint64_t> values, const Statistics& statistics) {
  const ExactDivisor divide(statistics.divisor);
  sequence_.width = BytesFor(statistics.range / statistics.divisor);
  packed_.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) packed_[i] = divide.Quotient(values[i] - statistics.base);
}

void WordWriter::UseDelta(std::span<const uint64_t> values, const Statistics& statistics) {
  const ExactDivisor divide(statistics.divisor);
  sequence_.width = BytesFor(statistics.delta_range / statistics.divisor);
  sequence_.delta_base = statistics.delta_base;
  packed_.resize(values.size());
  packed_[0] = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    packed_[i] = divide.Quotient(values[i] - values[i - 1] - statistics.delta_base);
  }
  for (size_t i = 0; i < values.size(); i += kDeltaStride) {
    table_.push_back(divide.Quotient(values[i] - statistics.base));
  }
  sequence_.table_width = WidthOf(table_);
  sequence_.table_count = static_cast<uint32_t>(table_.size());
}

void WordWriter::UseDictionary(const Statistics& statistics) {
  const ExactDivisor divide(statistics.divisor);
  sequence_.width = BytesFor(distinct_.values().size() - 1);
  packed_ = distinct_.codes();
  for (const uint64_t value : distinct_.values()) table_.push_back(divide.Quotient(value - statistics.base));
  sequence_.table_width = BytesFor(statistics.range / statistics.divisor);
  sequence_.table_count = static_cast<uint32_t>(table_.size());
}

void WordWriter::UseTrend(const Statistics& statistics) {
  const ExactDivisor divide(statistics.divisor);
  sequence_.base = trend_.base();
  sequence_.delta_base = trend_.slope();
  packed_.swap(trend_.off());
  table_.swap(trend_.table());
  for (uint64_t& packed : packed_) packed = divide.Quotient(packed);
  for (uint64_t& entry : table_) entry = divide.Quotient(entry);
  sequence_.width = WidthOf(packed_);
  sequence_.table_width = WidthOf(table_);
  sequence_.table_count = static_cast<uint32_t>(table_.size());
}

void WordWriter::AppendDescriptor(std::string* out) const {
  const WordSequence& s = sequence_;
  const bool has_multiplier = s.encoding != WordEncoding::kConstant && s.multiplier != 1;
  uint8_t head = static_cast<uint8_t>(s.encoding);
  if (has_multiplier) head |= 8;
  if (s.numbers == NumberKind::kFloat) head |= 16;
  if (s.numbers == NumberKind::kDouble) head |= 32;
  out->push_back(static_cast<char>(head));
  if (s.encoding >= WordEncoding::kOffset) out->push_back(static_cast<char>(s.width | s.table_width << 4));
  AppendVarint(out, ZigZag(static_cast<int64_t>(s.base)));
  if (has_multiplier) AppendVarint(out, s.multiplier);
  if (s.encoding == WordEncoding::kDelta || s.encoding == WordEncoding::kTrend)
    AppendVarint(out, ZigZag(static_cast<int64_t>(s.delta_base)));
  if (s.encoding == WordEncoding::kDictionary) AppendVarint(out, s.table_count);
  if (s.numbers != NumberKind::kInteger) {
    out->push_back(static_cast<char>(s.exponent));
    AppendVarint(out, s.exception_count);
  }
}

void WordWriter::AppendPayload(SectionBuffer* out) const {
  AppendPlanes(table_, sequence_.table_width, out);
  AppendPlanes(packed_, sequence_.width, out);
  for (const Exception& exception : exceptions_) {
    AppendLittle(&out->bytes, exception.at);
    AppendLittle(&out->bytes, exception.bits);
  }
}

}  // namespace stoa
