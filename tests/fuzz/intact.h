// Makes the checksums in damaged files right, and what must agree with other files: what an attacker would
// do, and what it takes to reach the parsers behind the checksums. All that the bytes say otherwise stays as
// it is.
#pragma once

#include <cstdint>
#include <string>

namespace stoa::fuzz {

/// A segment of the log: also the identity in its header. Returns the chain value behind its last record.
uint64_t MakeSegmentIntact(uint64_t database_id, uint64_t number, std::string* segment);

/// A manifest, with the number that its name has.
void MakeManifestIntact(uint64_t number, std::string* manifest);

/// CURRENT, which names whatever it names.
void MakeCurrentIntact(std::string* current);

/// An SSTable: header, footer, and whatever can be found from there.
void MakeTableIntact(std::string* table);

}  // namespace stoa::fuzz
