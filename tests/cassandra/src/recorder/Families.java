package recorder;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The families of histories: each makes one part of the data model dense. */
final class Families {
  private final List<Profile> all = new ArrayList<>();

  static List<Profile> list() {
    return new Families().all;
  }

  private Families() {
    add("mixed", family -> {
      family.histories = 180;
      family.tables = 2;
      family.conditional = 6;
      family.conditional_batch = 3;
    });
    add("scalars", family -> {
      family.collections = 0;
      family.user_types = 0;
      family.frozen = 0;
      family.regular_max = 8;
      family.empties = 15;
    });
    add("keys", family -> {
      family.complex_keys = 30;
      family.clustering_max = 4;
      family.simple_tables = 0;
      family.regular_max = 2;
      family.empties = 8;
      family.range_deletes = 50;
      family.queries_max = 4;
    });
    add("timestamps", family -> {
      family.histories = 180;
      family.timestamps = Profile.Timestamps.FEW;
      family.ttl = 20;
      family.partitions = 2;
      family.key_values = 3;
      family.regular_max = 3;
      family.insert = 35;
      family.delete = 35;
      family.write_times = 30;
    });
    add("ttl", family -> {
      family.ttl = 60;
      family.default_ttl = 40;
      family.jumps = 35;
      family.partitions = 2;
      family.write_times = 40;
    });
    add("deletions", family -> {
      family.delete = 60;
      family.range_deletes = 60;
      family.simple_tables = 0;
      family.partitions = 2;
      family.key_values = 6;
    });
    add("statics", family -> {
      family.simple_tables = 0;
      family.statics = 100;
      family.static_max = 4;
      family.statics_only = 45;
      family.delete = 30;
      family.ttl = 20;
      family.jumps = 15;
    });
    add("collections", family -> {
      family.collections = 85;
      family.user_types = 0;
      family.partitions = 2;
      family.key_values = 3;
      family.regular_max = 4;
      family.ttl = 20;
      family.write_times = 30;
    });
    add("usertypes", family -> {
      family.collections = 10;
      family.user_types = 45;
      family.frozen = 40;
      family.partitions = 3;
      family.write_times = 30;
    });
    add("counters", family -> {
      family.counters = true;
      family.insert = 0;
      family.delete = 0;
      family.batch = 10;
      family.update = 60;
      family.deletions_last = 8;  // increments after deletions have a family of their own
    });
    add("counters_deleted", family -> {
      family.counters = true;
      family.insert = 0;
    });
    add("conditional", family -> {
      family.conditional = 150;
      family.contains = 50;
      family.setbacks = 30;
      family.collections = 35;
      family.user_types = 15;
      family.statics = 50;
      family.partitions = 2;
      family.key_values = 2;
      family.timestamps = Profile.Timestamps.AUTOMATIC;
      family.queries_max = 2;
    });
    add("conditional_batches", family -> {
      family.conditional = 10;
      family.conditional_batch = 80;
      family.contains = 50;
      family.setbacks = 30;
      family.statics = 60;
      family.partitions = 2;
      family.key_values = 3;
      family.timestamps = Profile.Timestamps.NEAR_NOW;
      family.queries_max = 2;
    });
    add("batches", family -> {
      family.tables = 2;
      family.batch = 150;
      family.partitions = 2;
      family.key_values = 3;
    });
    add("paging", family -> {
      family.histories = 180;
      family.paging = 75;
      family.limits = 45;
      family.partitions = 6;
      family.key_values = 12;
      family.insert = 80;
      family.steps = 60;
      family.regular_max = 2;
      family.simple_tables = 5;
    });
    add("schema", family -> {
      family.histories = 180;
      family.schema_change = 35;
      family.histories_per_table = 1;
      family.timestamps = Profile.Timestamps.AUTOMATIC;
      family.user_types = 20;
    });
    add("schema_timestamps", family -> {
      family.schema_change = 35;
      family.histories_per_table = 1;
      family.timestamps = Profile.Timestamps.NEAR_NOW;
      family.histories = 100;
    });
    add("errors", family -> {
      family.faulty = 150;
      family.collections = 35;
      family.queries_max = 1;
    });
  }

  private void add(String name, Consumer<Profile> shape) {
    Profile family = new Profile(name);
    shape.accept(family);
    all.add(family);
  }
}
