// A summary of a set of flights that does not depend on their order: equal sets have equal fingerprints, and
// different ones do not, except with a probability of about 2^-64.
#pragma once

#include <cstdint>

#include <stoa/database.h>

#include "flight.h"

struct Fingerprint {
  uint64_t rows = 0;
  uint64_t sum = 0;  // of the hashes of all rows

  void Add(const Flight& flight);
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

/// Reads the whole table.
Fingerprint FingerprintOfTable(const stoa::Database& database, const Tables& tables);
