// Queries of a transcript.
#include <algorithm>
#include <set>

#include <absl/strings/escaping.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "replay/canonical.h"
#include "replay/replayer.h"
#include "types/byte_comparable.h"
#include "types/value_codec.h"

namespace stoa::replay {
namespace {

std::string HexOrEmpty(std::string_view bytes) {
  return bytes.empty() ? "empty" : std::string(absl::BytesToHexString(ToAbsl(bytes)));
}

std::string Text(const DataType& type, const Value& value) {
  if (value.is_null()) return "null";
  std::string bytes;
  const absl::Status status = AppendSerialized(type, value, &bytes);
  return status.ok() ? HexOrEmpty(bytes) : status.ToString();
}

/// What of a row is selected: one word of cols=.
struct Selected {
  enum class What { kPartitionKey, kClustering, kValue, kWriteTime, kMaxWriteTime, kTtl };
  What what = What::kValue;
  ColumnKind kind = ColumnKind::kRegular;
  size_t place = 0;  // in the key, or in the query's columns
  DataType type = TypeKind::kInt;
  std::string_view part;  // of a column: the key of an element or the name of a field; empty: the whole
  bool part_is_field = false;

  bool IsTimeOfComposite() const {
    return !part.empty() && !part_is_field && type.parameters()[0].is_composite();
  }
};

/// The columns of a query and of its result.
class Selection {
 public:
  absl::Status Read(const Line& line, const TableSchema& schema) {
    for (std::string_view word : Split(*line.Find("cols"), ',')) STOA_RETURN_IF_ERROR(Add(word, schema));
    return absl::OkStatus();
  }

  const std::vector<ColumnId>& columns() const { return columns_; }

  /// The text of a row with its values made canonical, and without times of elements with composite keys:
  /// Cassandra does not find those whose key holds an empty value.
  std::string CanonicalRow(std::string_view text) const {
    const std::vector<std::string_view> words = Split(text, ' ');
    std::string canonical = "=";
    for (size_t i = 0; i < selected_.size() && i + 1 < words.size(); ++i) {
      const bool is_value = selected_[i].what <= Selected::What::kValue && words[i + 1] != "null";
      canonical += " ";
      if (selected_[i].IsTimeOfComposite()) continue;
      canonical += is_value ? HexOrEmpty(Canonical(selected_[i].type, Datum(words[i + 1]).bytes))
                            : std::string(words[i + 1]);
    }
    return canonical;
  }

  /// True when all regular columns in the text of a row are null.
  bool IsNullRow(std::string_view text) const {
    const std::vector<std::string_view> words = Split(text, ' ');
    for (size_t i = 0; i < selected_.size(); ++i) {
      const bool is_regular = selected_[i].kind == ColumnKind::kRegular;
      if (is_regular && i + 1 < words.size() && words[i + 1] != "null") return false;
    }
    return true;
  }

  /// A row as the transcript has it.
  std::string RowText(const RowView& row, int64_t now_seconds) const {
    std::string text = "=";
    for (const Selected& selected : selected_) text += " " + CellText(row, selected, now_seconds);
    return text;
  }

 private:
  absl::Status Add(std::string_view word, const TableSchema& schema) {
    std::vector<std::string_view> parts = Split(word, ':');
    Selected selected;
    const bool is_function = parts[0] == "writetime" || parts[0] == "maxwritetime" || parts[0] == "ttl";
    if (is_function && parts.size() > 1) {
      selected.what = parts[0] == "writetime"      ? Selected::What::kWriteTime
                      : parts[0] == "maxwritetime" ? Selected::What::kMaxWriteTime
                                                   : Selected::What::kTtl;
      parts.erase(parts.begin());
      if (parts.size() == 3) {
        selected.part_is_field = parts[1] == "field";
        selected.part = parts[2];
      }
    }
    const Column* column = schema.FindColumn(parts[0]);
    if (column == nullptr) return NotFound("column ", parts[0]);
    selected.type = column->type;
    selected.kind = column->kind;
    if (column->kind == ColumnKind::kPartitionKey || column->kind == ColumnKind::kClustering) {
      const bool is_partition = column->kind == ColumnKind::kPartitionKey;
      selected.what = is_partition ? Selected::What::kPartitionKey : Selected::What::kClustering;
      selected.place =
          static_cast<size_t>(column - (is_partition ? schema.partition_key() : schema.clustering()).data());
    } else {
      const auto it = std::find(columns_.begin(), columns_.end(), column->id);
      selected.place = static_cast<size_t>(it - columns_.begin());
      if (it == columns_.end()) columns_.push_back(column->id);
    }
    selected_.push_back(selected);
    return absl::OkStatus();
  }

