// Data that goes by itself, in one page: log-ins that live for an hour and are gone from the disk a day after
// somebody deleted them.
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <stoa/database.h>

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

template <typename T>
T Check(absl::StatusOr<T> result) {
  Check(result.status());
  return *std::move(result);
}

stoa::Table OpenSessions(stoa::Database& database) {
  if (auto sessions = database.OpenTable("sessions"); sessions.ok()) return *sessions;
  stoa::TableOptions options;
  options.default_time_to_live_seconds = 3600;
  // Rows expire in the order in which they were written: files of ten minutes each go whole, unread.
  options.compaction.window_seconds = 600;
  // What a user deletes is nowhere on the disk any more a day later, whether or not anything else is written.
  options.delete_persistence_seconds = 86'400;
  return Check(database.CreateTable(Check(stoa::TableSchema::Builder("sessions")
                                              .PartitionKey("user", stoa::TypeKind::kText)
                                              .Clustering("device", stoa::TypeKind::kText)
                                              .Regular("address", stoa::TypeKind::kInet)
                                              .Options(options)
                                              .Build())));
}

int main(int argc, char** argv) {
  auto database = Check(stoa::Database::Open(stoa::Options(), argc > 1 ? argv[1] : "sessions-db"));
  stoa::Table sessions = OpenSessions(*database);

  stoa::WriteBatch batch;
  Check(batch.Upsert(sessions, {"ann"}, {"phone"}, {}));
  Check(batch.Upsert(sessions, {"ann"}, {"laptop"}, {}));
  Check(batch.DeleteRow(sessions, {"ben"}, {"phone"}));
  // Rather told at once than slowed down when flushes cannot follow.
  stoa::WriteOptions at_once;
  at_once.no_slowdown = true;
  if (const absl::Status written = database->Write(at_once, batch); absl::IsUnavailable(written)) {
    std::printf("busy, try later\n");
  } else {
    Check(written);
  }

  // The strategy of a table may change at any time: from tiered, which writes less, to leveled, which reads
  // less.
  stoa::TableOptions options = sessions->options();
  options.compaction.scaling_parameters = "L10";
  sessions = Check(database->AlterTable("sessions", stoa::TableAlteration().SetOptions(options)));
  std::printf("%s\n", sessions->options().compaction.ToString().c_str());
  Check(database->Close());
}
