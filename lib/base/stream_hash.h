// Hash128 of bytes that come in pieces: a file while it is written or read.
#pragma once

#include <memory>
#include <string_view>

#include "base/hash.h"

namespace stoa {

/// Not thread-safe.
class StreamHash128 {
 public:
  StreamHash128();
  ~StreamHash128();
  StreamHash128(const StreamHash128&) = delete;
  StreamHash128& operator=(const StreamHash128&) = delete;

  void Add(std::string_view bytes);
  /// Of what was added so far.
  HashValue128 value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stoa
