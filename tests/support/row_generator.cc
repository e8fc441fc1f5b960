#include "support/row_generator.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <stoa/value.h>

#include "base/hash.h"
#include "data/blob_reference.h"
#include "data/complex_cell.h"
#include "data/mutation.h"
#include "data/static_row.h"
#include "schema/cell_columns.h"
#include "schema/keys.h"
#include "schema/schema_editor.h"
#include "support/catch.h"
#include "support/row_stream.h"
#include "types/byte_comparable.h"

namespace stoa::testing {
namespace {

constexpr TableId kTable = 7;
constexpr std::array<const char*, 4> kTexts = {"", "a", "ab", "the quick brown fox"};

/// The reference to a blob that there would be if someone had written it.
std::string ReferenceTo(const std::string& value) {
  BlobReference reference;
  reference.prefix = value;
  reference.hash = Hash128(value);
  reference.id = BlobId{1 + reference.hash.low % 1000, reference.hash.high, value.size()};
  std::string bytes;
  AppendBlobReference(&bytes, reference);
  return bytes;
}

TableSchema RandomSchema(const GeneratorOptions& options, Random* random) {
  TableSchema::Builder builder("t");
  builder.PartitionKey("p", random->OneIn(2) ? TypeKind::kInt : TypeKind::kText);
  const auto order = [&] {
    return random->OneIn(2) ? ClusteringOrder::kAscending : ClusteringOrder::kDescending;
  };
  builder.Clustering("c1", random->OneIn(2) ? TypeKind::kInt : TypeKind::kText, order());
  if (random->OneIn(2)) builder.Clustering("c2", TypeKind::kSmallint, order());
  if (options.static_percent != 0) builder.Static("s_int", TypeKind::kInt).Static("s_text", TypeKind::kText);
  builder.Regular("r_int", TypeKind::kInt)
      .Regular("r_text", TypeKind::kText)
      .Regular("r_double", TypeKind::kDouble);
  builder.Regular("r_bool", TypeKind::kBoolean).Regular("r_blob", TypeKind::kBlob);
  for (uint32_t i = 0; i < options.sparse_columns; ++i) {
    builder.Regular("s" + std::to_string(i), i % 2 == 0 ? TypeKind::kBigint : TypeKind::kText);
  }
  // To what is tested here a column with complex cells is one of bytes.
  for (uint32_t i = 0; i < options.complex_columns; ++i) {
    builder.Regular("z" + std::to_string(i), TypeKind::kBlob);
  }
  const absl::StatusOr<TableSchema> schema = builder.Build();
  REQUIRE(schema.ok());
  return SchemaEditor::Create(kTable, *schema);
}

/// One of `domain` values of a key column.
Value KeyValue(const DataType& type, uint64_t i, std::string* storage) {
  if (type.kind() == TypeKind::kText) {
    *storage = std::string(i % 3, 'k') + std::to_string(i / 3);
    return Value(std::string_view(*storage));
  }
  return Value(static_cast<int64_t>(i) - 2);
}

/// The first `count` components of a random clustering key.
std::string RandomKey(const TableSchema& schema, uint32_t domain, size_t count, bool is_bound, BoundSide side,
                      Random* random) {
  std::vector<Value> values;
  std::vector<std::string> storage(count);
  uint64_t number = random->Uniform(domain);
  for (size_t i = 0; i < count; ++i) {
    const bool last = i + 1 == schema.clustering().size();
    values.push_back(KeyValue(schema.clustering()[i].type, last ? number : number % 3, &storage[i]));
    number /= last ? 1 : 3;
  }
  std::string out;
  const absl::Status status = is_bound ? AppendClusteringBound(schema, values, side, &out)
                                       : AppendClusteringKey(schema, values, &out);
  REQUIRE(status.ok());
  return out;
}

}  // namespace

RowGenerator::RowGenerator(uint64_t seed, const GeneratorOptions& options)
    : options_(options),
      random_(seed),
      schema_(RandomSchema(options, &random_)),
      projection_(FullProjection(schema_)) {}

std::string RowGenerator::RandomPartitionKey() {
  std::string storage;
  const Value value =
      KeyValue(schema_.partition_key()[0].type, 3 + random_.Uniform(options_.partitions), &storage);
  std::string key;
  REQUIRE(AppendPartitionKey(schema_, Values({value}), &key).ok());
  return key;
}

std::string RowGenerator::RandomClustering() {
  if (random_.Uniform(100) < options_.irregular_percent) {
    // Of a table with static columns the key has a meaning, which RandomRow gives it.
    if (options_.static_percent == 0 && random_.OneIn(2)) return std::string(1, kStaticRowKey);
    // An empty first component, and a second one that may be.
    const std::vector<Column>& columns = schema_.clustering();
    std::string key(1, EmptyMarker(columns[0].order));
    if (columns.size() > 1 && random_.OneIn(3)) {
      key.push_back(EmptyMarker(columns[1].order));
    } else if (columns.size() > 1) {
      key += {kComponentMarker, '\x80', static_cast<char>(random_.Uniform(3))};
    }
    key.push_back(kRowEnd);
    return key;
  }
  return RandomKey(schema_, options_.rows_per_partition, schema_.clustering().size(), false,
                   BoundSide::kBefore, &random_);
}

std::string RowGenerator::RandomBound() {
  const size_t components = random_.OneIn(6) ? 0 : 1 + random_.Uniform(schema_.clustering().size());
  return RandomKey(schema_, options_.rows_per_partition, components, true,
                   random_.OneIn(2) ? BoundSide::kBefore : BoundSide::kAfter, &random_);
}

ContentCell RowGenerator::RandomCell(const DataType& type, const FragmentContext& context, int64_t expiry) {
  ContentCell cell;
  cell.timestamp = context.timestamp;
  cell.expiry = expiry;
  if (random_.Uniform(100) < options_.deletion_percent / 2) {
    cell.tombstone = true;
    cell.expiry = context.now_seconds;
    return cell;
  }
  const uint64_t choice = random_.Uniform(4);
  if (type.is_word()) {
    const uint64_t word = choice == 3 ? ~uint64_t{0} : choice;
    const size_t bits = type.word_bytes() * 8;
    cell.word = bits == 64 ? word : word & ((uint64_t{1} << bits) - 1);
    cell.empty = random_.OneIn(12);
    if (cell.empty) cell.word = 0;
  } else {
    cell.bytes = kTexts[choice];
    cell.empty = cell.bytes.empty();
    cell.blob = !cell.empty && random_.OneIn(6) && options_.blobs;
    if (cell.blob) cell.bytes = ReferenceTo(cell.bytes);
  }
  return cell;
}

/// In a map, and in a list whose elements are sometimes set by paths of any commit, earlier or later.
ContentCell RowGenerator::RandomComplexCell(ColumnId column, const FragmentContext& context, int64_t expiry) {
  const bool is_list = schema_.FindColumn(column)->name.back() % 2 != 0;
  ContentComplex inside;
  ComplexCellBuilder builder;
  const auto put = [&](const std::string& path, const std::string& value) {
    const auto [at, added] =
        inside.elements.emplace(path, ContentElement{context.timestamp, expiry, false, value});
    if (!added && !at->second.tombstone) at->second.bytes = std::max(at->second.bytes, value);
  };
  const bool deletes = options_.deletion_percent != 0;
  if (deletes && random_.OneIn(4)) {
    const bool before = random_.OneIn(3) ? false : true;
    before ? builder.DeleteBefore() : builder.DeleteAt();
    inside.deletion = DeletionTime{context.timestamp - (before ? 1 : 0), context.now_seconds};
  }
  const auto operation = static_cast<uint32_t>(random_.Uniform(2));
  for (uint64_t count = random_.Uniform(5); count > 0 || builder.empty(); count -= count > 0 ? 1 : 0) {
    const std::string value = kTexts[random_.Uniform(kTexts.size())];
    const auto index = static_cast<uint32_t>(random_.Uniform(3));
    const uint32_t number = operation ^ (random_.OneIn(2) ? 0xffff'ffffu : 0);
    const auto big = [](uint32_t n) {
      std::string bytes;
      AppendBig(&bytes, n);
      return bytes;
    };
    std::string path = std::string(1 + random_.Uniform(3), static_cast<char>('a' + random_.Uniform(3)));
    if (is_list) {
      path = std::string(1, random_.OneIn(2) ? '\1' : '\0') + big(number) + big(index);
      path = ListPath(path,
                      1 + static_cast<int64_t>(random_.Uniform(static_cast<uint64_t>(options_.timestamps))));
    }
    const uint64_t choice = deletes ? random_.Uniform(is_list ? 6 : 2) : 1;
    if (choice == 0) {
      builder.Remove(path);
      inside.elements[path] = ContentElement{context.timestamp, context.now_seconds, true, ""};
    } else if (choice == 1) {
      builder.Put(path, value);
      put(path, value);
    } else if (choice < 4) {
      builder.Append(number, index, value);
      put(ListPath("\1" + big(number) + big(index), context.timestamp), value);
    } else {
      builder.Prepend(number, index, value);
      put(ListPath(std::string(1, '\0') + big(~number) + big(index), context.timestamp), value);
    }
  }
  builder.Finish(&complex_bytes_[column]);
  return ContentCell::Of(std::move(inside));
}

ContentRow RowGenerator::RandomRow(const FragmentContext& context) {
  ContentRow row;
  const bool is_static = options_.static_percent != 0 && random_.Uniform(100) < options_.static_percent;
  row.clustering = is_static ? std::string(StaticRowKey()) : RandomClustering();
  if (!is_static && random_.Uniform(100) < options_.deletion_percent / 2) {
    row.deletion = DeletionTime{context.timestamp, context.now_seconds};
    return row;
  }
  int64_t expiry = kNoExpiry;
  if (random_.Uniform(100) < options_.ttl_percent) {
    expiry = context.now_seconds + 1 + static_cast<int64_t>(random_.Uniform(60));
  }
  if (!is_static && random_.Uniform(100) < options_.marker_percent) {
    row.has_marker = true;
    row.marker_timestamp = context.timestamp;
    row.marker_expiry = expiry;
  }
  complex_bytes_.clear();
  const std::vector<Column>& columns = is_static ? schema_.static_columns() : schema_.regular();
  for (const Column& column : columns) {
    if (IsComplex(column)) {
      if (random_.OneIn(3)) row.cells[column.id] = RandomComplexCell(column.id, context, expiry);
      continue;
    }
    const bool sparse = !is_static && column.name[0] == 's';
    if (random_.OneIn(sparse ? 8 : 2)) row.cells[column.id] = RandomCell(column.type, context, expiry);
  }
  if (!row.has_marker && row.cells.empty()) {
    const Column& column = columns[0];
    row.cells[column.id] = RandomCell(column.type, context, expiry);
  }
  return row;
}

void RowGenerator::EncodeRow(const ContentRow& row, const FragmentContext& context, std::string* out) const {
  std::string fragment;
  int64_t expiry = row.has_marker ? row.marker_expiry : kNoExpiry;
  for (const auto& [column, cell] : row.cells) {
    if (!cell.tombstone && !cell.complex) expiry = cell.expiry;
    for (const auto& [path, element] : cell.inside.elements) {
      if (!element.tombstone) expiry = element.expiry;
    }
  }
  uint8_t flags = 0;
  if (row.has_marker) flags |= fragment_flags::kMarker;
  if (expiry != kNoExpiry) flags |= fragment_flags::kTtl;
  if (!row.deletion.live()) flags |= fragment_flags::kDeletion;
  fragment.push_back(static_cast<char>(flags));
  if (expiry != kNoExpiry) AppendVarint(&fragment, static_cast<uint64_t>(expiry - context.now_seconds));
  AppendVarint(&fragment, row.cells.size());
  ColumnId before = 0;
  for (const auto& [column, cell] : row.cells) {
    const auto word_bytes = static_cast<uint8_t>(schema_.FindColumn(column)->type.word_bytes());
    if (cell.complex) {
      AppendComplexCell(&fragment, column - before, complex_bytes_.at(column));
    } else if (cell.tombstone) {
      AppendTombstoneCell(&fragment, column - before);
    } else if (cell.blob) {
      AppendVarint(&fragment, column - before);
      fragment.push_back(static_cast<char>(BlobCellHeader(0)));
      AppendLengthPrefixed(&fragment, cell.bytes);
    } else if (cell.empty || word_bytes == 0) {
      AppendBytesCell(&fragment, column - before, cell.bytes);
    } else {
      AppendWordCell(&fragment, column - before, cell.word, word_bytes);
    }
    before = column;
  }
  out->push_back(static_cast<char>(mutation_op::kRow));
  AppendLengthPrefixed(out, row.clustering);
  AppendLengthPrefixed(out, fragment);
}

RandomWrite RowGenerator::NextWrite() {
  RandomWrite write;
  write.context.timestamp =
      1 + static_cast<int64_t>(random_.Uniform(static_cast<uint64_t>(options_.timestamps)));
  write.context.now_seconds = options_.now_seconds - 50 + static_cast<int64_t>(random_.Uniform(100));
  ContentPartition partition;
  partition.key = RandomPartitionKey();
  partition.token = OrderedToken(PartitionToken(partition.key));
  std::string& out = write.mutations;
  out.push_back(static_cast<char>(mutation_op::kPartition));
  AppendVarint(&out, kTable);
  AppendVarint(&out, schema_.version());
  AppendLengthPrefixed(&out, partition.key);
  const DeletionTime deletion{write.context.timestamp, write.context.now_seconds};
  const uint64_t kind = random_.Uniform(100);
  if (kind < options_.deletion_percent / 8) {
    partition.deletion = deletion;
    out.push_back(static_cast<char>(mutation_op::kDeletePartition));
  } else if (kind < options_.deletion_percent) {
    ContentRange range{RandomBound(), RandomBound(), deletion};
    if (range.start > range.end) std::swap(range.start, range.end);
    out.push_back(static_cast<char>(mutation_op::kDeleteRange));
    AppendLengthPrefixed(&out, range.start);
    AppendLengthPrefixed(&out, range.end);
    if (range.start < range.end) partition.ranges.push_back(std::move(range));
  } else {
    partition.rows.push_back(RandomRow(write.context));
    EncodeRow(partition.rows.back(), write.context, &out);
  }
  write.content.push_back(std::move(partition));
  return write;
}

std::vector<RandomWrite> RowGenerator::Writes(uint32_t count) {
  std::vector<RandomWrite> writes;
  for (uint32_t i = 0; i < count; ++i) writes.push_back(NextWrite());
  return writes;
}

Content RowGenerator::NextContent(uint32_t count) {
  const std::vector<RandomWrite> writes = Writes(count);
  std::vector<const Content*> parts;
  for (const RandomWrite& write : writes) parts.push_back(&write.content);
  return MergeContents(parts);
}

Projection FullProjection(const TableSchema& schema) {
  Projection projection;
  for (const Column* column : CellColumns(schema)) {
    projection.push_back(ProjectedColumn{column->id, static_cast<uint8_t>(column->type.word_bytes())});
  }
  return projection;
}

Projection RandomProjection(const TableSchema& schema, Random* random) {
  Projection projection = FullProjection(schema);
  std::erase_if(projection, [&](const ProjectedColumn&) { return random->OneIn(2); });
  return projection;
}

namespace {

/// A clustering key or bound in or near a partition.
std::string RandomPlace(const TableSchema& schema, const ContentPartition& partition, Random* random) {
  const uint64_t places = partition.rows.size() + partition.ranges.size();
  if (places == 0 || random->OneIn(10)) return std::string(1, random->OneIn(2) ? kBoundBefore : kBoundAfter);
  const uint64_t place = random->Uniform(places);
  if (place >= partition.rows.size()) {
    const ContentRange& range = partition.ranges[place - partition.rows.size()];
    return random->OneIn(2) ? range.start : range.end;
  }
  const std::string& key = partition.rows[place].clustering;
  if (random->OneIn(3) || key[0] != kComponentMarker) return key + std::string(random->Uniform(2), '\0');
  std::string storage;
  std::vector<Value> values;
  REQUIRE(DecodeClusteringKey(schema, key, &storage, &values).ok());
  values.resize(random->Uniform(values.size() + 1));
  std::string bound;
  REQUIRE(
      AppendClusteringBound(schema, values, random->OneIn(2) ? BoundSide::kBefore : BoundSide::kAfter, &bound)
          .ok());
  return bound;
}

}  // namespace

Position RandomPosition(const TableSchema& schema, const Content& content, Random* random) {
  if (content.empty() || random->OneIn(20)) return Position(PositionView{random->Next(), {}, {}});
  const ContentPartition& partition = content[random->Uniform(content.size())];
  Position position(PositionView{partition.token, partition.key, {}});
  switch (random->Uniform(8)) {
    case 0:
      return position;
    case 1:
      position.key.push_back('\0');
      return position;
    case 2:
      position.key.clear();
      return position;
    default:
      position.clustering = RandomPlace(schema, partition, random);
      return position;
  }
}

PositionRange OwnedRange::view() const {
  PositionRange range;
  range.start = start.view();
  if (end.has_value()) range.end = end->view();
  return range;
}

OwnedRange RandomRange(const TableSchema& schema, const Content& content, Random* random) {
  OwnedRange range;
  if (!random->OneIn(5)) range.start = RandomPosition(schema, content, random);
  if (!random->OneIn(5)) range.end = RandomPosition(schema, content, random);
  if (range.end.has_value() && range.end->view() < range.start.view()) std::swap(range.start, *range.end);
  return range;
}

OwnedRange RandomSlice(const TableSchema& schema, const Content& content, Random* random) {
  OwnedRange range;
  ContentPartition none;
  none.key = "nobody";
  const ContentPartition& partition = content.empty() ? none : content[random->Uniform(content.size())];
  range.start = Position(PositionView{partition.token, partition.key, {}});
  range.end = range.start;
  if (!random->OneIn(4)) range.start.clustering = RandomPlace(schema, partition, random);
  if (random->OneIn(4)) {
    range.end->key.push_back('\0');
  } else {
    range.end->clustering = RandomPlace(schema, partition, random);
    if (range.end->view() < range.start.view()) std::swap(range.start, *range.end);
  }
  return range;
}

}  // namespace stoa::testing
