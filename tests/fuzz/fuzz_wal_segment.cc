// Segments of the log: as they are, and with every checksum made right, so that what lies behind the
// checksums is reached, too.
#include "base/coding.h"
#include "base/hash.h"
#include "base/strings.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/intact.h"
#include "wal/log_decoder.h"

namespace stoa {
namespace {

constexpr uint64_t kDatabaseId = 7;
constexpr uint64_t kFirstNumber = 3;

void Decode(const std::vector<std::string>& segments) {
  uint64_t records = 0;
  uint64_t last_sequence = 0;
  const LogDecoder::Apply apply = [&](const LogRecord& record) {
    STOA_FUZZ_CHECK(record.sequence > last_sequence);
    STOA_FUZZ_CHECK(record.payload_hash == Hash64(record.payload));
    last_sequence = record.sequence;
    ++records;
    return absl::OkStatus();
  };
  LogDecoder decoder(kDatabaseId, apply);
  uint64_t bytes = 0;
  absl::Status status;
  for (size_t i = 0; i < segments.size() && status.ok(); ++i) {
    status = decoder.AddSegment(kFirstNumber + i, segments[i]);
    bytes += segments[i].size();
  }
  LogReplayReport report;
  if (status.ok()) status = decoder.Finish(&report);
  if (!status.ok()) {
    STOA_FUZZ_CHECK(absl::IsDataLoss(status) || absl::IsUnimplemented(status));
    return;
  }
  STOA_FUZZ_CHECK(report.records == records);
  STOA_FUZZ_CHECK(report.last_sequence >= last_sequence);
  STOA_FUZZ_CHECK(report.bytes + report.cut_bytes <= bytes);  // the rest are zeros
  STOA_FUZZ_CHECK((report.cut_bytes > 0) == (report.tail == LogTail::kTorn));
}

/// An input: two sizes in bytes 0 to 3 cut the rest into three segments.
std::vector<std::string> Split(std::string_view input) {
  std::vector<std::string> segments;
  if (input.size() < 4) return segments;
  const size_t sizes[] = {LoadLittle<uint16_t>(input.data()), LoadLittle<uint16_t>(input.data() + 2)};
  input.remove_prefix(4);
  for (const size_t size : sizes) {
    segments.emplace_back(input.substr(0, size));
    input.remove_prefix(segments.back().size());
  }
  segments.emplace_back(input);
  return segments;
}

struct SeedWriter {
  LogSegmentHeader header;
  std::string bytes;
  uint64_t chain = 0;

  void Begin() {
    bytes.assign(kLogSegmentHeaderBytes, '\0');
    chain = EncodeLogSegmentHeader(header, bytes.data());
  }
  void Add(LogRecordKind kind, uint64_t sequence, std::string_view payload, uint32_t synced_bytes) {
    LogRecordHeader record;
    record.payload_bytes = static_cast<uint32_t>(payload.size());
    record.kind = kind;
    record.synced_bytes = synced_bytes;
    record.sequence = sequence;
    char encoded[kLogRecordHeaderBytes];
    chain = EncodeLogRecordHeader(record, Hash64(payload), chain, LogSegmentKey(kDatabaseId, header.number),
                                  bytes.size(), encoded);
    bytes.append(encoded, sizeof(encoded)).append(payload);
  }
};

}  // namespace
}  // namespace stoa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> segments = stoa::Split({reinterpret_cast<const char*>(data), size});
  stoa::Decode(segments);
  // One intact segment among others, then all.
  for (size_t i = 0; i < segments.size(); ++i) {
    stoa::fuzz::MakeSegmentIntact(stoa::kDatabaseId, stoa::kFirstNumber + i, &segments[i]);
    stoa::Decode(segments);
  }
  return 0;
}

/// A log of two segments, closed; the same without its end; the first segment alone.
std::vector<std::string> FuzzSeeds() {
  using stoa::LogRecordKind;
  stoa::SeedWriter first;
  first.header.database_id = stoa::kDatabaseId;
  first.header.number = stoa::kFirstNumber;
  first.Begin();
  first.Add(LogRecordKind::kMutations, 1, "first", 0);
  first.Add(LogRecordKind::kSchema, 5, std::string(300, 's'), 133);
  const std::string open = first.bytes;
  first.Add(LogRecordKind::kSeal, 5, "", 133);
  stoa::SeedWriter second;
  second.header = {
      stoa::kDatabaseId, stoa::kFirstNumber + 1, stoa::kFirstNumber, first.bytes.size(), first.chain, 133, 5};
  second.Begin();
  second.Add(LogRecordKind::kMutations, 6, "", 0);
  second.Add(LogRecordKind::kMutations, 7, "last", 128);
  const std::string running = second.bytes;
  second.Add(LogRecordKind::kClose, 7, "", static_cast<uint32_t>(second.bytes.size()));

  const auto input = [](const std::string& one, const std::string& two) {
    std::string bytes;
    stoa::AppendLittle(&bytes, static_cast<uint16_t>(one.size()));
    stoa::AppendLittle(&bytes, static_cast<uint16_t>(two.size()));
    return bytes + one + two;
  };
  return {input(first.bytes, second.bytes), input(first.bytes, running), input(open, "")};
}
