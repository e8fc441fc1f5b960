#include "sstable/encoding.h"

#include <algorithm>
#include <array>
#include <bit>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/check.h"
#include "base/prefetch.h"

namespace stoa {
namespace {

// Descriptors: encoding in the low 3 bits, then flags; the bit that remains is reserved and 0.
constexpr uint8_t kEncodingMask = 7;
constexpr uint8_t kHasMultiplier = 8;
constexpr uint8_t kFloatFlag = 16;
constexpr uint8_t kDoubleFlag = 32;

// Values that a kernel unpacks at a time: constants, so that loops vectorise. What is left over of the first
// goes by the second.
constexpr uint32_t kUnpacked = 64;
constexpr uint32_t kUnpackedRest = 16;

template <unsigned width>
inline uint64_t LoadPlanes(const uint8_t* __restrict planes, size_t stride, size_t i) {
  // Narrow intermediate types let compilers interleave bytes in narrow lanes before they widen.
  if constexpr (width == 1) {
    return planes[i];
  } else if constexpr (width <= 4) {
    uint32_t value = planes[i];
    for (unsigned k = 1; k < width; ++k) value |= uint32_t{planes[k * stride + i]} << (8 * k);
    return value;
  } else {
    uint64_t value = LoadPlanes<4>(planes, stride, i);
    for (unsigned k = 4; k < width; ++k) value |= uint64_t{planes[k * stride + i]} << (8 * k);
    return value;
  }
}

/// Decodes `step` values at a time as long as there are so many; returns how many that were.
template <unsigned width, uint32_t step>
size_t DecodeSteps(const uint8_t* __restrict planes, size_t stride, size_t count, uint64_t base,
                   uint64_t multiplier, uint64_t* __restrict out) {
  size_t done = 0;
  if (multiplier == 1) {
    for (; done + step <= count; done += step) {
      for (size_t i = 0; i < step; ++i) out[done + i] = base + LoadPlanes<width>(planes + done, stride, i);
    }
  } else {
    for (; done + step <= count; done += step) {
      for (size_t i = 0; i < step; ++i) {
        out[done + i] = base + multiplier * LoadPlanes<width>(planes + done, stride, i);
      }
    }
  }
  return done;
}

template <unsigned width>
void DecodePlanes(const uint8_t* __restrict planes, size_t stride, size_t count, uint64_t base,
                  uint64_t multiplier, uint64_t* __restrict out) {
  size_t done = DecodeSteps<width, kUnpacked>(planes, stride, count, base, multiplier, out);
  done +=
      DecodeSteps<width, kUnpackedRest>(planes + done, stride, count - done, base, multiplier, out + done);
  for (; done < count; ++done) out[done] = base + multiplier * LoadPlanes<width>(planes, stride, done);
}

using PlaneDecoder = void (*)(const uint8_t*, size_t, size_t, uint64_t, uint64_t, uint64_t*);
constexpr std::array<PlaneDecoder, 9> kPlaneDecoders = {
    nullptr,         DecodePlanes<1>, DecodePlanes<2>, DecodePlanes<3>, DecodePlanes<4>,
    DecodePlanes<5>, DecodePlanes<6>, DecodePlanes<7>, DecodePlanes<8>,
};

/// The sum of eight bytes, which stand in four lanes of 16 bits before they are added up.
uint64_t SumEight(const uint8_t* bytes) {
  constexpr uint64_t kEven = 0x00ff00ff00ff00ffULL;
  const auto eight = LoadLittle<uint64_t>(bytes);
  return (((eight & kEven) + (eight >> 8 & kEven)) * 0x0001000100010001ULL) >> 48;
}

/// Adds the deltas from planes[0] on to `*value` until it is at least `key`; returns the steps before that
/// one, or `steps_max`. For values that ascend: eight at a time as long as all of them are below the key.
struct DeltaScale {
  uint64_t multiplier;
  uint64_t base;
};
template <unsigned width>
uint32_t WalkDeltas(const uint8_t* planes, size_t stride, uint32_t steps_max, DeltaScale scale, uint64_t key,
                    uint64_t* value) {
  uint64_t sum = *value;
  uint32_t steps = 0;
  for (; steps + 8 <= steps_max; steps += 8) {
    uint64_t total = 0;
    for (unsigned k = 0; k < width; ++k) total += SumEight(planes + k * stride + steps) << (8 * k);
    const uint64_t next = sum + 8 * scale.base + scale.multiplier * total;
    if (next >= key) break;
    sum = next;
  }
  for (; steps < steps_max; ++steps) {
    sum += scale.base + scale.multiplier * LoadPlanes<width>(planes, stride, steps);
    if (sum >= key) break;
  }
  *value = sum;
  return steps;
}

using DeltaWalker = uint32_t (*)(const uint8_t*, size_t, uint32_t, DeltaScale, uint64_t, uint64_t*);
constexpr std::array<DeltaWalker, 9> kDeltaWalkers = {
    nullptr,       WalkDeltas<1>, WalkDeltas<2>, WalkDeltas<3>, WalkDeltas<4>,
    WalkDeltas<5>, WalkDeltas<6>, WalkDeltas<7>, WalkDeltas<8>,
};

#ifdef __SSE2__
/// The sum of the bytes, 16 at a time; what is left over is the end of 16 that begin among those before.
uint64_t SumLongBytes(const uint8_t* bytes, uint32_t count) {
  alignas(16) static constexpr uint8_t kLast[32] = {0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
                                                    0,   0,   0,   0,   0,   255, 255, 255, 255, 255, 255,
                                                    255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
  const __m128i zero = _mm_setzero_si128();
  __m128i sums = zero;
  const auto load = [](const uint8_t* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); };
  uint32_t i = 0;
  for (; i + 16 <= count; i += 16) sums = _mm_add_epi64(sums, _mm_sad_epu8(load(bytes + i), zero));
  const __m128i last = _mm_and_si128(load(bytes + count - 16), load(kLast + (count - i)));
  sums = _mm_add_epi64(sums, _mm_sad_epu8(last, zero));
  return static_cast<uint64_t>(_mm_cvtsi128_si64(sums)) +
         static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums)));
}
#endif

