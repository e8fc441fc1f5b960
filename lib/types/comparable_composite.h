// The byte-comparable encoding of composite values (byte_comparable.h), and what it shares with that of the
// values in them.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/status.h>

#include <stoa/schema.h>
#include <stoa/types.h>

namespace stoa {
namespace internal {

/// The encoding of a serialized value of any type but counter, without marker; not of the empty value.
absl::Status AppendComparableSerialized(const DataType& type, ClusteringOrder order, std::string_view bytes,
                                        std::string* out);
/// The inverse, as DecodeComparable.
bool DecodeComparableSerialized(const DataType& type, ClusteringOrder order, std::string_view* bytes,
                                std::string* out);

}  // namespace internal

/// The ascending encoding of a value of a composite type, which is in canonical form.
absl::Status AppendComparableComposite(const DataType& type, std::string_view bytes, std::string* out);
/// As DecodeComparable; appends the canonical form.
bool DecodeComparableComposite(const DataType& type, ClusteringOrder order, std::string_view* bytes,
                               std::string* out);

}  // namespace stoa
