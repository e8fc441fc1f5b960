// Density: the measure by which SSTables stand on levels.
//
// A level holds what has been merged about equally often. Where a file covers the whole table its size tells;
// a file that covers a tenth of the table and is a tenth as large belongs beside it. So a file's *span* is
// the share of the table that lies between its first and last position, and its density is its size divided
// by its span. (Cassandra measures spans in tokens, CEP-26. Here they are measured in bytes of the table's
// own files, which is the same where tokens are uniform, and goes on making sense inside of one large
// partition and where some partitions are much larger than others.)
#pragma once

#include <cstdint>
#include <vector>

#include "sstable/sstable.h"

namespace stoa {

/// The files of a table, as the functions of this layer look at them.
using Files = std::vector<const SSTableMetadata*>;

uint64_t BytesOf(const Files& files);

/// The density of a file, which may be a piece of the table that is none yet, in bytes.
double DensityAmong(const SSTableMetadata& file, const Files& files);
/// The density of each file. Takes time quadratic in their number.
std::vector<double> Densities(const Files& files);

/// The levels that scaling parameters make. The lowest has everything below `base_bytes` times its fanout.
class Levels {
 public:
  /// `scaling` as ParseScalingParameters gives it.
  Levels(std::vector<int32_t> scaling, double base_bytes);

  int LevelOf(double density) const;
  /// The level has files of lesser densities than this, in bytes, and not of the level below.
  double EndOf(int level) const;
  /// How many files over each other make a level be merged.
  size_t Threshold(int level) const;
  /// How many times as dense as a level's lowest files its highest are.
  int Fanout(int level) const;

 private:
  int32_t Scaling(int level) const;

  const std::vector<int32_t> scaling_;
  const double base_bytes_;
};

}  // namespace stoa
