// Conditional writes in one page: seats of a theatre that can be taken once, and given back by who has them.
#include <cstdio>
#include <cstdlib>
#include <string_view>
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

stoa::Table OpenSeats(stoa::Database& database) {
  if (auto seats = database.OpenTable("seats"); seats.ok()) return *seats;
  return Check(database.CreateTable(Check(stoa::TableSchema::Builder("seats")
                                              .PartitionKey("evening", stoa::TypeKind::kText)
                                              .Clustering("number", stoa::TypeKind::kInt)
                                              .Regular("guest", stoa::TypeKind::kText)
                                              .Build())));
}

// Takes a seat unless somebody has it; of any number of threads that try, one succeeds.
void Take(stoa::Database& database, const stoa::Table& seats, int number, std::string_view guest) {
  const stoa::ColumnId guest_id = seats->FindColumn("guest")->id;
  stoa::WriteBatch batch;
  Check(batch.Upsert(seats, {"tonight"}, {number}, {{guest_id, guest}}));
  const stoa::ConditionalOutcome outcome = Check(database.WriteIf(
      stoa::WriteOptions(), batch, stoa::Conditions(seats, {"tonight"}).IfNotExists({number})));
  if (outcome.applied()) {
    std::printf("seat %d: %.*s\n", number, static_cast<int>(guest.size()), guest.data());
  } else {
    std::printf("seat %d is taken by %s\n", number, outcome.rows()[0].row[0].ToString().c_str());
  }
}

// Gives a seat back, if it is the guest's.
void GiveBack(stoa::Database& database, const stoa::Table& seats, int number, std::string_view guest) {
  const stoa::ColumnId guest_id = seats->FindColumn("guest")->id;
  stoa::WriteBatch batch;
  Check(batch.DeleteRow(seats, {"tonight"}, {number}));
  const stoa::ConditionalOutcome outcome = Check(database.WriteIf(
      stoa::WriteOptions(), batch,
      stoa::Conditions(seats, {"tonight"}).If({number}, {guest_id, stoa::ConditionOperator::kEqual, guest})));
  std::printf("seat %d %s\n", number, outcome.applied() ? "is free" : "is not yours");
}

int main(int argc, char** argv) {
  auto database = Check(stoa::Database::Open(stoa::Options(), argc > 1 ? argv[1] : "seats-db"));
  const stoa::Table seats = OpenSeats(*database);
  Take(*database, seats, 7, "Ann");
  Take(*database, seats, 7, "Ben");
  GiveBack(*database, seats, 7, "Ben");
  GiveBack(*database, seats, 7, "Ann");
  Take(*database, seats, 7, "Ben");
  GiveBack(*database, seats, 7, "Ben");
  Check(database->Close());
}
