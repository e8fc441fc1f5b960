#include "wal/log_decoder.h"

#include <functional>
#include <string>
#include <vector>

#include "base/strings.h"
#include "wal/log_test_util.h"

namespace stoa {
namespace {

/// Writes logs as no writer would, with checksums that hold.
class Forger {
 public:
  explicit Forger(uint64_t number = 1) { header_.number = number; }

  Forger& Begin(const std::function<void(LogSegmentHeader&)>& change = {}) {
    header_.database_id = kTestDatabaseId;
    if (change) change(header_);
    bytes_.assign(kLogSegmentHeaderBytes, '\0');
    chain_ = EncodeLogSegmentHeader(header_, bytes_.data());
    return *this;
  }

  Forger& Add(LogRecordHeader header, std::string_view payload = {}) {
    header.payload_bytes += static_cast<uint32_t>(payload.size());
    char encoded[kLogRecordHeaderBytes];
    chain_ = EncodeLogRecordHeader(header, Hash64(payload), chain_,
                                   LogSegmentKey(kTestDatabaseId, header_.number), bytes_.size(), encoded);
    bytes_.append(encoded, sizeof(encoded)).append(payload);
    return *this;
  }
  Forger& Add(LogRecordKind kind, uint64_t sequence, std::string_view payload = {},
              uint32_t synced_bytes = 0) {
    LogRecordHeader header;
    header.kind = kind;
    header.sequence = sequence;
    header.synced_bytes = synced_bytes;
    return Add(header, payload);
  }
  /// The header that continues this segment.
  LogSegmentHeader Next(uint64_t synced_bytes, uint64_t last_sequence) const {
    return {kTestDatabaseId, header_.number + 1, header_.number, bytes_.size(),
            chain_,          synced_bytes,       last_sequence};
  }

  const std::string& bytes() const { return bytes_; }
  Replayed Decode() const { return stoa::Decode({header_.number, {bytes_}}); }

