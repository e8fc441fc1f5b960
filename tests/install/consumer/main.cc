// Uses every public header of an installed Stoa: writes a row, reads it back after reopening.
#include <cstdio>
#include <string>

#include <stoa/cursor.h>
#include <stoa/database.h>
#include <stoa/options.h>
#include <stoa/query.h>
#include <stoa/schema.h>
#include <stoa/types.h>
#include <stoa/value.h>
#include <stoa/write_batch.h>

namespace {

absl::Status WriteRow(const std::string& path) {
  auto database = stoa::Database::Open(stoa::Options(), path);
  if (!database.ok()) return database.status();
  auto schema = stoa::TableSchema::Builder("users")
                    .PartitionKey("id", stoa::TypeKind::kBigint)
                    .Regular("name", stoa::TypeKind::kText)
                    .Build();
  if (!schema.ok()) return schema.status();
  auto users = (*database)->CreateTable(*schema);
  if (!users.ok()) return users.status();
  stoa::WriteBatch batch;
  absl::Status status = batch.Upsert(*users, {7}, {}, {{(*users)->FindColumn("name")->id, "Zeno"}});
  if (!status.ok()) return status;
  status = (*database)->Write(stoa::WriteOptions(), batch);
  return status.ok() ? (*database)->Close() : status;
}

absl::StatusOr<std::string> ReadRow(const std::string& path) {
  auto database = stoa::Database::Open(stoa::Options(), path);
  if (!database.ok()) return database.status();
  auto users = (*database)->OpenTable("users");
  if (!users.ok()) return users.status();
  stoa::Row row;
  auto found = (*database)->ReadRow(stoa::ReadOptions(), *users, {7}, {}, {}, &row);
  if (!found.ok()) return found.status();
  std::string name = *found ? std::string(row[0].text()) : "";
  absl::Status status = (*database)->Close();
  if (!status.ok()) return status;
  return name;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  absl::Status status = WriteRow(argv[1]);
  auto name = status.ok() ? ReadRow(argv[1]) : status;
  std::printf("%s\n", name.ok() ? name->c_str() : name.status().ToString().c_str());
  return name.ok() && *name == "Zeno" ? 0 : 1;
}
