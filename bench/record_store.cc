#include "record_store.h"

#include <string>
#include <utility>

namespace {

namespace fs = std::filesystem;

constexpr size_t kLoadingMemory = size_t{1} << 30;

EngineOptions OptionsOf(const RecordTable& table, size_t memory_bytes) {
  EngineOptions options;
  options.memory_bytes = memory_bytes;
  options.fields = table.shape.fields;
  return options;
}

class LoadedTable {
 public:
  LoadedTable(const EngineKind& kind, const RecordTable& table, fs::path directory)
      : directory_(std::move(directory)) {
    const EngineOptions options = OptionsOf(table, kLoadingMemory);
    {
      const std::unique_ptr<Engine> engine = kind.open(directory_, options);
      const std::unique_ptr<Client> client = engine->NewClient();
      RecordMaker maker(table.shape);
      for (uint64_t i = 0; i < table.records; ++i) client->Insert(maker.Key(i), maker.Fields(i, 0));
      engine->Settle();
    }
    bytes_ = DataBytes(kind, directory_);
    const std::unique_ptr<Engine> engine = kind.open(directory_, options);
    RecordRun(kind, engine.get(), Mix(), table, 0).CheckResult();
  }

  uint64_t bytes() const { return bytes_; }
  void CopyTo(const fs::path& target) const { CopyFiles(directory_, target); }

 private:
  const fs::path directory_;
  uint64_t bytes_ = 0;
};

const LoadedTable& Loaded(Bench* bench, const EngineKind& kind, const RecordTable& table) {
  const RecordShape& shape = table.shape;
  const std::string name = "records-" + kind.name + "-" + std::to_string(table.records) + "-" +
                           std::to_string(shape.fields) + "-" + std::to_string(shape.field_bytes) + "-" +
                           std::to_string(shape.key_bytes);
  return bench->Shared<LoadedTable>(
      name, [&] { return std::make_unique<LoadedTable>(kind, table, bench->EmptyDirectory(name)); });
}

}  // namespace

uint64_t LoadedBytes(Bench* bench, const EngineKind& kind, const RecordTable& table) {
  return Loaded(bench, kind, table).bytes();
}

RunDatabase::RunDatabase(Bench* bench, const EngineKind& kind, const RecordTable& table, size_t memory_bytes)
    : directory_(bench->EmptyDirectory("records-" + kind.name)) {
  if (table.loaded) Loaded(bench, kind, table).CopyTo(directory_);
  engine_ = kind.open(directory_, OptionsOf(table, memory_bytes));
  if (table.loaded) CheckRecordsThere(kind, engine_->NewClient().get(), table, table.records);
}

RunDatabase::~RunDatabase() {
  engine_.reset();
  fs::remove_all(directory_);
}

void CheckRecordsThere(const EngineKind& kind, Client* client, const RecordTable& table, uint64_t records) {
  if (client->Scan("", records + 1) == records * table.shape.value_bytes()) return;
  WrongAnswer(kind, "scan of all records");
}