 private:
  LogSegmentHeader header_;
  std::string bytes_;
  uint64_t chain_ = 0;
};

constexpr LogRecordKind kMutations = LogRecordKind::kMutations;
constexpr LogRecordKind kSeal = LogRecordKind::kSeal;
constexpr LogRecordKind kClose = LogRecordKind::kClose;

/// A change to a header.
template <typename Field>
std::function<void(LogSegmentHeader&)> Set(Field LogSegmentHeader::*field, Field value) {
  return [=](LogSegmentHeader& header) { header.*field = value; };
}

TEST_CASE("log decoder: intact headers that break a rule are damage, whoever made them") {
  // Each record here passes every checksum and breaks one rule of the format. None is taken for a torn tail.
  const auto message = [](const Forger& forger) {
    const Replayed replayed = forger.Decode();
    CHECK(NamesDamage(replayed.status));
    return std::string(FromAbsl(replayed.status.message()));
  };
  LogRecordHeader close;
  close.kind = kClose;
  close.synced_bytes = kLogSegmentHeaderBytes;
  LogRecordHeader large;
  large.sequence = 1;
  large.payload_bytes = kLogPayloadBytesMax + 1;
  const std::string at = "corruption in 0000000001.wal at offset ";
  CHECK(message(Forger().Begin().Add(kMutations, 0)) == at + "80: the sequence does not increase");
  CHECK(message(Forger().Begin().Add(kMutations, 5).Add(kMutations, 5)) ==
        at + "128: the sequence does not increase");
  CHECK(message(Forger().Begin(Set(&LogSegmentHeader::after_sequence, uint64_t{9})).Add(kMutations, 9)) ==
        at + "80: the sequence does not increase");
  CHECK(message(Forger().Begin().Add(large)) == at + "80: the record is longer than a record may be");
  CHECK(message(Forger().Begin().Add(kMutations, 1, "", 81)) ==
        at + "80: the record says that bytes behind it were durable");
  CHECK(message(Forger().Begin().Add(kSeal, 0, "x")) == at + "80: the seal is not empty");
  CHECK(message(Forger().Begin().Add(kSeal, 1)) == at + "80: the seal has the wrong sequence");
  CHECK(message(Forger().Begin().Add(kClose, 0)) == at + "80: the log was closed before it was durable");
  CHECK(message(Forger().Begin().Add(close).Add(kMutations, 1)) ==
        at + "128: there are bytes behind the seal");
  CHECK(message(Forger().Begin().Add(kSeal, 0).Add(kMutations, 1)) ==
        at + "128: there are bytes behind the seal");
  CHECK(message(Forger().Begin().Add(kSeal, 0)) ==
        "corruption in 0000000002.wal at offset 0: the segment is missing; it existed before the one before "
        "was sealed");
  CHECK(message(Forger().Begin(Set(&LogSegmentHeader::database_id, uint64_t{5}))) ==
        at + "0: the segment belongs to database 5, not to 81985529216486895");
  CHECK(message(Forger().Begin(Set(&LogSegmentHeader::previous_number, uint64_t{7}))) ==
        at + "0: the segment comes after segment 7");
  CHECK(Forger().Begin().Add(static_cast<LogRecordKind>(9), 1).Decode().status ==
        absl::UnimplementedError("0000000001.wal at offset 80: records of kind 9 are not known"));
}

TEST_CASE("log decoder: a segment continues the one before exactly") {
  // Two segments whose link differs in one field do not belong together, though both are intact.
  const Forger first = Forger(3).Begin().Add(kMutations, 5, "a").Add(kSeal, 5);
  const LogSegmentHeader good = first.Next(0, 5);
  const auto decode = [&](const LogSegmentHeader& header) {
    Forger second(4);
    second.Begin([&](LogSegmentHeader& to) { to = header; }).Add(kMutations, 6, "b");
    return Decode({3, {first.bytes(), second.bytes()}});
  };
  CHECK(decode(good).records.size() == 2);
  for (uint64_t LogSegmentHeader::*field :
       {&LogSegmentHeader::previous_number, &LogSegmentHeader::previous_bytes,
        &LogSegmentHeader::previous_chain, &LogSegmentHeader::after_sequence,
        &LogSegmentHeader::database_id}) {
    LogSegmentHeader bad = good;
    ++(bad.*field);
    CHECK(NamesDamage(decode(bad).status));
  }
  // A log that begins in the middle of another: the older one should not have been listed.
  LogSegmentHeader begins = good;
  begins.previous_number = 0;
  CHECK(NamesDamage(decode(begins).status));
  const Forger unsealed = Forger(3).Begin().Add(kMutations, 5, "a");
  Forger second(4);
  second.Begin().Add(kMutations, 6, "b");
  CHECK(NamesDamage(Decode({3, {unsealed.bytes(), second.bytes()}}).status));
}

TEST_CASE("log decoder: which promises prove a loss") {
  // Segment 1 holds two records and loses the second; what a later segment promises of segment 1 decides
  // whether that is a torn tail. Then the same with a promise inside the segment.
  const Forger first = Forger(1).Begin().Add(kMutations, 1, "a").Add(kMutations, 2, "b").Add(kSeal, 2);
  const size_t second_at = kLogSegmentHeaderBytes + kLogRecordHeaderBytes + 1;
  std::string damaged = first.bytes();
  damaged[second_at + 4] ^= 1;
  for (const uint64_t synced :
       {uint64_t{0}, uint64_t{second_at}, uint64_t{second_at + 1}, first.bytes().size()}) {
    for (const uint32_t later : {0u, 80u}) {
      Forger second(2);
      second.Begin([&](LogSegmentHeader& to) { to = first.Next(synced, 2); });
      second.Add(kMutations, 3, "c").Add(kMutations, 4, "d", later);
      CAPTURE(synced, later);
      const Replayed intact = Decode({1, {first.bytes(), second.bytes()}});
      CHECK(intact.status == absl::OkStatus());
      CHECK(intact.records.size() == 4);
      const Replayed replayed = Decode({1, {damaged, second.bytes()}});
      if (synced > second_at || later > 0) {
        CHECK(NamesDamage(replayed.status));
      } else {
        CHECK(replayed.status == absl::OkStatus());
        CHECK(replayed.records.size() == 1);
        CHECK(replayed.report.tail == LogTail::kTorn);
        CHECK(replayed.report.cut_bytes == damaged.size() - second_at + second.bytes().size());
        CHECK(replayed.report.cut_detail ==
              StrCat("0000000001.wal at offset ", second_at, ": the record header is damaged"));
      }
    }
  }
  for (const uint32_t synced : {0u, 129u, 130u, 178u}) {
    Forger forger;
    forger.Begin().Add(kMutations, 1, "a").Add(kMutations, 2, "b").Add(kMutations, 3, "c", synced);
    std::string bytes = forger.bytes();
    bytes[second_at + kLogRecordHeaderBytes] ^= 1;
    CAPTURE(synced);
    CHECK(NamesDamage(Decode({1, {bytes}}).status) == (synced > second_at));
  }
}

TEST_CASE("log decoder: two files exchanged") {
  // Nothing was synced before the log was closed, so that only the last record promises anything, and it is
  // in the wrong file: it is found there.
  const Forger first = Forger(1).Begin().Add(kMutations, 1, "a").Add(kSeal, 1);
  Forger second(2);
  second.Begin([&](LogSegmentHeader& to) { to = first.Next(0, 1); }).Add(kMutations, 2, "b");
  second.Add(kClose, 2, "", static_cast<uint32_t>(second.bytes().size()));
  REQUIRE(Decode({1, {first.bytes(), second.bytes()}}).report.tail == LogTail::kSealed);
  CHECK(NamesDamage(Decode({1, {second.bytes(), first.bytes()}}).status));
}

TEST_CASE("log decoder: an error of the receiver ends the replay") {
  // The second record is refused by whoever takes the records: nothing more is delivered and the error comes
  // back.
  int calls = 0;
  const LogDecoder::Apply apply = [&](const LogRecord&) {
    return ++calls == 2 ? absl::InternalError("enough") : absl::OkStatus();
  };
  Forger forger;
  forger.Begin().Add(kMutations, 1).Add(kMutations, 2).Add(kMutations, 3);
  LogDecoder decoder(kTestDatabaseId, apply);
  CHECK(decoder.AddSegment(1, forger.bytes()) == absl::InternalError("enough"));
  CHECK(calls == 2);
}

}  // namespace
}  // namespace stoa