  static std::string CellText(const RowView& row, const Selected& selected, int64_t now_seconds) {
    switch (selected.what) {
      case Selected::What::kPartitionKey:
        return Text(selected.type, row.partition_key(selected.place));
      case Selected::What::kClustering:
        return Text(selected.type, row.clustering(selected.place));
      case Selected::What::kValue:
        return Text(selected.type, row[selected.place]);
      default:
        return TimeText(row, selected, now_seconds);
    }
  }

  /// The result of writetime, maxwritetime or ttl of one cell.
  static std::string OneTime(Selected::What what, int64_t timestamp, int64_t expiry, int64_t now_seconds) {
    if (timestamp == INT64_MIN) return "null";
    if (what != Selected::What::kTtl) return Text(TypeKind::kBigint, Value(timestamp));
    if (expiry == INT64_MAX) return "null";
    return Text(TypeKind::kInt, Value(expiry - now_seconds));
  }

  static std::string TimeText(const RowView& row, const Selected& selected, int64_t now_seconds);

  std::vector<Selected> selected_;
  std::vector<ColumnId> columns_;
};

/// Of a column of several cells the times of all, as a list, or of one.
std::string Selection::TimeText(const RowView& row, const Selected& selected, int64_t now_seconds) {
  const DataType& type = selected.type;
  if (!type.is_multi_cell()) {
    return OneTime(selected.what, row.write_timestamp(selected.place), row.expiry(selected.place),
                   now_seconds);
  }
  std::vector<std::string> times;
  if (type.kind() == TypeKind::kUserType) times.assign(type.field_names().size(), "null");
  int64_t greatest = INT64_MIN;
  Elements elements = row.elements(selected.place);
  ElementView element;
  while (elements.Next(&element)) {
    const std::string time = OneTime(selected.what, element.write_timestamp, element.expiry, now_seconds);
    greatest = std::max(greatest, element.write_timestamp);
    if (type.kind() != TypeKind::kUserType) {
      if (!selected.part.empty() && Text(type.parameters()[0], element.key) == selected.part) return time;
      times.push_back(time);
      continue;
    }
    if (selected.part_is_field && element.key.text() == selected.part) return time;
    const auto& names = type.field_names();
    const auto field = std::find(names.begin(), names.end(), element.key.text());
    times[static_cast<size_t>(field - names.begin())] = time;
  }
  if (!selected.part.empty() || greatest == INT64_MIN) return "null";
  if (selected.what == Selected::What::kMaxWriteTime) return Text(TypeKind::kBigint, Value(greatest));
  const auto length = [](size_t bytes) { return absl::StrFormat("%08x", bytes); };
  std::string text = length(times.size());
  for (const std::string& time : times) text += time == "null" ? "ffffffff" : length(time.size() / 2) + time;
  return text;
}

/// Where a query looks, beside its partitions.
absl::Status Restrict(const Line& line, const TableSchema& schema, Query* query) {
  if (line.Find("ck")) {
    Data row;
    std::vector<DataType> types;
    for (const Column& column : schema.clustering()) types.push_back(column.type);
    STOA_RETURN_IF_ERROR(row.AddAll(types, *line.Find("ck")));
    query->Row(row.values());
    return absl::OkStatus();
  }
  Slice slice;
  STOA_RETURN_IF_ERROR(ReadSlice(line, schema, &slice));
  if (!slice.range.from.empty() || !slice.range.to.empty()) query->Slice(slice.range);
  return absl::OkStatus();
}

/// A word like tokens=(-5,17], "-" standing for an open end. None: no token is in it.
absl::StatusOr<std::optional<TokenRange>> ReadTokens(std::string_view text) {
  const std::vector<std::string_view> ends = Split(text.substr(1, text.size() - 2), ',');
  TokenRange range;
  if (ends[0] != "-") {
    if (!absl::SimpleAtoi(ToAbsl(ends[0]), &range.first)) return InvalidArgument("token ", ends[0]);
    if (text.front() == '(' && range.first++ == INT64_MAX) return std::optional<TokenRange>();
  }
  if (ends[1] != "-") {
    if (!absl::SimpleAtoi(ToAbsl(ends[1]), &range.last)) return InvalidArgument("token ", ends[1]);
    if (text.back() == ')' && range.last-- == INT64_MIN) return std::optional<TokenRange>();
  }
  if (range.first > range.last) return std::optional<TokenRange>();
  return std::optional<TokenRange>(range);
}

struct Result {
  std::vector<std::string> rows;
  absl::Status status;
};

/// Runs a query, page by page where the transcript does.
Result RunQuery(const Database& database, const Query& query, const Line& line, const Selection& selection,
                int64_t now_seconds, uint64_t limit) {
  Result result;
  const uint64_t page = static_cast<uint64_t>(line.FindNumber("page").value_or(INT64_MAX));
  std::string paging_state;
  do {
    Query part = query;
    const uint64_t most = std::min(page, limit - result.rows.size());
    part.Limit(most);
    if (!paging_state.empty()) part.Resume(paging_state);
    absl::StatusOr<Cursor> cursor = database.Read(ReadOptions(), part);
    result.status = cursor.status();
    if (!cursor.ok()) return result;
    uint64_t rows = 0;
    for (; cursor->Next(); ++rows) result.rows.push_back(selection.RowText(cursor->row(), now_seconds));
    result.status = cursor->status();
    if (rows > most) result.status = absl::InternalError("a page has too many rows");
    paging_state = cursor->paging_state();
  } while (result.status.ok() && !paging_state.empty() && result.rows.size() < limit);
  return result;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> Replayer::RunSelect(const Line& line) {
  const Table& table = TableOf(line[1]);
  Selection selection;
  STOA_RETURN_IF_ERROR(selection.Read(line, *table));
  Query query(table);
  const auto has = [&](std::string_view word) {
    return std::find(line.words().begin(), line.words().end(), word) != line.words().end();
  };
  if (has("distinct")) {
    query.Distinct();
    std::vector<ColumnId> columns = selection.columns();
    if (!columns.empty()) query.Columns(columns);
  } else {
    query.Columns(selection.columns());
    STOA_RETURN_IF_ERROR(Restrict(line, *table, &query));
  }
  if (has("reverse")) query.Reverse();
  if (const auto most = line.FindNumber("perpartition"))
    query.PerPartitionLimit(static_cast<uint64_t>(*most));
  if (line.Find("tokens")) {
    STOA_ASSIGN_OR_RETURN(const std::optional<TokenRange> range, ReadTokens(*line.Find("tokens")));
    if (!range) return std::vector<std::string>();
    query.Tokens(*range);
  }
  std::vector<DataType> key_types;
  for (const Column& column : table->partition_key()) key_types.push_back(column.type);
  std::vector<std::string_view> keys;
  if (line.Find("pk")) keys = {*line.Find("pk")};
  if (line.Find("pkin")) keys = Split(*line.Find("pkin"), ';');
  const uint64_t limit = static_cast<uint64_t>(line.FindNumber("limit").value_or(INT64_MAX));
  if (keys.empty() && !line.Find("pkin")) {
    Result all = RunQuery(*database_, query, line, selection, NowSeconds(), limit);
    STOA_RETURN_IF_ERROR(all.status);
    return all.rows;
  }
  // Cassandra answers in the order of the keys' values, Stoa in the order of tokens: so one by one.
  std::vector<std::unique_ptr<Data>> decoded;
  for (std::string_view key : keys) {
    decoded.push_back(std::make_unique<Data>());
    STOA_RETURN_IF_ERROR(decoded.back()->AddAll(key_types, key));
  }
  const auto comparable = [&](const Data& key) {
    std::string bytes;
    if (key.values().back().kind() == Value::Kind::kEmpty) return bytes;
    (void)AppendComparable(key_types.back(), ClusteringOrder::kAscending, key.values().back(), &bytes);
    return bytes;
  };
  std::sort(decoded.begin(), decoded.end(),
            [&](const auto& a, const auto& b) { return comparable(*a) < comparable(*b); });
  std::vector<std::string> rows;
  for (const std::unique_ptr<Data>& key : decoded) {
    if (rows.size() >= limit) break;
    Query one = query;
    one.Partition(key->values());
    Result result = RunQuery(*database_, one, line, selection, NowSeconds(), limit - rows.size());
    STOA_RETURN_IF_ERROR(result.status);
    rows.insert(rows.end(), result.rows.begin(), result.rows.end());
  }
  return rows;
}

namespace {

/// True when all that differs is rows in which every value behind the keys is null, as far as both go. In
/// Cassandra a row whose marker has expired, and which lives by an older cell in a column that is not
/// selected, is not answered; here whether a row exists does not depend on what is selected.
bool DifferInNullRows(const Selection& selection, const std::vector<std::string>& expected,
                      const std::vector<std::string>& found) {
  std::vector<std::string> lists[2];
  for (const std::string& row : expected) {
    if (!selection.IsNullRow(row)) lists[0].push_back(row);
  }
  for (const std::string& row : found) {
    if (!selection.IsNullRow(row)) lists[1].push_back(row);
  }
  const size_t both = std::min(lists[0].size(), lists[1].size());
  return found.size() >= expected.size() &&
         std::equal(lists[0].begin(), lists[0].begin() + static_cast<ptrdiff_t>(both), lists[1].begin());
}

}  // namespace

/// The pages that follow the query are compared as one list of rows: Cassandra may end with an empty page.
void Replayer::Select(const Line& line, Lines* lines) {
  ++tally_->results;
  const absl::StatusOr<std::vector<std::string>> rows = RunSelect(line);
  if (Line(lines->Peek()).verb() == "error") {
    lines->Take();
    return;  // what CQL does not let one ask
  }
  std::vector<std::string> expected;
  for (bool last = false; !last;) {
    const Line page(lines->Take());
    last = page[2] == "last";
    size_t count = 0;
    if (!absl::SimpleAtoi(ToAbsl(page[1]), &count)) return Differ(page.text(), "is no page");
    for (; count > 0; --count) expected.emplace_back(lines->Take());
  }
  if (!rows.ok()) return Differ(line.text(), std::string(FromAbsl(rows.status().message())));
  if (*rows == expected) return;
  Selection selection;
  if (selection.Read(line, *TableOf(line[1])).ok()) {
    std::vector<std::string> found = *rows;
    std::vector<std::string> canonical = expected;
    for (std::string& row : found) row = selection.CanonicalRow(row);
    for (std::string& row : canonical) row = selection.CanonicalRow(row);
    if (found == canonical || DifferInNullRows(selection, canonical, found) || IsExplained(line[1])) {
      ++tally_->explained;
      return;
    }
  }
  std::string both;
  for (const std::string& row : expected) both += "\n    expected " + row;
  for (const std::string& row : *rows) both += "\n    found    " + row;
  Differ(line.text(), both);
}

namespace {

/// The words of a row in the answer to a refused write, by column.
struct ExpectedRow {
  const TableSchema& schema;
  const Line& answer;
  const Line& row;

  /// True when the row has the clustering values that the answer names, if it names any.
  bool IsAbout(const RowView& view) const {
    for (size_t i = 2; i < answer.size(); ++i) {
      const Column* key = schema.FindColumn(answer[i]);
      if (key == nullptr || key->kind != ColumnKind::kClustering) continue;
      const Value value = view.clustering(static_cast<size_t>(key - schema.clustering().data()));
      if (!IsSame(key->type, Text(key->type, value), row[i - 1])) return false;
    }
    return true;
  }

  static bool IsSame(const DataType& type, std::string_view a, std::string_view b) {
    if (a == b) return true;
    return a != "null" && b != "null" && Canonical(type, Datum(a).bytes) == Canonical(type, Datum(b).bytes);
  }
};

/// The value of a static or regular column in the rows that a refusal tells about; a static one is in the row
/// of the static columns as well.
std::string CurrentText(const Column& column, const ConditionalOutcome& outcome,
                        const ExpectedRow& expected) {
  const auto& ids = outcome.columns();
  const auto place = static_cast<size_t>(std::find(ids.begin(), ids.end(), column.id) - ids.begin());
  std::string text = "null";
  for (const ConditionalOutcome::CurrentRow& current : outcome.rows()) {
    if (!current.exists || place == ids.size()) continue;
    const RowView& view = current.row.view();
    if (column.kind != ColumnKind::kStatic && !expected.IsAbout(view)) continue;
    if (!view[place].is_null()) text = Text(column.type, view[place]);
  }
  return text;
}

}  // namespace

/// Cassandra also tells of rows that no condition is about, where one is about static columns: it has read
/// them to find out whether the partition has anything. And it does not read static columns for an insert
/// that names none. Such differences are explained.
void Replayer::CompareCurrent(const Line& line, const std::string& table_name,
                              const ConditionalOutcome& outcome, Lines* lines) {
  const Line answer(lines->Take());
  const Table& table = TableOf(table_name);
  std::string differences;
  bool explained = IsExplained(table_name);
  while (Line(lines->Peek()).verb() == "=") {
    const Line row(lines->Take());
    const ExpectedRow expected{*table, answer, row};
    const auto& current = outcome.rows();
    if (std::none_of(current.begin(), current.end(), [&](const ConditionalOutcome::CurrentRow& one) {
          return one.exists && expected.IsAbout(one.row.view());
        })) {
      explained = true;
      continue;
    }
    for (size_t i = 2; i < answer.size(); ++i) {
      const Column* column = table->FindColumn(answer[i]);
      if (column == nullptr || column->is_key()) continue;
      const std::string found = CurrentText(*column, outcome, expected);
      if (ExpectedRow::IsSame(column->type, found, row[i - 1])) continue;
      if (column->kind == ColumnKind::kStatic && row[i - 1] == "null") {
        explained = true;
        continue;
      }
      differences += StrCat(" ", column->name, " expected ", row[i - 1], " found ", found);
    }
  }
  if (!differences.empty()) {
    Differ(line.text(), differences);
  } else if (explained) {
    ++tally_->explained;
  }
}

bool Replayer::IsExplained(std::string_view table) const { return explained_.count(std::string(table)) != 0; }

}  // namespace stoa::replay
