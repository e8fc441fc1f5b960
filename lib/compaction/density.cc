#include "compaction/density.h"

#include <algorithm>
#include <utility>

namespace stoa {
namespace {

/// How much of `file` lies within the range of `range`, from 0 to 1: exact where it is all or nothing, by
/// tokens where the file has more than one, else taken for a half.
double ShareWithin(const SSTableMetadata& file, const SSTableMetadata& range) {
  const SourceBounds& a = file.bounds;
  const SourceBounds& b = range.bounds;
  if (!a.Overlaps(b)) return 0;
  if (a.first.view() >= b.first.view() && a.last.view() <= b.last.view()) return 1;
  const auto width = static_cast<double>(a.last.token - a.first.token);
  if (width == 0) return 0.5;
  const uint64_t begin = std::max(a.first.token, b.first.token);
  const uint64_t end = std::min(a.last.token, b.last.token);
  return static_cast<double>(end - begin) / width;
}

}  // namespace

uint64_t BytesOf(const Files& files) {
  uint64_t bytes = 0;
  for (const SSTableMetadata* file : files) bytes += file->file_bytes;
  return bytes;
}

double DensityAmong(const SSTableMetadata& file, const Files& files) {
  double total = 0, within = 0;
  for (const SSTableMetadata* other : files) {
    const auto bytes = static_cast<double>(other->file_bytes);
    total += bytes;
    within += bytes * ShareWithin(*other, file);
  }
  return static_cast<double>(file.file_bytes) * total / within;
}

std::vector<double> Densities(const Files& files) {
  std::vector<double> densities;
  densities.reserve(files.size());
  for (const SSTableMetadata* file : files) densities.push_back(DensityAmong(*file, files));
  return densities;
}

Levels::Levels(std::vector<int32_t> scaling, double base_bytes)
    : scaling_(std::move(scaling)), base_bytes_(base_bytes) {}

int32_t Levels::Scaling(int level) const {
  return scaling_[std::min(static_cast<size_t>(level), scaling_.size() - 1)];
}

int Levels::Fanout(int level) const {
  const int32_t scaling = Scaling(level);
  return scaling < 0 ? 2 - scaling : 2 + scaling;
}

size_t Levels::Threshold(int level) const {
  const int32_t scaling = Scaling(level);
  return scaling <= 0 ? 2 : static_cast<size_t>(2 + scaling);
}

int Levels::LevelOf(double density) const {
  int level = 0;
  for (double bound = base_bytes_ * Fanout(0); density >= bound; bound *= Fanout(level)) ++level;
  return level;
}

double Levels::EndOf(int level) const {
  double end = base_bytes_;
  for (int below = 0; below <= level; ++below) end *= Fanout(below);
  return end;
}

}  // namespace stoa
