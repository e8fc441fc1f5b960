// Power failures at every call of a scenario.
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <stoa/database.h>

#include "base/hash.h"
#include "base/strings.h"
#include "model/driver.h"
#include "model/history.h"
#include "model/model.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/sanitizers.h"
#include "support/status.h"

namespace stoa {
namespace {

using model::Event;

// Under a sanitizer as many would take ten minutes.
constexpr uint64_t kImagesWanted = testing::kSanitized ? 10'000 : 20'000;
constexpr size_t kImagesPerCall = 64;
constexpr size_t kNestedImages = 4;
constexpr uint64_t kNestedCalls = 48;  // about as many as an opening makes, and its first merges

/// One thing that the scenario does: an event, or maintenance.
struct Step {
  enum class Kind { kEvent, kFlush, kCompact, kSync, kReopen };
  Kind kind = Kind::kEvent;
  Event event;
  bool sync = false;
};

Step EventStep(Event::Kind kind, const std::string& table, const std::string& column = "") {
  Step step;
  step.event.kind = kind;
  step.event.table = table;
  step.event.column = column;
  step.event.now_seconds = SimEnv::kStartMicros / 1'000'000;
  return step;
}

/// Create, ingest into two tables in shared batches, flush, merge, alter, truncate, drop, reopen; with large
/// values, of which some are replaced before they are flushed and some after; and a third table whose blocks
/// are copied when it is merged.
std::vector<Step> MakeScenario(uint64_t seed) {
  std::vector<Step> steps;
  model::HistoryGenerator history(seed, /*explicit_timestamps=*/true);
  model::Model model;
  const auto add = [&](Step step) {
    if (step.kind == Step::Kind::kEvent) model.Apply(step.event);
    steps.push_back(std::move(step));
  };
  const auto ingest = [&](int batches) {
    for (int i = 0; i < batches; ++i) {
      Step step;
      const int64_t now_seconds = SimEnv::kStartMicros / 1'000'000;
      step.event =
          i % 3 == 2 ? history.ConditionalBatch(model, now_seconds, 5) : history.Batch(model, now_seconds, 5);
      step.sync = history.random().OneIn(3);
      add(std::move(step));
    }
  };
  const auto maintain = [&](Step::Kind kind, const std::string& table = "") {
    Step step;
    step.kind = kind;
    step.event.table = table;
    add(std::move(step));
  };
  // Rows in blocks that the merge copies.
  const auto stretch = [&] {
    Step step;
    step.event = history.Stretch("log", SimEnv::kStartMicros / 1'000'000, 80);
    add(std::move(step));
  };
  // A row whose value is always a blob: each replaces the one before.
  const auto write_large = [&](char letter) {
    model::Mutation large;
    large.table = "t1";
    large.changes.push_back(
        {"w", model::Change::Kind::kSet, model::Bytes(2 * model::kSmallValueBytesMax, letter), {}, 0});
    Step step = EventStep(Event::Kind::kBatch, "");
    step.event.batch = {large};
    add(std::move(step));
  };
  add(EventStep(Event::Kind::kCreate, "t1"));
  add(EventStep(Event::Kind::kCreate, "t2"));
  add(EventStep(Event::Kind::kCreate, "c1"));
  add(EventStep(Event::Kind::kCreate, "log"));
  ingest(6);
  stretch();
  write_large('x');
  write_large('y');
  maintain(Step::Kind::kFlush);
  ingest(4);
  stretch();
  add(EventStep(Event::Kind::kAddColumn, "t1", "x"));
  ingest(3);
  write_large('z');
  maintain(Step::Kind::kFlush);
  maintain(Step::Kind::kCompact, "t1");
  maintain(Step::Kind::kCompact, "log");
  ingest(3);
  add(EventStep(Event::Kind::kTruncate, "t2"));
  ingest(4);
  maintain(Step::Kind::kSync);
  ingest(2);
  maintain(Step::Kind::kReopen);
  ingest(3);
  add(EventStep(Event::Kind::kDropColumn, "t1", "x"));
  maintain(Step::Kind::kFlush);
  add(EventStep(Event::Kind::kDrop, "t2"));
  ingest(3);
  return steps;
}

/// What a recovered database may hold: the model's state after any number of events from `least` (all that
/// was promised to be durable) to `most` (all that was begun).
struct Promise {
  size_t least = 0;
  size_t most = 0;
};

Options SimOptions(Env* env) {
  Options options;
  options.env = env;
  options.memory_budget_bytes = 256 << 10;
  options.wal_segment_bytes = 4 << 10;
  options.wal_bytes_max = 8 << 10;
  options.durability = Durability::kProcess;
  options.inline_value_bytes_max = model::kSmallValueBytesMax;
  options.compaction_bytes_per_second = 1 << 20;  // merges wait, but no second passes
  return options;
}

/// That they did it, so that the images are such as they leave.
struct Merges {
  uint64_t bytes_copied = 0;
  uint64_t resumed = 0;
};

class Scenario {
 public:
  explicit Scenario(uint64_t seed) : seed_(seed), steps_(MakeScenario(seed)) {
    model::Model model;
    states_.push_back(model.Dump(kNow));
    for (const Step& step : steps_) {
      if (step.kind != Step::Kind::kEvent) continue;
      model.Apply(step.event);
      states_.push_back(model.Dump(kNow));
    }
  }

