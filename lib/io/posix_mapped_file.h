// Files written through memory, for posix_file_system.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <absl/status/statusor.h>

#include "io/file_system.h"
#include "io/posix_descriptor.h"

namespace stoa {

/// Takes over the descriptor `fd`, open for reading and writing, of a new, empty file; `path` is for
/// messages. Errors as Directory::CreateMapped; the file is left behind.
absl::StatusOr<std::unique_ptr<MappedFile>> NewPosixMappedFile(std::string path, FileDescriptor fd,
                                                               uint64_t size);

}  // namespace stoa
