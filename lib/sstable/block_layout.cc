#include "base/coding.h"
#include "base/strings.h"
#include "schema/cell_columns.h"
#include "sstable/block.h"
#include "types/byte_comparable.h"

namespace stoa {
namespace {

using Shape = ClusteringComponent::Shape;

constexpr uint8_t kFixedBytesMax = 16;

ClusteringComponent ComponentOf(const Column& column) {
  const size_t bytes = ComparableBytes(column.type);
  if (bytes >= 1 && bytes <= kFixedBytesMax) return {Shape::kFixed, static_cast<uint8_t>(bytes)};
  switch (column.type.kind()) {
    case TypeKind::kAscii:
    case TypeKind::kText:
    case TypeKind::kBlob:
    case TypeKind::kInet:
      return {column.order == ClusteringOrder::kAscending ? Shape::kTerminated : Shape::kTerminatedInverted,
              0};
    default:
      return {Shape::kRest, 0};
  }
}

bool DecodeComponents(Decoder* in, std::vector<ClusteringComponent>* components) {
  uint64_t count = 0;
  if (!in->Varint(&count) || count > in->remaining()) return false;
  for (uint64_t i = 0; i < count; ++i) {
    uint8_t shape = 0;
    uint8_t bytes = 0;
    if (!in->Little(&shape) || !in->Little(&bytes) || shape > static_cast<uint8_t>(Shape::kRest))
      return false;
    const bool fixed = shape == static_cast<uint8_t>(Shape::kFixed);
    if (fixed ? bytes == 0 || bytes > kFixedBytesMax : bytes != 0) return false;
    if (!components->empty() && components->back().shape == Shape::kRest) return false;
    components->push_back({static_cast<Shape>(shape), bytes});
  }
  return true;
}

bool DecodeColumns(Decoder* in, std::vector<BlockLayout::ColumnType>* columns) {
  uint64_t count = 0;
  ColumnId last = 0;
  if (!in->Varint(&count) || count > in->remaining()) return false;
  for (uint64_t i = 0; i < count; ++i) {
    ColumnId delta = 0;
    uint8_t kind = 0;
    if (!in->Varint(&delta) || !in->Little(&kind) || delta == 0 || delta > ~last) return false;
    last += delta;
    columns->push_back({last, static_cast<TypeKind>(kind)});
  }
  return true;
}

}  // namespace

const std::vector<ClusteringComponent>& BlockLayout::WholeKeys() {
  static const std::vector<ClusteringComponent> components = {{Shape::kWhole, 0}};
  return components;
}

BlockLayout BlockLayout::Of(const TableSchema& schema) {
  BlockLayout layout;
  for (const Column& column : schema.clustering()) {
    layout.clustering.push_back(ComponentOf(column));
    if (layout.clustering.back().shape == Shape::kRest) break;
  }
  for (const Column* column : CellColumns(schema)) {
    layout.columns.push_back({column->id, column->type.kind()});
  }
  return layout;
}

// layout := count:varint (shape:u8 bytes:u8)*  count:varint (column id delta:varint type kind:u8)*
void BlockLayout::Encode(std::string* out) const {
  AppendVarint(out, clustering.size());
  for (const ClusteringComponent& component : clustering) {
    out->push_back(static_cast<char>(component.shape));
    out->push_back(static_cast<char>(component.bytes));
  }
  AppendVarint(out, columns.size());
  ColumnId last = 0;
  for (const ColumnType& column : columns) {
    AppendVarint(out, column.id - last);
    out->push_back(static_cast<char>(column.kind));
    last = column.id;
  }
}

absl::StatusOr<BlockLayout> BlockLayout::Decode(std::string_view bytes) {
  BlockLayout layout;
  Decoder in(bytes);
  if (!DecodeComponents(&in, &layout.clustering) || !DecodeColumns(&in, &layout.columns) || !in.Done()) {
    return absl::DataLossError("malformed block layout");
  }
  return layout;
}

}  // namespace stoa
