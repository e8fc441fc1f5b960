// A whole database whose files were changed: opened, read, written, merged and opened again. No bytes do
// harm; what could be opened and closed can be opened again.
//
// An input says how a small database, always the same, is changed, so that a few bytes reach any place in any
// file:
//
//     input := choices:u8 change*         choices: 1 closed | 2 checksums stay as the changes leave them
//     change := file:u8 kind:u8 at:u16 size:u8 bytes
//     kind   := 0 overwrite | 1 insert | 2 erase | 3 cut | 4 remove the file | 5 the file becomes `bytes`
#include <algorithm>
#include <memory>

#include <stoa/database.h>

#include "base/coding.h"
#include "base/strings.h"
#include "engine/manifest.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/intact.h"
#include "fuzz/small_database.h"
#include "model/sim_env.h"
#include "wal/log_format.h"

namespace stoa {
namespace {

enum Choice : uint8_t { kClosed = 1, kDamaged = 2 };
enum ChangeKind : uint8_t { kOverwrite, kInsert, kErase, kCut, kRemove, kReplace };

struct File {
  std::string path;
  std::string bytes;
  bool exists = true;
  bool changed = false;

  std::string_view name() const { return std::string_view(path).substr(path.rfind('/') + 1); }
};

void CheckError(const absl::Status& status) {
  const bool expected = status.ok() || absl::IsDataLoss(status) || absl::IsUnimplemented(status) ||
                        absl::IsResourceExhausted(status) || absl::IsFailedPrecondition(status);
  if (!expected) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  STOA_FUZZ_CHECK(expected);
}

std::vector<File> FilesOf(const SimFileSystem& files) {
  std::vector<File> result;
  for (const std::string& path : files.ListFiles()) result.push_back({path, *files.ReadFile(path)});
  return result;
}

void ChangeFile(Decoder* decoder, std::vector<File>* files) {
  uint8_t file_number = 0, kind = 0, size = 0;
  uint16_t at = 0;
  std::string_view bytes;
  if (!decoder->Little(&file_number) || !decoder->Little(&kind) || !decoder->Little(&at) ||
      !decoder->Little(&size) ||
      !decoder->Bytes(kind == kErase ? 0 : std::min<size_t>(size, decoder->remaining()), &bytes)) {
    return;
  }
  File& file = (*files)[file_number % files->size()];
  const size_t begin = std::min<size_t>(at, file.bytes.size());
  switch (kind % 6) {
    case kOverwrite:
      file.bytes.replace(begin, bytes.size(), bytes);
      break;
    case kInsert:
      file.bytes.insert(begin, bytes);
      break;
    case kErase:
      file.bytes.erase(begin, size);
      break;
    case kCut:
      file.bytes.resize(begin);
      break;
    case kRemove:
      file.exists = false;
      break;
    case kReplace:
      file.bytes = bytes;
      break;
  }
  file.changed = true;
}

/// Makes all checksums right. The log is linked anew where a segment names the one before.
void MakeIntact(std::vector<File>* files) {
  uint64_t database_id = 0, last_number = 0, last_bytes = 0, last_chain = 0;
  for (File& file : *files) {
    const uint64_t number = ParseManifestName(file.name());
    if (number == 0) continue;
    if (file.changed) fuzz::MakeManifestIntact(number, &file.bytes);
    if (const auto content = DecodeManifest(file.name(), file.bytes); content.ok())
      database_id = content->state.database_id;
  }
  for (File& file : *files) {
    if (file.changed && file.name() == kCurrentName) fuzz::MakeCurrentIntact(&file.bytes);
    if (file.changed && ParseSSTableName(file.name()) != 0) fuzz::MakeTableIntact(&file.bytes);
    const uint64_t number = ParseLogSegmentName(file.name());
    if (number == 0 || file.bytes.size() < kLogSegmentHeaderBytes) continue;
    if (last_number != 0 && LoadLittle<uint64_t>(file.bytes.data() + 32) == last_number) {
      StoreLittle(file.bytes.data() + 40, last_bytes);
      StoreLittle(file.bytes.data() + 48, last_chain);
    }
    last_chain = fuzz::MakeSegmentIntact(database_id, number, &file.bytes);
    last_number = number;
    last_bytes = file.bytes.size();
  }
}

void ReadTable(const Database& database, const Table& table) {
  auto cursor = database.Read(ReadOptions(), Query(table));
  if (!cursor.ok()) return CheckError(cursor.status());
  for (int rows = 0; rows < 1000 && cursor->Next(); ++rows) {
    for (size_t i = 0; i < table->regular().size(); ++i) (void)cursor->row()[i].ToString();
  }
  CheckError(cursor->status());
}

/// True when the database was opened and closed.
bool Use(SimFileSystem& files, uint64_t seed) {
  SimEnv sim(files, seed);
  auto opened = Database::Open(fuzz::SmallDatabaseOptions(&sim.env), std::string(fuzz::kDatabasePath));
  CheckError(opened.status());
  if (!opened.ok()) return false;
  Database& database = **opened;
  for (const Table& table : database.ListTables()) ReadTable(database, table);
  CheckError(database.Verify().status());
  if (const auto table = database.OpenTable("tail"); table.ok()) {
    WriteBatch batch;
    const bool fits = batch.DeletePartition(*table, {1, "key"}).ok();
    if (fits) CheckError(database.Write(WriteOptions(), batch));
  }
  CheckError(database.Flush());
  for (const Table& table : database.ListTables()) {
    // What is wrong with the order of rows is noticed by whoever writes them anew, who does not know whose
    // fault it is.
    const absl::Status merged = database.Compact(table->name());
    if (!absl::IsInternal(merged)) CheckError(merged);
  }
  for (const Table& table : database.ListTables()) ReadTable(database, table);
  const absl::Status closed = database.Close();
  CheckError(closed);
  return closed.ok();
}

}  // namespace
}  // namespace stoa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<stoa::File> originals[] = {
      stoa::FilesOf(*stoa::fuzz::MakeSmallDatabase(/*close=*/false)),
      stoa::FilesOf(*stoa::fuzz::MakeSmallDatabase(/*close=*/true)),
  };
  stoa::fuzz::Input input(data, size);
  const uint8_t choices = input.Byte();
  std::vector<stoa::File> files = originals[choices & stoa::kClosed];
  stoa::Decoder decoder(input.rest());
  while (decoder.remaining() > 0) stoa::ChangeFile(&decoder, &files);
  if ((choices & stoa::kDamaged) == 0) stoa::MakeIntact(&files);

  stoa::SimFileSystem disk;
  STOA_FUZZ_CHECK(disk.CreateDirectory(std::string(stoa::fuzz::kDatabasePath)).ok());
  for (stoa::File& file : files) {
    if (file.exists) STOA_FUZZ_CHECK(disk.WriteFile(file.path, std::move(file.bytes)).ok());
  }
  if (stoa::Use(disk, 2)) STOA_FUZZ_CHECK(stoa::Use(disk, 3));
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds = {std::string(1, '\0'), std::string(1, '\1')};
  stoa::Random random(1);
  for (int i = 0; i < 60; ++i) {
    std::string& seed = seeds.emplace_back(1, static_cast<char>(i % 2));
    for (int changes = 0; changes < 1 + i % 3; ++changes) {
      seed.push_back(static_cast<char>(random.Uniform(12)));
      seed.push_back(static_cast<char>(i < 40 ? 0 : random.Uniform(6)));
      stoa::AppendLittle(&seed, static_cast<uint16_t>(random.Uniform(random.OneIn(2) ? 400 : 6000)));
      seed.push_back('\2');
      stoa::AppendLittle(&seed, static_cast<uint16_t>(random.Next()));
    }
  }
  return seeds;
}
