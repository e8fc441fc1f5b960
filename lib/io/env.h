// Everything a database gets from outside: files, time, threads, randomness.
#pragma once

#include <memory>

#include "io/clock.h"
#include "io/executor.h"
#include "io/file_system.h"
#include "io/random.h"

namespace stoa {

/// References, no ownership: the environment outlives the databases opened in it.
class Env {
 public:
  Env(FileSystem& its_file_system, Clock& its_clock, Executor& its_executor, IdSource& its_ids)
      : file_system(its_file_system), clock(its_clock), executor(its_executor), ids(its_ids) {}

  FileSystem& file_system;
  Clock& clock;
  Executor& executor;
  IdSource& ids;
};

/// An environment of the operating system, with its own pool of `background_threads` threads.
class SystemEnv {
 public:
  explicit SystemEnv(int background_threads);
  ~SystemEnv();
  Env& env();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace stoa
