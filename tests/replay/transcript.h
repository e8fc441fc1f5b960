// Reads transcripts of a real Cassandra (tests/cassandra/FORMAT.md), line by line.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>

#include <stoa/types.h>
#include <stoa/value.h>

namespace stoa::replay {

std::vector<std::string_view> Split(std::string_view text, char separator);

/// A line: words separated by spaces. Views the text.
class Line {
 public:
  explicit Line(std::string_view text) : text_(text), words_(Split(text, ' ')) {}

  std::string_view text() const { return text_; }
  std::string_view verb() const { return words_[0]; }
  size_t size() const { return words_.size(); }
  std::string_view operator[](size_t i) const { return words_[i]; }
  const std::vector<std::string_view>& words() const { return words_; }
  /// What stands behind `name`= in the first word that begins so.
  std::optional<std::string_view> Find(std::string_view name) const;
  std::optional<int64_t> FindNumber(std::string_view name) const;

 private:
  std::string_view text_;
  std::vector<std::string_view> words_;
};

/// The lines of a transcript, one after another; behind the last they are empty.
class Lines {
 public:
  explicit Lines(std::vector<std::string> lines) : lines_(std::move(lines)) {}
  bool done() const { return next_ == lines_.size(); }
  std::string_view Peek() const { return done() ? std::string_view() : std::string_view(lines_[next_]); }
  std::string_view Take();
  size_t number() const { return next_; }  // of the line taken last

 private:
  std::vector<std::string> lines_;
  size_t next_ = 0;
};

/// A value as the transcript has it: null, unset, empty or hexadecimal bytes.
struct Datum {
  enum class Kind { kNull, kUnset, kBytes };
  Kind kind = Kind::kNull;
  std::string bytes;

  explicit Datum(std::string_view token);
};

/// Values made of data, and the bytes that they view.
class Data {
 public:
  /// Adds a value for `type`. InvalidArgument when the bytes are none of that type.
  absl::Status Add(const DataType& type, const Datum& datum);
  /// Data separated by commas, for these types: as many or fewer.
  absl::Status AddAll(const std::vector<DataType>& types, std::string_view tokens);
  const std::vector<Value>& values() const { return values_; }

 private:
  std::vector<std::unique_ptr<std::string>> bytes_;
  std::vector<Value> values_;
};

}  // namespace stoa::replay
