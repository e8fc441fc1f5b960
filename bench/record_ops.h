// Operations on records, and what performs and checks them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine.h"
#include "generators.h"

enum class OpKind : uint8_t {
  kRead,             // all fields
  kUpdate,           // one field
  kUpsert,           // a whole record that may be there already
  kInsert,           // a new record
  kScan,             // some records in the engine's order
  kReadModifyWrite,  // all fields, then an update of one
  kUpdateThenRead,   // one field, then all of them
};

/// What a workload does and how often, in percent.
struct Mix {
  struct Share {
    OpKind kind;
    int percent;
  };
  std::vector<Share> shares;
  Choice choice = Choice::kUniform;
  /// Scans have so many records, all lengths alike.
  uint8_t scan_min = 1;
  uint8_t scan_max = 100;
};

/// What operations work on.
struct RecordTable {
  RecordShape shape;
  /// Records 0 to this - 1 are chosen from.
  uint64_t records = 0;
  /// False: none of them is there before they are written.
  bool loaded = true;
};

struct Op {
  uint64_t record = 0;
  uint32_t version = 0;  // of what it writes: the number of the operation, from 1; of new records 0
  uint16_t field = 0;
  OpKind kind = OpKind::kRead;
  uint8_t scan_records = 0;
};

/// Does operations on an engine, one after the other: the same whenever it is made anew. All are chosen
/// before the first is done, for choosing one by a power function takes as long as a tenth of a read. Wrong
/// answers end the program.
class RecordRun {
 public:
  RecordRun(const EngineKind& kind, Engine* engine, const Mix& mix, const RecordTable& table,
            uint64_t operations);

  void DoNext();
  /// Compares what is there with what the operations done so far must have left.
  void CheckResult();
  /// Bytes of keys and values that have been written.
  uint64_t bytes_written() const { return bytes_written_; }

 private:
  void Insert(const Op& op);
  void Update(const Op& op);
  void Read(const Op& op);
  void Scan(const Op& op);
  void CheckRecord(uint64_t record, const std::vector<uint32_t>& versions);

  const EngineKind kind_;
  const std::unique_ptr<Client> client_;
  const RecordTable table_;
  const std::vector<Op> operations_;
  RecordMaker maker_;
  size_t done_ = 0;
  uint64_t bytes_written_ = 0;
  std::vector<std::string_view> fields_;
};
