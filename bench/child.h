// Another process of this same program: for work that is to be killed, or whose memory is to be told apart.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

/// What such a process does.
struct ChildTask {
  std::string name;
  /// `arguments` as ChildProcess was given them. What is printed to standard output is what the parent reads.
  void (*run)(const std::vector<std::string>& arguments);
};

/// Runs the task and returns the exit status when the program's arguments are those of a child; first thing
/// in main. The task ends with its parent.
std::optional<int> RunIfChild(int argc, char** argv, const std::vector<ChildTask>& tasks);

/// A running child. Errors end the program.
class ChildProcess {
 public:
  ChildProcess(const std::string& task, const std::vector<std::string>& arguments);
  /// Kills it.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// The next line that it prints, without its end; waits for it.
  std::string ReadLine();

 private:
  pid_t pid_ = 0;
  std::FILE* output_ = nullptr;
};
