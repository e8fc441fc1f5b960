// Creating, altering, dropping and truncating tables; creating, altering and dropping user types.
//
// A schema change takes a sequence like any commit, and is written twice: as a log record, so that it stands
// in commit order, and as a manifest edit. Whichever survives a crash is applied, once: a put is known by the
// schema's version, a drop by the table being gone, a truncation by the table's flushed sequence, a change of
// user types by the sequence of the last one. The log is
// synced before the manifest edit is written: a change that is durable never stands above commits that are
// not.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/write_batch.h>

#include "engine/commit_pipeline.h"
#include "engine/store.h"
#include "engine/version_edit.h"
#include "wal/log_writer.h"

namespace stoa {

struct SchemaChange {
  enum class Kind : uint8_t { kPut = 1, kDrop = 2, kTruncate = 3, kPutTypes = 4, kDropType = 5 };
  Kind kind = Kind::kPut;
  TableId table = 0;
  Table schema;                 ///< of kPut: the table's new schema
  std::vector<DataType> types;  ///< of kPutTypes: user types created or altered
  std::vector<Table> tables;    ///< ... and new schemas of the tables that use them
  std::string type_name;        ///< of kDropType

  /// Takes the rows of a table away.
  bool removes_rows() const { return kind == Kind::kDrop || kind == Kind::kTruncate; }

  /// Payload of a log record (FORMAT.md).
  void Encode(std::string* out) const;
  /// InvalidArgument on malformed bytes, Unimplemented on an unknown kind.
  static absl::StatusOr<SchemaChange> Decode(std::string_view bytes);

  /// The edit that brings the change, committed as `sequence`, into `state`; false if it is there already.
  bool MakeEdit(const DatabaseState& state, uint64_t sequence, VersionEdit* edit) const;

 private:
  void EncodeTypes(std::string* out) const;
  absl::Status DecodeTypes(std::string_view bytes);
  bool MakeTypesEdit(const DatabaseState& state, uint64_t sequence, VersionEdit* edit) const;
};

/// Carries a schema change out, alone in the commit order. `plan` looks at the state and names the change, or
/// says why not.
absl::Status ExecuteSchemaChange(
    Store& store, LogWriter& log, CommitPipeline& pipeline,
    const std::function<absl::StatusOr<SchemaChange>(const DatabaseState&)>& plan);

}  // namespace stoa
