// What a disk may hold after a power loss.
//
// Everything synced is there. Of the events that were not (sim_model.h), any selection may be: later ones
// without earlier ones, changes of one directory entry without those of the next, some sectors of an append
// without the others. A sector is written whole or not at all, and in order: bytes that share a sector with a
// kept byte and were appended before it are kept too. In place of an append that was lost, the file ends, or,
// because its size got to the disk or a later sector did, reads as zeros, as garbage or as what some other
// file had there. A mapped file may end in zeros up to its full size.
//
// A file system that keeps less than this model breaks the promises of fsync(2); one that keeps more is kind,
// and a test on it proves little.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/sim_model.h"

namespace stoa {

inline constexpr uint64_t kSimSectorBytes = 512;

/// One possible outcome of a power loss: which events survive, and what stands in the place of the others.
struct ImageChoice {
  enum class Policy : uint8_t {
    kNothingUnsynced,
    kEverything,
    kPrefix,       // the first `index` events
    kAllButOne,    // without event `index`
    kOnlyOne,      // only event `index`
    kTornLast,     // everything, but of the last append only the first `index` sectors
    kRandomSubset  // a selection drawn from `seed`, down to sectors; draws fill and size for each file as
                   // well
  };
  /// What a lost sector reads as, when the file's size covers it.
  enum class Fill : uint8_t { kZero, kGarbage, kStale };
  /// Whether a file's size got to the disk with its last bytes, or as it was last seen.
  enum class Size : uint8_t { kTight, kGrown };

  Policy policy = Policy::kEverything;
  uint64_t index = 0;
  Fill fill = Fill::kZero;
  Size size = Size::kTight;
  uint64_t seed = 0;

  /// For messages.
  std::string ToString() const;
};

namespace sim {

/// The events of a file system that are not durable.
struct Unsynced {
  std::vector<uint64_t> events;              // ascending; ImageChoice::index counts in here
  std::optional<Extent> last_append;         // the last event that is an append
  std::vector<std::shared_ptr<File>> files;  // all files that may survive
};
Unsynced CollectUnsynced(const Directory& root);

/// The tree that `choice` leaves of `root`. Content that survives whole is shared, not copied.
std::shared_ptr<Directory> BuildImage(const Directory& root, const Unsynced& unsynced,
                                      const ImageChoice& choice);

/// The choices worth trying that follow a rule (all but kRandomSubset), at most `limit`: where there are
/// more, a sample drawn from `seed` which includes the two extremes. Several may give the same image.
std::vector<ImageChoice> SystematicChoices(const Unsynced& unsynced, size_t limit, uint64_t seed);

/// Names and bytes of everything visible under `root`.
uint64_t HashTree(const Directory& root);

}  // namespace sim
}  // namespace stoa
