// Manifests: an edit by itself, and a whole manifest with its checksums made right. What decodes encodes to
// the same, and the state it adds up to is that of the one edit that describes it.
#include "engine/manifest.h"
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
      stoa::fuzz::MakeManifestIntact(stoa::kNumber, &bytes);
      seeds.push_back(std::move(bytes));
    }
  }
  return seeds;
}
