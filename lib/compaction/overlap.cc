#include "compaction/overlap.h"

#include <algorithm>
#include <utility>

namespace stoa {
namespace {

void SortByFirst(Files* files) {
  std::sort(files->begin(), files->end(), [](const SSTableMetadata* a, const SSTableMetadata* b) {
    const auto order = a->bounds.first.view() <=> b->bounds.first.view();
    return order != 0 ? order < 0 : a->number < b->number;
  });
}

}  // namespace

Files Deepest(const Files& files) {
  Files sorted = files;
  SortByFirst(&sorted);
  Files deepest;
  Files open;  // those that contain the first position of the current file
  for (const SSTableMetadata* file : sorted) {
    std::erase_if(open, [&](const SSTableMetadata* other) {
      return other->bounds.last.view() < file->bounds.first.view();
    });
    open.push_back(file);
    if (open.size() > deepest.size()) deepest = open;
  }
  return deepest;
}

std::vector<Files> OverlapGroups(Files files) {
  SortByFirst(&files);
  std::vector<Files> groups;
  PositionView last;
  for (const SSTableMetadata* file : files) {
    if (groups.empty() || last < file->bounds.first.view()) {
      groups.emplace_back();
      last = file->bounds.last;
    }
    groups.back().push_back(file);
    if (last < file->bounds.last.view()) last = file->bounds.last;
  }
  return groups;
}

}  // namespace stoa