  /// Runs until a step fails or the end, and says what may be there after a power failure.
  Promise Run(SimFileSystem& files) {
    SimEnv sim(files, seed_);
    Promise promise;
    absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(SimOptions(&sim.env), "db");
    if (!database.ok()) return promise;
    for (const Step& step : steps_) {
      absl::Status status;
      switch (step.kind) {
        case Step::Kind::kEvent: {
          model::ExecuteOptions options;
          options.write.durability = step.sync ? Durability::kSync : Durability::kProcess;
          Random compaction(seed_);
          options.table.compaction = model::RandomCompaction(&compaction);
          promise.most += 1;
          status = model::Execute(**database, step.event, options);
          // A schema change that was acknowledged is durable, and with it everything before.
          const bool is_batch =
              step.event.kind == Event::Kind::kBatch || step.event.kind == Event::Kind::kConditionalBatch;
          if (status.ok() && (step.sync || !is_batch)) promise.least = promise.most;
          break;
        }
        case Step::Kind::kFlush:
          status = (*database)->Flush();
          break;
        case Step::Kind::kCompact:
          status = (*database)->Compact(step.event.table);
          merges_.bytes_copied += model::BytesCopied(**database);
          break;
        case Step::Kind::kSync:
          status = (*database)->Sync();
          break;
        case Step::Kind::kReopen:
          status = (*database)->Close();
          if (status.ok()) promise.least = promise.most;
          if (status.ok()) {
            database->reset();
            database = Database::Open(SimOptions(&sim.env), "db");
            status = database.status();
          }
          break;
      }
      if (!status.ok()) break;
      if (step.kind != Step::Kind::kEvent) promise.least = promise.most;  // flush, sync and close promise all
    }
    return promise;
  }

  /// What merges did, in all runs.
  const Merges& merges() const { return merges_; }

  /// Opens an image and compares; once more after what there is to merge. Returns what is wrong, nothing if
  /// all is well.
  std::string Check(SimFileSystem& files, const Promise& promise) {
    SimEnv sim(files, seed_ + 1);
    absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(SimOptions(&sim.env), "db");
    if (!database.ok()) return "does not open: " + database.status().ToString();
    absl::StatusOr<std::string> found = model::Dump(**database);
    if (!found.ok()) return "does not read: " + found.status().ToString();
    if (const absl::Status verified = (*database)->Verify().status(); !verified.ok()) {
      return "does not verify: " + verified.ToString();
    }
    for (size_t n = promise.least; n <= promise.most; ++n) {
      if (states_[n] == *found) return CheckMerged(sim, **database, *found);
    }
    return StrCat("holds no state between event ", promise.least, " and event ", promise.most, ":\n", *found,
                  "expected at least:\n", states_[promise.least]);
  }

 private:
  /// As Check, for the background work of a database that holds `expected`.
  std::string CheckMerged(SimEnv& sim, Database& database, const std::string& expected) {
    sim.executor.RunAll();
    constexpr auto kResumed = static_cast<size_t>(CompactionReason::kResumed);
    merges_.resumed += database.metrics().compactions_by_reason[kResumed].compactions;
    absl::StatusOr<std::string> found = model::Dump(database);
    if (!found.ok()) return "does not read after merges: " + found.status().ToString();
    if (const absl::Status verified = database.Verify().status(); !verified.ok()) {
      return "does not verify after merges: " + verified.ToString();
    }
    return *found == expected ? "" : StrCat("holds after merges:\n", *found, "expected:\n", expected);
  }

