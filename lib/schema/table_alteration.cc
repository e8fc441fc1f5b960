#include <string>
#include <string_view>
#include <utility>

#include <stoa/schema.h>

namespace stoa {

TableAlteration& TableAlteration::AddColumn(std::string_view name, DataType type) {
  steps_.push_back({Step::Kind::kAdd, std::string(name), "", std::move(type), {}});
  return *this;
}

TableAlteration& TableAlteration::AddStaticColumn(std::string_view name, DataType type) {
  steps_.push_back({Step::Kind::kAddStatic, std::string(name), "", std::move(type), {}});
  return *this;
}

TableAlteration& TableAlteration::DropColumn(std::string_view name) {
  steps_.push_back({Step::Kind::kDrop, std::string(name), "", TypeKind::kInt, {}});
  return *this;
}

TableAlteration& TableAlteration::RenameColumn(std::string_view from, std::string_view to) {
  steps_.push_back({Step::Kind::kRename, std::string(from), std::string(to), TypeKind::kInt, {}});
  return *this;
}

TableAlteration& TableAlteration::SetOptions(const TableOptions& options) {
  steps_.push_back({Step::Kind::kOptions, "", "", TypeKind::kInt, options});
  return *this;
}

}  // namespace stoa
