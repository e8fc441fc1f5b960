#include "wal/log_format.h"

#include <cstring>
#include <string>

#include "base/coding.h"
#include "base/hash.h"
#include "base/strings.h"
#include "support/catch.h"
#include "wal/log_test_util.h"

namespace stoa {
namespace {

std::string Encode(const LogSegmentHeader& header) {
  std::string bytes(kLogSegmentHeaderBytes, '\xaa');
  EncodeLogSegmentHeader(header, bytes.data());
  return bytes;
}

/// `bytes` with `value` at `at` and a checksum that holds.
template <typename T>
std::string WithField(std::string bytes, size_t at, T value) {
  StoreLittle(bytes.data() + at, value);
  StoreLittle(bytes.data() + 72, Hash64(std::string_view(bytes).substr(0, 72)));
  return bytes;
}

TEST_CASE("log format: segment headers") {
  // A header reads back field by field; cut anywhere it is damaged; with any bit changed it is damaged; with
  // a format number or a feature flag from the future it is refused by name.
  const LogSegmentHeader header{1, 2, 3, 4, 5, 6, 7};
  const std::string bytes = Encode(header);
  LogSegmentHeader read;
  uint64_t chain = 0;
  REQUIRE(DecodeLogSegmentHeader("f", bytes, &read, &chain).ok());
  CHECK(read.database_id == 1);
  CHECK(read.number == 2);
  CHECK(read.previous_number == 3);
  CHECK(read.previous_bytes == 4);
  CHECK(read.previous_chain == 5);
  CHECK(read.previous_synced_bytes == 6);
  CHECK(read.after_sequence == 7);
  CHECK(chain == LoadLittle<uint64_t>(bytes.data() + 72));

  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK(absl::IsDataLoss(DecodeLogSegmentHeader("f", bytes.substr(0, size), &read, &chain)));
  }
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    CHECK(absl::IsDataLoss(DecodeLogSegmentHeader("f", changed, &read, &chain)));
  }
  const absl::Status format = DecodeLogSegmentHeader("f", WithField(bytes, 8, uint32_t{2}), &read, &chain);
  CHECK(format == absl::UnimplementedError("f is a log segment of format 2, only 1 is known"));
  const absl::Status flags = DecodeLogSegmentHeader("f", WithField(bytes, 12, uint32_t{8}), &read, &chain);
  CHECK(flags == absl::UnimplementedError("f is a log segment with unknown feature flags 8"));
}

TEST_CASE("log format: record headers") {
  // A header reads back field by field where it was written and nowhere else: not at another offset, nor in
  // another segment or database, nor with a bit changed.
  LogRecordHeader header{5, LogRecordKind::kSchema, 4000, 77, -3, -4, 0};
  const uint64_t key = LogSegmentKey(1, 2);
  char bytes[kLogRecordHeaderBytes];
  std::memset(bytes, 0x55, sizeof(bytes));
  const uint64_t chain = EncodeLogRecordHeader(header, Hash64("hello"), 99, key, 5000, bytes);
  CHECK(chain == LogRecordChain(bytes, Hash64("hello"), 99));
  CHECK(chain != LogRecordChain(bytes, Hash64("hellp"), 99));
  CHECK(chain != LogRecordChain(bytes, Hash64("hello"), 98));
  LogRecordHeader read;
  REQUIRE(DecodeLogRecordHeader(bytes, key, 5000, &read));
  CHECK(read.payload_bytes == 5);
  CHECK(read.kind == LogRecordKind::kSchema);
  CHECK(read.synced_bytes == 4000);
  CHECK(read.sequence == 77);
  CHECK(read.timestamp == -3);
  CHECK(read.now_seconds == -4);
  CHECK(read.chain == chain);

  CHECK_FALSE(DecodeLogRecordHeader(bytes, key, 5001, &read));
  CHECK_FALSE(DecodeLogRecordHeader(bytes, LogSegmentKey(1, 3), 5000, &read));
  CHECK_FALSE(DecodeLogRecordHeader(bytes, LogSegmentKey(2, 2), 5000, &read));
  for (size_t bit = 0; bit < sizeof(bytes) * 8; ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    CHECK_FALSE(DecodeLogRecordHeader(bytes, key, 5000, &read));
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  }
}

TEST_CASE("log format: names of segments") {
  // Names and numbers map to each other, one to one; everything else is no segment.
  CHECK(LogSegmentName(1) == "0000000001.wal");
  for (const uint64_t number : {uint64_t{1}, uint64_t{9999999999}, uint64_t{10000000000}, ~uint64_t{0}}) {
    CHECK(ParseLogSegmentName(LogSegmentName(number)) == number);
  }
  for (const char* name :
       {"", ".wal", "1.wal", "0000000000.wal", "00000000001.wal", "0000000001.wal.tmp", "+000000001.wal",
        " 000000001.wal", "000000000a.wal", "0000000001.sst", "99999999999999999999.wal"}) {
    CHECK(ParseLogSegmentName(name) == 0);
  }
}

TEST_CASE("log format: the worked example") {
  // The log of FORMAT.md, written anew, is the same byte for byte: format 1 is fixed for ever.
  SimFileSystem files;
  REQUIRE(files.CreateDirectory("db").ok());
  auto directory = files.OpenDirectory("db").value();
  LogWriterOptions options;
  options.database_id = kTestDatabaseId;
  auto writer = LogWriter::Create(*directory, options, 5, 41).value();
  const OwnedRecord record{LogRecordKind::kMutations, 42, 1700000000000000, 1700000000, "hello"};
  const LogRecord view = record.View();
  REQUIRE(writer->Append({&view, 1}).ok());
  REQUIRE(writer->Close().ok());
  const std::string bytes = files.ReadFile("db/0000000005.wal").value();
  CHECK(HexDump(bytes, 1000) ==
        // The segment header.
        "53544f412e57414c"
        "0100000000000000"
        "efcdab8967452301"
        "0500000000000000"
        "0000000000000000"
        "0000000000000000"
        "0000000000000000"
        "0000000000000000"
        "2900000000000000"
        "e780218920ea9100"
        // The record.
        "631504c305000000"
        "0100000000000000"
        "2a00000000000000"
        "00401e18240a0600"
        "00f1536500000000"
        "f26216d1371e82a5"
        "68656c6c6f"
        // The close.
        "89744c4200000000"
        "0400000085000000"
        "2a00000000000000"
        "0000000000000000"
        "0000000000000000"
        "db5806035e68833a");

  LogBytes log;
  log.first_number = 5;
  log.segments = {bytes};
  const Replayed replayed = Decode(log);
  CHECK(replayed.status == absl::OkStatus());
  CHECK(replayed.records == std::vector<OwnedRecord>{record});
}

}  // namespace
}  // namespace stoa
