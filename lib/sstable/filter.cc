#include "sstable/filter.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/coding.h"

namespace stoa {
namespace {

constexpr size_t kLineBytes = 64;
constexpr uint32_t kLineBits = kLineBytes * 8;
constexpr size_t kTrailerBytes = 8;
constexpr uint32_t kProbesMax = 14;  // seven from each of two words

uint64_t Mix(uint64_t token) {
  token *= 0x9e3779b97f4a7c15;
  token ^= token >> 32;
  return token * 0xd6e8feb86659fd93;
}

uint32_t LineOf(uint64_t mixed, uint32_t line_count) {
  return static_cast<uint32_t>(((mixed >> 32) * line_count) >> 32);
}

/// Calls `visit(bit)` for the places of the token's bits in its line, as long as it returns true.
template <typename Visit>
bool ForEachProbe(uint64_t mixed, uint32_t probes, Visit visit) {
  uint64_t word = 0;
  for (uint32_t probe = 0; probe < probes; ++probe) {
    // A product's upper bits depend on all bits of its factor: nine of them at a time name a bit of the line.
    if (probe % 7 == 0) word = mixed = (mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9;
    if (!visit(static_cast<uint32_t>(word >> 55))) return false;
    word <<= 9;
  }
  return true;
}

}  // namespace

std::string FilterBuilder::Finish() {
  if (!std::is_sorted(tokens_.begin(), tokens_.end())) std::sort(tokens_.begin(), tokens_.end());
  tokens_.erase(std::unique(tokens_.begin(), tokens_.end()), tokens_.end());
  std::string out;
  if (bits_ > 0 && !tokens_.empty()) {
    const uint64_t bits = tokens_.size() * static_cast<uint64_t>(bits_);
    const auto line_count = static_cast<uint32_t>((bits + kLineBits - 1) / kLineBits);
    // The best number of probes is ln 2 times the bits; cache lines, being unevenly filled, want no more.
    const auto probes = std::clamp(static_cast<uint32_t>(std::lround(bits_ * 0.69)), 1u, kProbesMax);
    out.resize(line_count * kLineBytes);
    for (uint64_t token : tokens_) {
      const uint64_t mixed = Mix(token);
      char* line = out.data() + LineOf(mixed, line_count) * kLineBytes;
      ForEachProbe(mixed, probes, [line](uint32_t bit) {
        line[bit / 8] = static_cast<char>(line[bit / 8] | (1 << (bit % 8)));
        return true;
      });
    }
    AppendLittle(&out, line_count);
    AppendLittle(&out, probes);
  }
  tokens_.clear();
  return out;
}

absl::Status Filter::Parse(SectionPayload payload) {
  const std::string_view bytes = payload.view();
  if (bytes.size() >= kTrailerBytes) {
    line_count_ = LoadLittle<uint32_t>(bytes.data() + bytes.size() - kTrailerBytes);
    probes_ = LoadLittle<uint32_t>(bytes.data() + bytes.size() - kTrailerBytes + 4);
  }
  if (line_count_ == 0 || bytes.size() != line_count_ * kLineBytes + kTrailerBytes || probes_ == 0 ||
      probes_ > kProbesMax) {
    return absl::DataLossError("malformed filter");
  }
  payload_ = std::move(payload);
  return absl::OkStatus();
}

bool Filter::MayContain(uint64_t token) const {
  const uint64_t mixed = Mix(token);
  const char* line = payload_.view().data() + LineOf(mixed, line_count_) * kLineBytes;
  return ForEachProbe(mixed, probes_,
                      [line](uint32_t bit) { return ((line[bit / 8] >> (bit % 8)) & 1) != 0; });
}

}  // namespace stoa