/// The sum of up to 255 bytes, eight at a time.
uint64_t SumBytes(const uint8_t* bytes, uint32_t count) {
#ifdef __SSE2__
  if (count >= 16) return SumLongBytes(bytes, count);
#endif
  constexpr uint64_t kEven = 0x00ff00ff00ff00ffULL;
  uint64_t lanes = 0;  // four of 16 bits
  uint32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const auto eight = LoadLittle<uint64_t>(bytes + i);
    lanes += (eight & kEven) + (eight >> 8 & kEven);
  }
  uint64_t sum = (lanes & 0xffff) + (lanes >> 16 & 0xffff) + (lanes >> 32 & 0xffff) + (lanes >> 48);
  for (; i < count; ++i) sum += bytes[i];
  return sum;
}

constexpr std::array<double, kDecimalExponentMax + 1> kScales = {1e0, 1e1, 1e2, 1e3,  1e4,  1e5, 1e6,
                                                                 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};

/// Values that are looked at beside the place where the trend has the key.
constexpr int kTrendSteps = 4;
/// Probes that interpolate before a search begins to halve.
constexpr int kInterpolations = 4;
/// Equal values that are stepped over one by one before they are searched for their end.
constexpr uint32_t kEqualWalk = 8;

struct Probe {
  uint32_t at;
  uint64_t value;
};
/// The first place whose value is at least `key`, among values that ascend from `low`, which is below it, to
/// `high`, which is not. Interpolates a few times, then halves.
template <typename ValueOf>
uint32_t SearchAscending(Probe low, Probe high, uint64_t key, const ValueOf& value_of) {
  for (int probes = 0; high.at - low.at > 1; ++probes) {
    uint32_t middle = low.at + (high.at - low.at) / 2;
    if (probes < kInterpolations) {
      const double part = static_cast<double>(key - low.value) / static_cast<double>(high.value - low.value);
      middle = std::clamp(low.at + static_cast<uint32_t>(part * (high.at - low.at)), low.at + 1, high.at - 1);
    }
    const uint64_t value = value_of(middle);
    (value < key ? low : high) = Probe{middle, value};
  }
  return high.at;
}

