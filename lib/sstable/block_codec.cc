#include "sstable/block_codec.h"

#include <zstd.h>

#include <cstring>
#include <utility>

#include "base/strings.h"

namespace stoa {
namespace {

/// Not worth a frame.
constexpr size_t kCompressedBytesMin = 48;
/// A zstd block of its own costs 3 bytes and, unless it is stored as it is, a Huffman table of some 30. That
/// is worth it for short planes too: checkpoints of 2,000 values are 64 bytes of noise; with one table for
/// them and the deltas behind them a column takes 4 % more.
constexpr size_t kCutDistanceMin = 32;
/// Of a section of so many bytes a sample is compressed first: twice so many bytes, from its front and from
/// its middle.
constexpr size_t kSampledBytesMin = 16 << 10;
constexpr size_t kSamplePartBytes = 2 << 10;

}  // namespace

struct SectionCompressor::State {
  explicit State(int its_level) : level(its_level), context(ZSTD_createCCtx()) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  }
  ~State() { ZSTD_freeCCtx(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void Start(size_t bytes) {
    ZSTD_CCtx_reset(context, ZSTD_reset_session_only);
    ZSTD_CCtx_setPledgedSrcSize(context, bytes);
  }
  bool LooksIncompressible(std::string_view bytes);

  const int level;
  ZSTD_CCtx* context;
  std::string out;
};

/// Values that are noise make large sections, in which looking for something to compress took 7 % of the
/// processor time of flushes and merges. It is over after a sample of which not one part in 32 is saved.
bool SectionCompressor::State::LooksIncompressible(std::string_view bytes) {
  if (bytes.size() < kSampledBytesMin) return false;
  Start(2 * kSamplePartBytes);
  out.resize(ZSTD_compressBound(2 * kSamplePartBytes));
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  ZSTD_inBuffer front{bytes.data(), kSamplePartBytes, 0};
  ZSTD_inBuffer middle{bytes.data() + bytes.size() / 2, kSamplePartBytes, 0};
  if (ZSTD_isError(ZSTD_compressStream2(context, &to, &front, ZSTD_e_continue))) return false;
  if (ZSTD_compressStream2(context, &to, &middle, ZSTD_e_end) != 0) return false;
  return to.pos >= 2 * kSamplePartBytes - 2 * kSamplePartBytes / 32;
}

SectionCompressor::SectionCompressor(int level) : state_(std::make_unique<State>(level)) {}
SectionCompressor::~SectionCompressor() = default;

absl::StatusOr<BlockSection> SectionCompressor::Compress(SectionBuffer&& section) {
  BlockSection result;
  const std::string& bytes = section.bytes;
  if (bytes.size() > kSectionRawBytesMax)
    return absl::InternalError(StrCat("a block section of ", bytes.size(), " bytes"));
  result.raw_bytes = static_cast<uint32_t>(bytes.size());
  if (state_->level != 0 && bytes.size() >= kCompressedBytesMin && !state_->LooksIncompressible(bytes)) {
    ZSTD_CCtx* context = state_->context;
    state_->Start(bytes.size());
    state_->out.resize(ZSTD_compressBound(bytes.size()) + 16 * section.cuts.size());
    ZSTD_outBuffer out{state_->out.data(), state_->out.size(), 0};
    size_t done = 0;
    size_t left = 0;
    for (size_t i = 0; i <= section.cuts.size(); ++i) {
      const bool last = i == section.cuts.size();
      const size_t end = last ? bytes.size() : section.cuts[i];
      if (!last && (end - done < kCutDistanceMin || bytes.size() - end < kCutDistanceMin)) continue;
      ZSTD_inBuffer in{bytes.data() + done, end - done, 0};
      left = ZSTD_compressStream2(context, &out, &in, last ? ZSTD_e_end : ZSTD_e_flush);
      if (left != 0) break;
      done = end;
    }
    if (ZSTD_isError(left)) return ResourceExhausted("zstd: ", std::string(ZSTD_getErrorName(left)));
    if (left == 0 && out.pos < bytes.size() - bytes.size() / 10) {
      result.codec = SectionCodec::kZstd;
      result.payload.assign(state_->out, 0, out.pos);
      return result;
    }
  }
  result.payload = std::move(section.bytes);
  return result;
}

struct SectionDecompressor::State {
  ZSTD_DCtx* context = ZSTD_createDCtx();
};

SectionDecompressor::SectionDecompressor() : state_(std::make_unique<State>()) {}
SectionDecompressor::~SectionDecompressor() { ZSTD_freeDCtx(state_->context); }

absl::Status SectionDecompressor::Decompress(SectionCodec codec, std::string_view payload, uint32_t raw_bytes,
                                             char* out) {
  if (codec == SectionCodec::kRaw) {
    if (payload.size() != raw_bytes) return absl::DataLossError("raw section of another size");
    if (raw_bytes != 0) std::memcpy(out, payload.data(), raw_bytes);
    return absl::OkStatus();
  }
  const size_t size = ZSTD_decompressDCtx(state_->context, out, raw_bytes, payload.data(), payload.size());
  if (ZSTD_isError(size)) return absl::DataLossError(StrCat("zstd: ", std::string(ZSTD_getErrorName(size))));
  if (size != raw_bytes)
    return absl::DataLossError(StrCat("section of ", size, " bytes, expected ", raw_bytes));
  return absl::OkStatus();
}

}  // namespace stoa
