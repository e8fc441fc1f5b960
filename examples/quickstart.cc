// Stoa in one page: readings of sensors, newest first.
#include <cstdio>
#include <cstdlib>
#include <string>
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

// One partition per sensor; within it rows in the order of their time, the newest first.
stoa::Table OpenReadings(stoa::Database& database) {
  if (auto readings = database.OpenTable("readings"); readings.ok()) return *readings;
  return Check(database.CreateTable(
      Check(stoa::TableSchema::Builder("readings")
                .PartitionKey("sensor", stoa::TypeKind::kText)
                .Clustering("time", stoa::TypeKind::kTimestamp, stoa::ClusteringOrder::kDescending)
                .Regular("celsius", stoa::TypeKind::kDouble)
                .Build())));
}

void PrintLatest(const stoa::Database& database, const stoa::Table& readings, stoa::ColumnId celsius) {
  stoa::Query query(readings);
  query.Partition({"attic"}).Columns({celsius}).Limit(3);
  stoa::Cursor cursor = Check(database.Read(stoa::ReadOptions(), query));
  while (cursor.Next()) {
    const stoa::RowView& row = cursor.row();
    std::printf("%s  %.2f\n", row.clustering(0).ToString().c_str(), row[0].double_value());
  }
  Check(cursor.status());
}

int main(int argc, char** argv) {
  auto database = Check(stoa::Database::Open(stoa::Options(), argc > 1 ? argv[1] : "quickstart-db"));
  const stoa::Table readings = OpenReadings(*database);
  const stoa::ColumnId celsius = readings->FindColumn("celsius")->id;

  stoa::WriteBatch batch;  // atomic, across partitions and tables
  for (int64_t minute = 0; minute < 5; ++minute) {
    const stoa::Timestamp time{978'307'200'000 + minute * 60'000};
    Check(batch.Upsert(readings, {"attic"}, {time}, {{celsius, 20.5 + 0.25 * static_cast<double>(minute)}}));
  }
  Check(database->Write(stoa::WriteOptions(), batch));

  PrintLatest(*database, readings, celsius);
  Check(database->Close());
}