/// Asks for `count` integers from `i` on, in each plane.
void PrefetchPlanes(const BytePlanes& planes, uint32_t i, uint32_t count) {
  const uint8_t* at = planes.data + i;
  for (unsigned k = 0; k < planes.width; ++k, at += planes.count) Prefetch(at, count);
}

bool IsWidth(uint8_t width) { return width >= 1 && width <= 8; }

}  // namespace

void BytePlanes::Decode(uint32_t begin, uint32_t end, uint64_t base, uint64_t multiplier,
                        uint64_t* out) const {
  kPlaneDecoders[width](data + begin, count, end - begin, base, multiplier, out);
}

double DecimalScale(uint8_t exponent) { return kScales[exponent]; }

bool WordSequence::Parse(Decoder* in, uint32_t count_expected, uint64_t* payload_end) {
  uint8_t head = 0;
  uint8_t widths = 0;
  int64_t signed_base = 0;
  if (!in->Little(&head) || (head & kEncodingMask) > static_cast<uint8_t>(WordEncoding::kTrend) ||
      (head & ~(kEncodingMask | kHasMultiplier | kFloatFlag | kDoubleFlag)) != 0) {
    return false;
  }
  encoding = static_cast<WordEncoding>(head & kEncodingMask);
  if (encoding == WordEncoding::kConstant && (head & kHasMultiplier) != 0) return false;
  count = count_expected;
  if (encoding >= WordEncoding::kOffset) {
    if (!in->Little(&widths)) return false;
    width = widths & 15;
    table_width = widths >> 4;
    if (!IsWidth(width)) return false;
  }
  if (!in->SignedVarint(&signed_base)) return false;
  base = static_cast<uint64_t>(signed_base);
  if ((head & kHasMultiplier) != 0 && !in->Varint(&multiplier)) return false;
  switch (encoding) {
    case WordEncoding::kConstant:
      multiplier = 0;
      break;
    case WordEncoding::kLinear:
      break;
    case WordEncoding::kOffset:
      if (table_width != 0) return false;
      break;
    case WordEncoding::kDelta:
    case WordEncoding::kTrend: {
      int64_t signed_delta = 0;
      if (!in->SignedVarint(&signed_delta) || !IsWidth(table_width)) return false;
      delta_base = static_cast<uint64_t>(signed_delta);
      table_count = (count + kDeltaStride - 1) / kDeltaStride;
      break;
    }
    case WordEncoding::kDictionary:
      if (!in->Varint(&table_count) || table_count == 0 || table_count > count || width > 2 ||
          !IsWidth(table_width)) {
        return false;
      }
      break;
  }
  if ((head & (kFloatFlag | kDoubleFlag)) != 0) {
    numbers = (head & kFloatFlag) != 0 ? NumberKind::kFloat : NumberKind::kDouble;
    if ((head & kFloatFlag) != 0 && (head & kDoubleFlag) != 0) return false;
    if (!in->Little(&exponent) || exponent > kDecimalExponentMax || !in->Varint(&exception_count) ||
        exception_count > count) {
      return false;
    }
  }
  if (*payload_end > ~uint32_t{0}) return false;
  offset = static_cast<uint32_t>(*payload_end);
  *payload_end += payload_bytes();
  return in->ok();
}

uint64_t WordSequence::GetDelta(const char* section, uint32_t i) const {
  const uint32_t checkpoint = i / kDeltaStride;
  const uint32_t steps = i % kDeltaStride;
  const BytePlanes packed = Packed(section);
  const uint8_t* plane = packed.data + i + 1 - steps;
  uint64_t total = Table(section).Get(checkpoint);
  for (unsigned k = 0; k < width; ++k, plane += count) total += SumBytes(plane, steps) << (8 * k);
  return base + multiplier * total + steps * delta_base;
}

void WordSequence::Prefetch(const char* section, uint32_t i) const {
  if (encoding < WordEncoding::kOffset) return;
  const BytePlanes packed = Packed(section);
  const uint32_t checkpoint = i / kDeltaStride;
  if (encoding == WordEncoding::kDelta) {
    PrefetchPlanes(packed, checkpoint * kDeltaStride + 1, 2 * kDeltaStride);
  } else {
    PrefetchPlanes(packed, i, 1);
  }
  if (encoding != WordEncoding::kOffset && encoding != WordEncoding::kDictionary) {
    PrefetchPlanes(Table(section), checkpoint, 1);
  }
}

