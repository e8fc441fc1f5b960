#include "data/fragment_fold.h"

#include <string>
#include <vector>

#include "data/mutation.h"
#include "io/random.h"
#include "support/catch.h"
#include "support/row_content.h"
#include "support/row_generator.h"
#include "support/row_stream.h"

namespace stoa::testing {
namespace {

/// All that `fragments` say of a row, deletions and all, as text.
std::string Merged(const std::vector<FragmentInContext>& fragments, const Projection& projection) {
  RowMerger merger(&projection);
  for (const FragmentInContext& fragment : fragments) AddFragment(fragment, &merger);
  if (!merger.HasContent()) return "";
  BatchBuilder builder(&projection);
  builder.StartRun(7, "key", DeletionTime{}, true);
  merger.Emit("row", &builder);
  ScanSpec spec;
  spec.projection = &projection;
  ContentCollector collector(spec);
  REQUIRE(collector.Add(builder.Finish()).ok());
  return Dump(collector.Finish());
}

TEST_CASE("Folded fragments say what the fragments say together", "[rule]") {
  // Goal: a fold may stand for what it folds, in any grouping, folds of folds included, under any
  // projection. Method: random writes of one row, merged one by one and through random folds.
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    GeneratorOptions options;
    options.partitions = 1;
    options.rows_per_partition = 1;
    options.ttl_percent = 30;
    RowGenerator generator(seed, options);
    std::vector<RandomWrite> writes = generator.Writes(40);
    std::vector<FragmentInContext> fragments;
    for (const RandomWrite& write : writes) {
      MutationReader reader(write.mutations, write.context);
      Mutation mutation;
      while (reader.Next(&mutation)) {
        if (mutation.kind == mutation_op::kRow) fragments.push_back({mutation.fragment, write.context});
      }
    }
    Random random(seed);
    std::vector<std::string> owned;
    owned.reserve(fragments.size());
    std::vector<FragmentInContext> folded = fragments;
    while (folded.size() > 1 && !random.OneIn(5)) {
      const size_t begin = random.Uniform(folded.size() - 1);
      const size_t count = 1 + random.Uniform(folded.size() - begin);
      std::string& bytes = owned.emplace_back();
      const FragmentContext context = FoldFragments(
          std::span<const FragmentInContext>(folded).subspan(begin, count), CounterFold(), &bytes);
      REQUIRE(IsValidFragment(bytes));
      const auto first = folded.begin() + static_cast<ptrdiff_t>(begin);
      *first = {bytes, context};
      folded.erase(first + 1, first + static_cast<ptrdiff_t>(count));
      if (owned.size() == owned.capacity()) break;
    }
    const Projection projection =
        random.OneIn(2) ? generator.projection() : RandomProjection(generator.schema(), &random);
    REQUIRE(Merged(folded, projection) == Merged(fragments, projection));
  }
}

TEST_CASE("Folding says nothing where nothing was said") {
  std::string nothing("\0\0", 2);
  std::string folded;
  const std::vector<FragmentInContext> fragments = {{nothing, {}}, {nothing, {5, 6}}};
  FoldFragments(fragments, CounterFold(), &folded);
  CHECK(folded == nothing);
}

}  // namespace
}  // namespace stoa::testing
