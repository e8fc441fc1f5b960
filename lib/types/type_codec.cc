#include "types/type_codec.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "types/type_names.h"

namespace stoa {
namespace {

/// Reads one type, counting the types that it is made of.
class TypeDecoder {
 public:
  explicit TypeDecoder(Decoder* decoder) : decoder_(decoder) {}

  bool Decode(size_t depth, DataType* type) {
    uint8_t number = 0;
    if (depth > kTypeDepthMax || ++part_count_ > kTypePartsMax || !decoder_->Little(&number)) return false;
    const auto kind = static_cast<TypeKind>(number);
    switch (kind) {
      case TypeKind::kList:
      case TypeKind::kSet:
      case TypeKind::kMap:
        return DecodeCollection(kind, depth, type);
      case TypeKind::kTuple:
        return DecodeTuple(depth, type);
      case TypeKind::kUserType:
        return DecodeUserType(depth, type);
      case TypeKind::kVector:
        return DecodeVector(depth, type);
      default:
        *type = kind;
        return std::any_of(std::begin(kScalarTypes), std::end(kScalarTypes),
                           [&](const NamedKind& scalar) { return scalar.kind == kind; });
    }
  }

 private:
  bool DecodeFrozen(bool* frozen) {
    uint8_t byte = 0;
    if (!decoder_->Little(&byte) || byte > 1) return false;
    *frozen = byte == 1;
    return true;
  }
  /// Every component takes a byte at least.
  bool DecodeCount(uint64_t* count) {
    return decoder_->Varint(count) && *count <= kTupleComponentsMax && *count <= decoder_->remaining();
  }

  bool DecodeCollection(TypeKind kind, size_t depth, DataType* type) {
    bool frozen = false;
    DataType element = TypeKind::kBlob;
    if (!DecodeFrozen(&frozen) || !Decode(depth + 1, &element)) return false;
    if (kind == TypeKind::kMap) {
      DataType value = TypeKind::kBlob;
      if (!Decode(depth + 1, &value)) return false;
      *type = DataType::Map(std::move(element), std::move(value));
    } else {
      *type =
          kind == TypeKind::kList ? DataType::List(std::move(element)) : DataType::Set(std::move(element));
    }
    if (frozen) *type = type->Frozen();
    return true;
  }

  bool DecodeTuple(size_t depth, DataType* type) {
    uint64_t count = 0;
    if (!DecodeCount(&count)) return false;
    std::vector<DataType> components;
    for (uint64_t i = 0; i < count; ++i) {
      DataType component = TypeKind::kBlob;
      if (!Decode(depth + 1, &component)) return false;
      components.push_back(std::move(component));
    }
    *type = DataType::Tuple(std::move(components));
    return true;
  }

  bool DecodeUserType(size_t depth, DataType* type) {
    bool frozen = false;
    std::string_view name;
    uint64_t count = 0;
    if (!DecodeFrozen(&frozen) || !decoder_->LengthPrefixed(&name) || !DecodeCount(&count)) return false;
    std::vector<TypeField> fields;
    for (uint64_t i = 0; i < count; ++i) {
      std::string_view field_name;
      DataType field_type = TypeKind::kBlob;
      if (!decoder_->LengthPrefixed(&field_name) || !Decode(depth + 1, &field_type)) return false;
      fields.push_back({std::string(field_name), std::move(field_type)});
    }
    *type = DataType::UserType(name, std::move(fields));
    if (frozen) *type = type->Frozen();
    return true;
  }

  bool DecodeVector(size_t depth, DataType* type) {
    uint32_t dimension = 0;
    DataType element = TypeKind::kBlob;
    if (!decoder_->Varint(&dimension) || !Decode(depth + 1, &element)) return false;
    *type = DataType::Vector(std::move(element), dimension);
    return true;
  }

  Decoder* const decoder_;
  size_t part_count_ = 0;
};

}  // namespace

void AppendType(const DataType& type, std::string* out) {
  out->push_back(static_cast<char>(type.kind()));
  if (type.is_collection() || type.kind() == TypeKind::kUserType) out->push_back(type.is_frozen() ? 1 : 0);
  if (type.kind() == TypeKind::kUserType) AppendLengthPrefixed(out, type.user_type_name());
  if (type.has_components()) AppendVarint(out, type.parameters().size());
  if (type.kind() == TypeKind::kVector) AppendVarint(out, type.dimension());
  for (size_t i = 0; i < type.parameters().size(); ++i) {
    if (type.kind() == TypeKind::kUserType) AppendLengthPrefixed(out, type.field_names()[i]);
    AppendType(type.parameters()[i], out);
  }
}

bool DecodeType(Decoder* decoder, DataType* type) { return TypeDecoder(decoder).Decode(1, type); }

}  // namespace stoa
