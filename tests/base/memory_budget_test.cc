#include "base/memory_budget.h"

#include <thread>
#include <utility>
#include <vector>

#include "support/catch.h"

namespace stoa {

TEST_CASE("memory budget: TryCharge refuses what does not fit, Charge does not", "[base]") {
  // Goal: the two ways to charge differ in exactly this. Method: fill to the limit, then one more byte.
  MemoryBudget budget(100);
  CHECK(budget.TryCharge(100));
  CHECK_FALSE(budget.TryCharge(1));
  CHECK(budget.used() == 100);
  CHECK_FALSE(budget.exceeded());
  budget.Charge(1);
  CHECK(budget.exceeded());
  budget.Release(101);
  CHECK(budget.used() == 0);
}

TEST_CASE("memory budget: a charge is released once, whoever holds it last", "[base]") {
  // Goal: accounting returns to zero. Method: charges are resized, moved from and assigned over.
  MemoryBudget budget(100);
  {
    MemoryCharge first(&budget, 10);
    MemoryCharge second = std::move(first);
    CHECK(budget.used() == 10);
    second.Resize(30);
    CHECK(budget.used() == 30);
    second.Resize(5);
    CHECK(budget.used() == 5);
    MemoryCharge third(&budget, 7);
    third = std::move(second);
    MemoryCharge none;
    none.Resize(3);
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("memory budget: concurrent charges never pass the limit together", "[base]") {
  // Goal: TryCharge is atomic. Method: threads charge and release; what they hold at any time fits the limit.
  MemoryBudget budget(3);
  std::atomic<int> holders = 0;
  std::atomic<bool> passed_limit = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        if (!budget.TryCharge(1)) continue;
        if (++holders > 3) passed_limit = true;
        --holders;
        budget.Release(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(passed_limit);
  CHECK(budget.used() == 0);
}

}  // namespace stoa
