// Names as CQL writes and reads them.
#pragma once

#include <string>
#include <string_view>

namespace stoa {

/// A name as CQL writes it: in quotes unless it is lower case, begins with a letter and is no reserved word.
std::string Identifier(std::string_view name);

/// The same for "name" and for "keyspace.name", of which each part is a name.
std::string QualifiedIdentifier(std::string_view name);

/// Takes a name off the front of `*text`: letters, digits and underscores, which come in lower case, or
/// anything in double quotes (of which "" stands for one) as it is. Returns false when there is none.
bool TakeIdentifier(std::string_view* text, std::string* name, bool* quoted);

/// Takes white space off the front of `*text`.
void SkipSpace(std::string_view* text);

}  // namespace stoa