  static constexpr int64_t kNow = SimEnv::kStartMicros / 1'000'000;
  const uint64_t seed_;
  const std::vector<Step> steps_;
  std::vector<std::string> states_;  // the model's dump after each number of events
  Merges merges_;
};

/// Cuts the scenario of `seed` at every call, opens what may be left, and hands the outcome of each image to
/// `report`. Returns what merges did meanwhile.
Merges CutEverywhere(uint64_t seed,
                     const std::function<void(const std::string& where, const std::string& wrong)>& report) {
  Scenario scenario(seed);
  std::set<uint64_t> seen;
  for (uint64_t call = 0;; ++call) {
    SimFileSystem files;
    files.AllowMapping(seed % 2 == 1);  // the log goes through memory, or through write(2)
    files.SetCrashAt(call);
    const Promise promise = scenario.Run(files);
    if (!files.crashed()) return scenario.merges();
    std::vector<CrashState> states = files.EnumerateImages(kImagesPerCall, call);
    for (size_t i = 0; i < states.size(); ++i) {
      SimFileSystem& image = *states[i].files;
      const uint64_t key = Hash64(StrCat(image.ContentHash(), " ", promise.least, " ", promise.most));
      if (!seen.insert(key).second) continue;
      const std::string where = StrCat("call ", call, ", image ", states[i].choice.ToString());
      if (i < kNestedImages) {
        // The recovery is cut as well, or what it merges then, at a call that moves on from image to image.
        std::unique_ptr<SimFileSystem> again = image.KillImage();
        const uint64_t cut = (call + i) % kNestedCalls;
        again->SetCrashAt(cut);
        {
          SimEnv sim(*again, call);
          const auto opened = Database::Open(SimOptions(&sim.env), "db");
          if (opened.ok()) sim.executor.RunAll();
        }
        for (CrashState& nested : again->EnumerateImages(kNestedImages, call)) {
          report(StrCat(where, ", recovery cut at ", cut, ", ", nested.choice.ToString()),
                 scenario.Check(*nested.files, promise));
        }
      }
      report(where, scenario.Check(image, promise));
    }
  }
}

}  // namespace

// Goal: whatever a power failure leaves, the database opens by itself and holds a prefix of what was
// committed, with everything that was promised. Method: scenarios drawn from several seeds are cut at every
// call that changes the file system; of each cut a family of images (un-synced data and directory entries
// kept, lost, torn, reordered) is opened and compared with the model, also after merges, some of which go on
// where the crash had interrupted them; some recoveries, and their merges, are cut again.
TEST_CASE("crash at every call of several scenarios") {
  uint64_t images = 0;
  uint64_t violations = 0;
  Merges merges;
  std::string first_violation;
  for (uint64_t seed = 1; images < kImagesWanted; ++seed) {
    const Merges seen = CutEverywhere(seed, [&](const std::string& where, const std::string& wrong) {
      ++images;
      if (!wrong.empty() && violations++ == 0)
        first_violation = StrCat("seed ", seed, ", ", where, ": ", wrong);
    });
    merges.bytes_copied += seen.bytes_copied;
    merges.resumed += seen.resumed;
  }
  std::printf("reliability: crash_images=%llu violations=%llu resumed_merges=%llu\n",
              static_cast<unsigned long long>(images), static_cast<unsigned long long>(violations),
              static_cast<unsigned long long>(merges.resumed));
  INFO(first_violation);
  REQUIRE(violations == 0);
  REQUIRE(images >= kImagesWanted);
  REQUIRE(merges.bytes_copied > 2 * kImagesWanted);
  REQUIRE(merges.resumed >= kImagesWanted / 100);
}

// Goal: the death of the process loses nothing that was acknowledged, synced or not. Method: the scenario is
// cut at every call and the files are left as the operating system has them.
TEST_CASE("process killed at every call of a scenario") {
  Scenario scenario(8);
  const bool may_map = GENERATE(true, false);
  for (uint64_t call = 0;; ++call) {
    SimFileSystem files;
    files.AllowMapping(may_map);
    files.SetCrashAt(call);
    Promise promise = scenario.Run(files);
    if (!files.crashed()) break;
    promise.least = promise.most == 0 ? 0 : promise.most - 1;  // all but the step that failed
    INFO("call " << call);
    REQUIRE(scenario.Check(*files.KillImage(), promise) == "");
  }
}

}  // namespace stoa