uint64_t WordSequence::GetInteger(const char* section, uint32_t i) const {
  switch (encoding) {
    case WordEncoding::kConstant:
    case WordEncoding::kLinear:
      return base + i * multiplier;
    case WordEncoding::kOffset:
      return base + multiplier * Packed(section).Get(i);
    case WordEncoding::kDelta:
      return GetDelta(section, i);
    case WordEncoding::kDictionary: {
      const auto code = static_cast<uint32_t>(Packed(section).Get(i));
      return base + multiplier * Table(section).Get(std::min(code, table_count - 1));
    }
    case WordEncoding::kTrend:
      return base + i * delta_base +
             multiplier * (Table(section).Get(i / kDeltaStride) + Packed(section).Get(i));
  }
  return base;
}

uint64_t WordSequence::GetSlow(const char* section, uint32_t i) const {
  STOA_DCHECK(i < count);
  if (numbers == NumberKind::kInteger) return GetInteger(section, i);
  const char* exceptions = Exceptions(section);
  uint32_t low = 0;
  for (uint32_t high = exception_count; low < high;) {
    const uint32_t middle = (low + high) / 2;
    if (LoadLittle<uint16_t>(exceptions + middle * kExceptionBytes) < i) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low < exception_count && LoadLittle<uint16_t>(exceptions + low * kExceptionBytes) == i) {
    return LoadLittle<uint64_t>(exceptions + low * kExceptionBytes + 2);
  }
  return DecimalBits(numbers, GetInteger(section, i), kScales[exponent]);
}

void WordSequence::Decode(const char* section, uint32_t begin, uint32_t end, uint64_t* out) const {
  STOA_DCHECK(begin <= end && end <= count);
  if (begin == end) return;
  switch (encoding) {
    case WordEncoding::kConstant:
      std::fill_n(out, end - begin, base);
      break;
    case WordEncoding::kLinear:
      for (uint32_t i = begin; i < end; ++i) out[i - begin] = base + i * multiplier;
      break;
    case WordEncoding::kOffset:
      Packed(section).Decode(begin, end, base, multiplier, out);
      break;
    case WordEncoding::kDelta: {
      Packed(section).Decode(begin, end, delta_base, multiplier, out);
      uint64_t value = GetDelta(section, begin);
      out[0] = value;
      for (uint32_t i = 1; i < end - begin; ++i) out[i] = value += out[i];
      break;
    }
    case WordEncoding::kDictionary:
      DecodeDictionary(section, begin, end, out);
      break;
    case WordEncoding::kTrend:
      DecodeTrend(section, begin, end, out);
      break;
  }
  if (numbers != NumberKind::kInteger) DecodeDecimals(section, begin, end, out);
}

void WordSequence::DecodeDictionary(const char* section, uint32_t begin, uint32_t end, uint64_t* out) const {
  const BytePlanes table = Table(section);
  Packed(section).Decode(begin, end, 0, 1, out);
  std::array<uint64_t, 256> entries;
  if (table_count <= entries.size() && table_count <= end - begin) {
    table.Decode(0, table_count, base, multiplier, entries.data());
    for (uint32_t i = 0; i < end - begin; ++i) out[i] = entries[std::min<uint64_t>(out[i], table_count - 1)];
  } else {
    for (uint32_t i = 0; i < end - begin; ++i) {
      out[i] = base + multiplier * table.Get(std::min(static_cast<uint32_t>(out[i]), table_count - 1));
    }
  }
}

void WordSequence::DecodeTrend(const char* section, uint32_t begin, uint32_t end, uint64_t* out) const {
  const BytePlanes table = Table(section);
  Packed(section).Decode(begin, end, base, multiplier, out);
  for (uint32_t i = begin; i < end;) {
    const uint64_t off = multiplier * table.Get(i / kDeltaStride);
    const uint32_t stop = std::min(end, (i / kDeltaStride + 1) * kDeltaStride);
    for (; i < stop; ++i) out[i - begin] += off + i * delta_base;
  }
}

