// Manifests: an edit by itself, and a whole manifest with its checksums made right. What decodes encodes to
// the same, and the state it adds up to is that of the one edit that describes it.
#include "engine/manifest.h"

#include <algorithm>
#include <utility>

#include "fuzz/fuzz_target.h"
#include "fuzz/intact.h"
#include "fuzz/small_database.h"

namespace stoa {
namespace {

constexpr uint64_t kNumber = 3;

std::string Encoded(const VersionEdit& edit) {
  std::string bytes;
  edit.Encode(&bytes);
  return bytes;
}

void CheckState(const DatabaseState& state) {
  const std::string once = Encoded(state.AsEdit());
  const auto edit = VersionEdit::Decode(once);
  STOA_FUZZ_CHECK(edit.ok());
  DatabaseState again;
  STOA_FUZZ_CHECK(again.Apply(*edit).ok());
  STOA_FUZZ_CHECK(Encoded(again.AsEdit()) == once);
}

void ReadEdit(std::string_view bytes) {
  const auto edit = VersionEdit::Decode(bytes);
  if (!edit.ok()) {
    STOA_FUZZ_CHECK(absl::IsInvalidArgument(edit.status()) || absl::IsUnimplemented(edit.status()));
    return;
  }
  const std::string once = Encoded(*edit);
  const auto again = VersionEdit::Decode(once);
  STOA_FUZZ_CHECK(again.ok());
  STOA_FUZZ_CHECK(Encoded(*again) == once);
  DatabaseState state;
  const absl::Status applied = state.Apply(*edit);
  STOA_FUZZ_CHECK(applied.ok() || absl::IsInvalidArgument(applied));
  if (applied.ok()) CheckState(state);
}

void ReadWhole(std::string_view bytes) {
  const auto content = DecodeManifest(ManifestName(kNumber), bytes);
  if (!content.ok()) {
    STOA_FUZZ_CHECK(absl::IsDataLoss(content.status()) || absl::IsUnimplemented(content.status()));
    return;
  }
  STOA_FUZZ_CHECK(content->number == kNumber && content->cut_bytes < bytes.size());
  CheckState(content->state);
}

/// The edit that makes the state with a merge under way of two files, of which two pieces are finished; and
/// one that gives that merge up.
std::vector<std::string> MergeSeeds(DatabaseState state) {
  const auto has_file = [](const auto& entry) { return !entry.second.files.empty(); };
  const auto it = std::find_if(state.tables.begin(), state.tables.end(), has_file);
  STOA_FUZZ_CHECK(it != state.tables.end());
  TableState& table = it->second;
  SSTableMetadata file = table.files.begin()->second;
  const uint64_t input = file.number;
  file.number = 1000;
  table.files.emplace(file.number, file);
  PieceNote note{{input, file.number}, {{}, file.bounds.last, file}};
  for (const bool to_end : {false, true}) {
    ++note.piece.file.number;
    if (to_end) note.piece.from = *std::exchange(note.piece.to, std::nullopt);
    STOA_FUZZ_CHECK(table.AddPiece(note).ok());
  }
  VersionEdit abandon;
  abandon.abandoned_merges.push_back({it->first, input});
  return {Encoded(state.AsEdit()), Encoded(abandon)};
}

}  // namespace
}  // namespace stoa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  stoa::ReadEdit(bytes);
  stoa::ReadWhole(bytes);
  stoa::fuzz::MakeManifestIntact(stoa::kNumber, &bytes);
  stoa::ReadWhole(bytes);
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  for (const bool close : {false, true}) {
    const auto files = stoa::fuzz::MakeSmallDatabase(close);
    for (const std::string& path : files->ListFiles()) {
      if (stoa::ParseManifestName(path.substr(path.rfind('/') + 1)) == 0) continue;
      std::string bytes = *files->ReadFile(path);
      const auto content = stoa::DecodeManifest(path.substr(path.rfind('/') + 1), bytes);
      STOA_FUZZ_CHECK(content.ok());
      seeds.push_back(stoa::Encoded(content->state.AsEdit()));
      for (std::string& seed : stoa::MergeSeeds(content->state)) seeds.push_back(std::move(seed));
      stoa::fuzz::MakeManifestIntact(stoa::kNumber, &bytes);
      seeds.push_back(std::move(bytes));
    }
  }
  return seeds;
}
