#include "io/executor.h"

#include <string>
#include <utility>

namespace stoa {
namespace {

class FunctionJob : public Job {
 public:
  FunctionJob(std::string_view name, std::function<void()> function)
      : name_(name), function_(std::move(function)) {}

  std::string_view name() const override { return name_; }
  Progress Step() override {
    function_();
    return Progress::kDone;
  }

 private:
  const std::string name_;
  const std::function<void()> function_;
};

}  // namespace

std::unique_ptr<Job> NewFunctionJob(std::string_view name, std::function<void()> function) {
  return std::make_unique<FunctionJob>(name, std::move(function));
}

}  // namespace stoa
