#include "replay/transcript.h"

#include <memory>

#include <absl/strings/escaping.h>
#include <absl/strings/numbers.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "types/value_codec.h"

namespace stoa::replay {

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::string_view> Line::Find(std::string_view name) const {
  for (std::string_view word : words_) {
    if (word.size() > name.size() && word.substr(0, name.size()) == name && word[name.size()] == '=') {
      return word.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

std::optional<int64_t> Line::FindNumber(std::string_view name) const {
  const std::optional<std::string_view> text = Find(name);
  int64_t number = 0;
  if (!text || !absl::SimpleAtoi(ToAbsl(*text), &number)) return std::nullopt;
  return number;
}

std::string_view Lines::Take() {
  return next_ < lines_.size() ? std::string_view(lines_[next_++]) : std::string_view();
}

Datum::Datum(std::string_view token) {
  if (token == "null") return;
  kind = token == "unset" ? Kind::kUnset : Kind::kBytes;
  if (kind == Kind::kBytes && token != "empty") bytes = absl::HexStringToBytes(ToAbsl(token));
}

absl::Status Data::Add(const DataType& type, const Datum& datum) {
  if (datum.kind != Datum::Kind::kBytes) {
    values_.push_back(datum.kind == Datum::Kind::kUnset ? Value::Unset() : Value());
    return absl::OkStatus();
  }
  bytes_.push_back(std::make_unique<std::string>(datum.bytes));
  absl::StatusOr<Value> value = ParseSerialized(type, *bytes_.back());
  if (!value.ok()) return InvalidArgument(FromAbsl(value.status().message()));
  values_.push_back(*value);
  return absl::OkStatus();
}

absl::Status Data::AddAll(const std::vector<DataType>& types, std::string_view tokens) {
  size_t i = 0;
  for (std::string_view token : Split(tokens, ',')) {
    if (i == types.size()) return InvalidArgument("more values than ", types.size(), " columns");
    STOA_RETURN_IF_ERROR(Add(types[i++], Datum(token)));
  }
  return absl::OkStatus();
}

}  // namespace stoa::replay
