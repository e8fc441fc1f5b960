#include "child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string_view>

namespace {

constexpr std::string_view kTaskFlag = "--child=";

void Check(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::exit(1);
}

}  // namespace

std::optional<int> RunIfChild(int argc, char** argv, const std::vector<ChildTask>& tasks) {
  if (argc < 2 || !std::string_view(argv[1]).starts_with(kTaskFlag)) return std::nullopt;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string_view name = std::string_view(argv[1]).substr(kTaskFlag.size());
  for (const ChildTask& task : tasks) {
    if (task.name != name) continue;
    task.run(std::vector<std::string>(argv + 2, argv + argc));
    return 0;
  }
  std::fprintf(stderr, "there is no task %s\n", argv[1]);
  return 1;
}

// Not a fork: threads of other engines run in this process, and a copy of it would hold their locks for ever.
ChildProcess::ChildProcess(const std::string& task, const std::vector<std::string>& arguments) {
  std::vector<std::string> texts = {"stoa_bench", std::string(kTaskFlag) + task};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);

  int ends[2];
  Check(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  Check(posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, pointers.data(), environ) == 0,
        "posix_spawn");
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  output_ = fdopen(ends[0], "r");
  Check(output_ != nullptr, "fdopen");
}

ChildProcess::~ChildProcess() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  std::fclose(output_);
}

std::string ChildProcess::ReadLine() {
  std::string line;
  for (int character; (character = std::fgetc(output_)) != '\n'; line += static_cast<char>(character)) {
    if (character != EOF) continue;
    std::fprintf(stderr, "a process of this program ended early\n");
    std::exit(1);
  }
  return line;
}
