#include "types/identifier.h"

#include <algorithm>
#include <iterator>

#include <absl/strings/ascii.h>
#include <absl/strings/str_replace.h>

#include "base/strings.h"

namespace stoa {
namespace {

/// Words that CQL takes for names only in quotes, in alphabetical order.
constexpr std::string_view kReservedWords[] = {
    "add",    "allow",    "alter",        "and",     "apply",       "asc",      "authorize", "batch",
    "begin",  "by",       "columnfamily", "create",  "default",     "delete",   "desc",      "describe",
    "drop",   "entries",  "execute",      "from",    "full",        "grant",    "if",        "in",
    "index",  "infinity", "insert",       "into",    "is",          "keyspace", "limit",     "materialized",
    "mbean",  "mbeans",   "modify",       "nan",     "norecursive", "not",      "null",      "of",
    "on",     "or",       "order",        "primary", "rename",      "replace",  "revoke",    "schema",
    "select", "set",      "table",        "to",      "token",       "truncate", "unlogged",  "unset",
    "update", "use",      "using",        "view",    "where",       "with",
};
static_assert(std::is_sorted(std::begin(kReservedWords), std::end(kReservedWords)));

bool IsWordCharacter(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

}  // namespace

std::string Identifier(std::string_view name) {
  const auto plain = [](char c) {
    return IsWordCharacter(c) && !absl::ascii_isupper(static_cast<unsigned char>(c));
  };
  const bool bare = !name.empty() && absl::ascii_islower(static_cast<unsigned char>(name[0])) &&
                    std::all_of(name.begin(), name.end(), plain) &&
                    !std::binary_search(std::begin(kReservedWords), std::end(kReservedWords), name);
  if (bare) return std::string(name);
  return StrCat("\"", absl::StrReplaceAll(ToAbsl(name), {{"\"", "\"\""}}), "\"");
}

std::string QualifiedIdentifier(std::string_view name) {
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos) return Identifier(name);
  return StrCat(Identifier(name.substr(0, dot)), ".", Identifier(name.substr(dot + 1)));
}

bool TakeIdentifier(std::string_view* text, std::string* name, bool* quoted) {
  *quoted = !text->empty() && text->front() == '"';
  if (!*quoted) {
    const auto end = std::find_if_not(text->begin(), text->end(), IsWordCharacter);
    const auto size = static_cast<size_t>(end - text->begin());
    *name = absl::AsciiStrToLower(ToAbsl(text->substr(0, size)));
    text->remove_prefix(size);
    return size != 0;
  }
  name->clear();
  for (size_t i = 1; i < text->size(); ++i) {
    if ((*text)[i] == '"' && (++i == text->size() || (*text)[i] != '"')) {
      text->remove_prefix(i);
      return true;
    }
    name->push_back((*text)[i]);
  }
  return false;
}

void SkipSpace(std::string_view* text) {
  text->remove_prefix(std::min(text->find_first_not_of(" \t\r\n"), text->size()));
}

}  // namespace stoa
