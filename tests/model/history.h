// Random histories for models and databases.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/random.h"
#include "model/model.h"

namespace stoa::model {

/// Values are of at most so many bytes, or of a few more: a database that is opened with this as
/// Options::inline_value_bytes_max has blobs.
inline constexpr uint64_t kSmallValueBytesMax = 16;

/// A table that random batches leave alone: it gets stretches.
inline bool IsLogTable(const std::string& table) { return table[0] == 'l'; }

/// Draws mutations over few partitions, rows and values, so that everything meets everything: equal
/// timestamps, deletions of what exists, writes under deletions.
class HistoryGenerator {
 public:
  /// With `explicit_timestamps` a third of the mutations has a timestamp of its own, older than all automatic
  /// ones.
  HistoryGenerator(uint64_t seed, bool explicit_timestamps)
      : random_(seed), explicit_timestamps_(explicit_timestamps) {}

  Random& random() { return random_; }
  int64_t Partition() { return static_cast<int64_t>(random_.Uniform(4)); }
  Clustering Key();
  Bound AnyBound();
  Mutation AnyMutation(const std::string& table, const std::set<std::string>& columns);
  /// 1 to `mutations_max` mutations over the tables of `model`, either those with counters or the others.
  Event Batch(const Model& model, int64_t now_seconds, size_t mutations_max);
  /// The same for one partition of a table without counters, with 1 to 3 conditions, of which many hold.
  Event ConditionalBatch(const Model& model, int64_t now_seconds, size_t mutations_max);

  /// `rows` plain rows of one partition, behind all those before, so that files hold them beside each other,
  /// in blocks that merges copy; some stretches expire, and with some a few older rows are deleted.
  Event Stretch(const std::string& table, int64_t now_seconds, uint64_t rows);

 private:
  Bytes ValueFor(const std::string& column);
  Bytes SmallText();
  Bytes SmallInt();
  Change AnyChange(const std::string& column);
  Change AnyElements(const std::string& column);
  void AskForContent(Condition* condition);
  Condition AnyCondition(const Model& model, const std::string& table, int64_t pk, int64_t now_seconds);
  void AddChanges(const std::set<std::string>& columns, Mutation* m);

  Random random_;
  int64_t next_of_stretch_ = 100;
  const bool explicit_timestamps_;
};

}  // namespace stoa::model
