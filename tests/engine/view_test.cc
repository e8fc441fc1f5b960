#include "engine/view.h"

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.h"

namespace stoa {

// Goal: a pinned view outlives its replacement, and goes when it is let go of. Method: weak pointers.
TEST_CASE("views live as long as they are pinned") {
  ViewHolder holder;
  auto first = std::make_shared<const View>(View::Tables());
  std::weak_ptr<const View> watch = first;
  holder.Publish(std::move(first));
  {
    const ViewHolder::Pin pin = holder.Acquire();
    holder.Publish(std::make_shared<const View>(View::Tables()));
    REQUIRE(!watch.expired());
    holder.Reclaim();
    REQUIRE(!watch.expired());
  }
  holder.Reclaim();
  REQUIRE(watch.expired());
  holder.Publish(nullptr);
}

// Goal: more pins at once than there are slots. Method: two hundred in one thread.
TEST_CASE("views pinned more often than there are slots") {
  ViewHolder holder;
  holder.Publish(std::make_shared<const View>(View::Tables()));
  std::vector<ViewHolder::Pin> pins;
  for (int i = 0; i < 200; ++i) pins.push_back(holder.Acquire());
  holder.Publish(std::make_shared<const View>(View::Tables()));
  for (const ViewHolder::Pin& pin : pins) REQUIRE(pin->limit_sequence() == UINT64_MAX);
  pins.clear();
  holder.Publish(nullptr);
}

// Goal: a reader never holds a view that was destroyed. Method: readers pin and look while a writer
// publishes; address and thread sanitizers watch.
TEST_CASE("views pinned while others are published") {
  ViewHolder holder;
  holder.Publish(std::make_shared<const View>(View::Tables()));
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop.load()) {
        const ViewHolder::Pin pin = holder.Acquire();
        if (pin->limit_sequence() > 0) reads.fetch_add(1);
        std::shared_ptr<const View> shared = pin.share();
      }
    });
  }
  for (uint64_t i = 1; i <= 3000 || reads.load() == 0; ++i) {
    holder.Get()->LimitTo(i);
    holder.Publish(std::make_shared<const View>(View::Tables()));
  }
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
  holder.Publish(nullptr);
  REQUIRE(reads.load() > 0);
}

}  // namespace stoa
