#include "fingerprint.h"

#include <string_view>

#include "check.h"

namespace {

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 32);
}

uint64_t Mix(uint64_t hash, std::string_view text) {
  hash = Mix(hash, text.size());
  for (const char c : text) hash = Mix(hash, static_cast<unsigned char>(c));
  return hash;
}

}  // namespace

void Fingerprint::Add(const Flight& flight) {
  uint64_t hash = Mix(1, flight.origin);
  hash = Mix(hash, static_cast<uint64_t>(flight.departure));
  hash = Mix(hash, flight.destination);
  hash = Mix(hash, static_cast<uint64_t>(flight.copy));
  hash = Mix(hash, static_cast<uint64_t>(flight.delay));
  hash = Mix(hash, static_cast<uint64_t>(flight.distance));
  sum += hash;
  ++rows;
}

Fingerprint FingerprintOfTable(const stoa::Database& database, const Tables& tables) {
  Fingerprint fingerprint;
  stoa::Query query(tables.flights);
  query.Columns({tables.delay, tables.distance});
  stoa::Cursor cursor = Check(database.Read(stoa::ReadOptions(), query));
  Flight flight;
  while (cursor.Next()) {
    const stoa::RowView& row = cursor.row();
    flight.origin = row.partition_key(0).text();
    flight.departure = row.clustering(0).timestamp().milliseconds;
    flight.destination = row.clustering(1).text();
    flight.copy = static_cast<int32_t>(row.clustering(2).integer());
    flight.delay = static_cast<int32_t>(row[0].integer());
    flight.distance = static_cast<int32_t>(row[1].integer());
    fingerprint.Add(flight);
  }
  Check(cursor.status());
  return fingerprint;
}