void WordSequence::DecodeDecimals(const char* section, uint32_t begin, uint32_t end, uint64_t* out) const {
  const double scale = kScales[exponent];
  if (numbers == NumberKind::kDouble) {
    for (uint32_t i = 0; i < end - begin; ++i) out[i] = DecimalBits(NumberKind::kDouble, out[i], scale);
  } else {
    for (uint32_t i = 0; i < end - begin; ++i) out[i] = DecimalBits(NumberKind::kFloat, out[i], scale);
  }
  const char* exception = Exceptions(section);
  for (uint32_t k = 0; k < exception_count; ++k, exception += kExceptionBytes) {
    const uint32_t i = LoadLittle<uint16_t>(exception);
    if (i >= begin && i < end) out[i - begin] = LoadLittle<uint64_t>(exception + 2);
  }
}

uint32_t WordSequence::FindCheckpoint(const BytePlanes& table, const BytePlanes& packed, uint32_t low,
                                      uint32_t high, uint64_t key) const {
  const auto value_of = [&](uint32_t checkpoint) { return base + multiplier * table.Get(checkpoint); };
  // The first may stand before the values that ascend, and be anything.
  if (high - low == 1) return low;
  uint64_t low_value = value_of(low + 1);
  if (low_value >= key) return low;
  if (++low == high - 1) return low;
  uint64_t high_value = value_of(high - 1);
  if (high_value < key) return high - 1;
  // The deltas of the first guess are most likely those that will be wanted. Each plane is in memory of its
  // own, which comes while the search goes on.
  bool guessed = false;
  return SearchAscending({low, low_value}, {high - 1, high_value}, key,
                         [&](uint32_t checkpoint) {
                           if (!guessed)
                             PrefetchPlanes(packed, checkpoint * kDeltaStride + 1, 2 * kDeltaStride);
                           guessed = true;
                           return value_of(checkpoint);
                         }) -
         1;
}

uint32_t WordSequence::FindDelta(const char* section, uint32_t begin, uint32_t end, uint64_t key,
                                 absl::FunctionRef<void(uint32_t)> near, uint64_t* found) const {
  // To the last checkpoint below the key (or before `begin`), from there on by adding up deltas.
  const BytePlanes table = Table(section);
  const BytePlanes packed = Packed(section);
  const uint32_t low = FindCheckpoint(table, packed, begin / kDeltaStride, (end - 1) / kDeltaStride + 1, key);
  near(low * kDeltaStride);
  const uint32_t first = std::max(begin, low * kDeltaStride);
  const uint32_t stop = std::min(end, (low + 1) * kDeltaStride);
  *found = GetDelta(section, first);
  if (*found >= key) return first;
  const uint32_t steps = kDeltaWalkers[width](packed.data + first + 1, count, stop - first - 1,
                                              {multiplier, delta_base}, key, found);
  if (first + 1 + steps < stop || stop == end) return first + 1 + steps;
  *found = GetDelta(section, stop);
  return stop;
}

/// Narrows [begin, end) to where the first value at least `key` is, or would be. On the line through them all
/// that is known before anything is read; a gap moves the values behind it, and then the search has to go on.
void WordSequence::NarrowByTrend(const char* section, uint64_t key, absl::FunctionRef<void(uint32_t)> near,
                                 Range* range) const {
  const auto slope = static_cast<int64_t>(delta_base);
  const auto rise = static_cast<int64_t>(key - base);
  uint32_t at = range->begin;
  if (slope > 0 && rise > 0)
    at = static_cast<uint32_t>(std::clamp<int64_t>(rise / slope, range->begin, range->end - 1));
  near(at);
  for (int step = 0; step < kTrendSteps && range->begin < range->end; ++step) {
    if (GetInteger(section, at) >= key) {
      range->end = at--;
    } else {
      range->begin = ++at;
    }
  }
}

