#include "io/sync.h"

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "support/catch.h"

namespace stoa {
namespace {

enum class Word : uint8_t { kFirst = 1, kLast = 255 };

/// So many that who waits meanwhile has most likely gone to sleep, if there are thousands.
void Yield(int times) {
  for (int i = 0; i < times; ++i) std::this_thread::yield();
}

}  // namespace

// Goal: what is given is what who waits gets, and what was written before with it. Method: given before,
// while he waits briefly, and when he sleeps.
TEST_CASE("notices are given before and after they are waited for") {
  for (const int yields : {-1, 0, 1, 10, 20'000}) {
    Notice<Word> notice;
    int written = 0;
    const auto give = [&] {
      Yield(yields);
      written = 1;
      notice.Give(Word::kLast);
    };
    if (yields < 0) give();
    std::thread giver([&] {
      if (yields >= 0) give();
    });
    CHECK(notice.Wait() == Word::kLast);
    CHECK(written == 1);
    giver.join();
  }
}

// Goal: who has got the word may destroy the notice. Method: notices of one round each, on two threads that
// answer each other; address and thread sanitizers watch.
TEST_CASE("notices go when they have been given") {
  struct Round {
    Notice<Word> there;
    Notice<Word> back;
  };
  constexpr int kRounds = 2000;
  std::vector<std::unique_ptr<Round>> rounds(kRounds);
  for (auto& round : rounds) round = std::make_unique<Round>();
  std::thread other([&] {
    for (int i = 0; i < kRounds; ++i) {
      Notice<Word>* const back = &rounds[static_cast<size_t>(i)]->back;
      const bool as_said = rounds[static_cast<size_t>(i)]->there.Wait() == Word::kFirst;
      if (i % 500 == 0) Yield(2000);
      back->Give(as_said ? Word::kLast : Word::kFirst);
    }
  });
  int answers = 0;
  for (auto& round : rounds) {
    round->there.Give(Word::kFirst);
    if (round->back.Wait() == Word::kLast) ++answers;
    round.reset();
  }
  other.join();
  CHECK(answers == kRounds);
}

// Goal: who has waited long enough may wait again, and nothing is lost in between. Method: given about when
// the time is over.
TEST_CASE("notices are waited for so long") {
  Notice<Word> never;
  CHECK(never.WaitFor(100) == std::nullopt);
  CHECK(never.WaitFor(1) == std::nullopt);
  never.Give(Word::kFirst);
  CHECK(never.WaitFor(1) == Word::kFirst);
  CHECK(never.WaitLong() == Word::kFirst);
  for (int i = 0; i < 300; ++i) {
    auto notice = std::make_unique<Notice<Word>>();
    std::thread giver([&notice = *notice, i] {
      Yield(i);
      notice.Give(Word::kLast);
    });
    if (notice->WaitFor(100) == std::nullopt) CHECK(notice->WaitLong() == Word::kLast);
    notice.reset();
    giver.join();
  }
}

namespace {

struct Node {
  int number = 0;
  Node* older = nullptr;
  Notice<Word> turn;
};

}  // namespace

TEST_CASE("an arrival queue is in the order of arrival") {
  ArrivalQueue<Node> queue;
  Node nodes[4];
  for (int i = 0; i < 4; ++i) nodes[i].number = i;
  CHECK(queue.Join(&nodes[0]));
  CHECK(!queue.Join(&nodes[1]));
  CHECK(!queue.Join(&nodes[2]));
  CHECK(!queue.Join(&nodes[3]));
  std::vector<int> newest_first;
  queue.ForEachSince(&nodes[1], [&](const Node* node) { newest_first.push_back(node->number); });
  CHECK(newest_first == std::vector<int>{3, 2});
  CHECK(queue.After(&nodes[0]) == &nodes[1]);
  CHECK(queue.After(&nodes[2]) == &nodes[3]);  // two at once
  CHECK(queue.After(&nodes[3]) == nullptr);
  CHECK(queue.Join(&nodes[2]));
  CHECK(queue.After(&nodes[2]) == nullptr);
}

// Goal: one has the turn at a time, and everyone gets it. Method: a number that nothing else protects is
// counted up; more threads than most machines have processors.
TEST_CASE("an arrival queue gives turns to one after the other") {
  constexpr int kThreads = 6;
  constexpr int kTurns = 2000;
  ArrivalQueue<Node> queue;
  int counted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < kTurns; ++turn) {
        Node node;
        if (!queue.Join(&node)) node.turn.Wait();
        ++counted;
        if (Node* const next = queue.After(&node)) next->turn.Give(Word::kFirst);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(counted == kThreads * kTurns);
}

}  // namespace stoa
