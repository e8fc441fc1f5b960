package recorder;

/** What the histories of a family are like. Percentages unless said otherwise; the defaults are moderate. */
final class Profile {
  enum Timestamps { AUTOMATIC, FEW, NEAR_NOW, ANY }

  final String name;
  int histories = 110;
  int histories_per_table = 10;
  int steps = 36;  // changes in a history
  int tables = 1;

  // Schema.
  int simple_tables = 10;  // tables without clustering columns
  int clustering_max = 3;
  int statics = 30;  // tables with static columns
  int static_max = 2;
  int regular_max = 5;
  int complex_keys = 0;  // key columns of collections, tuples, user types, vectors
  int collections = 20;  // columns that are multi-cell collections
  int user_types = 10;  // columns that are user types of several cells
  int frozen = 15;  // columns that are frozen, tuples or vectors
  int default_ttl = 5;
  boolean counters = false;
  int deletions_last = 0;  // deletions at the end of a history, after all other changes

  // Changes, as weights.
  int insert = 40;
  int update = 40;
  int delete = 20;
  int batch = 5;
  int conditional = 0;
  int conditional_batch = 0;
  int schema_change = 0;
  int faulty = 0;

  Timestamps timestamps = Timestamps.ANY;
  int ttl = 10;  // writes with a TTL
  int jumps = 8;  // changes before which the clock moves by more than a second
  int setbacks = 0;  // histories whose clock goes back now and then
  int nulls = 8;
  int unsets = 4;
  int empties = 3;
  int partitions = 3;  // number of different keys
  int key_values = 4;  // different values of a clustering column
  int contains = 0;  // conditions on collections that ask what they contain
  int element_changes = 70;  // changes of multi-cell columns that are not of the whole column
  int partition_deletes = 8;  // among deletions
  int range_deletes = 30;

  // Queries.
  int queries_max = 3;  // after a change
  int paging = 20;
  int limits = 20;
  int write_times = 15;  // queries for WRITETIME and TTL
  int statics_only = 8;

  Profile(String name) {
    this.name = name;
  }
}