bool WordSequence::MayContain(const char* section, uint32_t begin, uint32_t end, uint64_t key) const {
  const auto slope = static_cast<int64_t>(delta_base);
  if (encoding != WordEncoding::kTrend || numbers != NumberKind::kInteger || begin == end || slope <= 0 ||
      width > 4 || multiplier > UINT32_MAX) {
    return true;
  }
  // A value is at least what it would be if its packed integer was 0, and not more than `above` greater.
  const uint64_t above = multiplier * ((uint64_t{1} << (8 * width)) - 1);
  const BytePlanes table = Table(section);
  const auto least = [&](uint32_t i) {
    return base + i * delta_base + multiplier * table.Get(i / kDeltaStride);
  };
  const auto place_of = [&](uint64_t rise) {
    return static_cast<uint32_t>(std::clamp<int64_t>(static_cast<int64_t>(rise) / slope, begin, end - 1));
  };
  // On the line, then as far off it as the values there are.
  uint32_t at = place_of(key - base);
  at = place_of(key - least(at) + at * delta_base);
  const auto rise = static_cast<int64_t>(key - least(at));
  if (rise < 0) return at != begin;
  if (static_cast<uint64_t>(rise) <= above) return true;
  return at + 1 != end && static_cast<int64_t>(key - least(at + 1)) >= 0;
}

uint32_t WordSequence::LowerBound(const char* section, uint32_t begin, uint32_t end, uint64_t key) const {
  if (begin == end) return end;
  uint64_t low_value = 0;
  if (encoding == WordEncoding::kDelta)
    return FindDelta(
        section, begin, end, key, [](uint32_t) {}, &low_value);
  low_value = Get(section, begin);
  if (low_value >= key) return begin;
  if (end - begin == 1) return end;
  uint64_t high_value = Get(section, end - 1);
  if (high_value < key) return end;
  return SearchAscending({begin, low_value}, {end - 1, high_value}, key,
                         [&](uint32_t i) { return Get(section, i); });
}

WordSequence::Range WordSequence::EqualRange(const char* section, uint32_t begin, uint32_t end, uint64_t key,
                                             absl::FunctionRef<void(uint32_t)> near) const {
  if (begin == end) return {end, end};
  if (encoding == WordEncoding::kConstant) return {base < key ? end : begin, base <= key ? end : begin};
  uint64_t value = 0;
  uint32_t first = 0;
  if (encoding == WordEncoding::kDelta) {
    first = FindDelta(section, begin, end, key, near, &value);
  } else {
    Range range{begin, end};
    if (encoding == WordEncoding::kTrend && numbers == NumberKind::kInteger) {
      NarrowByTrend(section, key, near, &range);
    }
    first = LowerBound(section, range.begin, range.end, key);
    near(first);
    if (first < end) value = Get(section, first);
  }
  if (first == end || value != key) return {first, first};
  // Equal values come in short runs, or in one that fills the range.
  for (uint32_t i = first + 1; i < end; ++i) {
    if (i - first == kEqualWalk)
      return {first, key == ~uint64_t{0} ? end : LowerBound(section, i, end, key + 1)};
    if (encoding == WordEncoding::kDelta) {
      value += delta_base + multiplier * Packed(section).Get(i);
    } else {
      value = Get(section, i);
    }
    if (value != key) return {first, i};
  }
  return {first, end};
}

uint8_t EncodingNumber(const WordSequence& sequence) {
  return static_cast<uint8_t>(static_cast<uint8_t>(sequence.encoding) |
                              (sequence.numbers != NumberKind::kInteger ? 16 : 0));
}

std::string_view EncodingName(uint8_t number) {
  constexpr std::array<std::string_view, 6> kPlain = {"constant", "linear",     "offset",
                                                      "delta",    "dictionary", "trend"};
  constexpr std::array<std::string_view, 6> kDecimal = {"decimal constant",   "decimal linear",
                                                        "decimal offset",     "decimal delta",
                                                        "decimal dictionary", "decimal trend"};
  if (number == kEncodingBytes) return "bytes";
  if (number == kEncodingByteDictionary) return "byte dictionary";
  if (number == kEncodingBundle) return "bytes in a bundle";
  if (number < kPlain.size()) return kPlain[number];
  if (number >= 16 && number - 16u < kDecimal.size()) return kDecimal[number - 16u];
  return "unknown";
}

}  // namespace stoa
