package recorder;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The keys that a history uses in a table, few enough to meet again, and random restrictions of them. */
final class Keys {
  /** A WHERE clause (without the word), and its tokens in the transcript. */
  record Where(Cql cql, List<String> tokens) {
    Where and(Where more) {
      List<String> all = new ArrayList<>(tokens);
      all.addAll(more.tokens);
      return new Where(new Cql().add(cql).add(" AND ").add(more.cql), all);
    }
  }

  private final Dice dice;
  private final Table table;
  private final Values values;
  private final List<List<ByteBuffer>> partitions = new ArrayList<>();
  private final List<List<ByteBuffer>> clusterings = new ArrayList<>();  // by column, its values
  private final List<List<ByteBuffer>> rows = new ArrayList<>();  // clustering keys that are used often

  Keys(Dice dice, Table table, Profile profile) {
    this.dice = dice;
    this.table = table;
    values = new Values(dice, profile.empties, 100);
    List<Column> columns = table.partition();
    while (partitions.size() < profile.partitions) {
      List<ByteBuffer> key = new ArrayList<>();
      for (Column column : columns) key.add(values.fresh(column.type()));
      if (columns.size() > 1 || key.get(0).hasRemaining()) partitions.add(key);
    }
    List<Column> clustering = table.clustering();
    for (int i = 0; i < clustering.size(); ++i) {
      List<ByteBuffer> pool = new ArrayList<>();
      for (int n = i + 1 == clustering.size() ? profile.key_values : 2; n > 0; --n) {
        pool.add(values.fresh(clustering.get(i).type()));
      }
      clusterings.add(pool);
    }
    for (int n = profile.key_values * 2; n > 0; --n) rows.add(clusteringPrefix(clustering.size()));
  }

  List<ByteBuffer> partitionKey() {
    return dice.pick(partitions);
  }

  List<List<ByteBuffer>> partitionKeys() {
    return partitions;
  }

  List<ByteBuffer> clusteringKey() {
    return dice.percent(90) ? dice.pick(rows) : clusteringPrefix(table.clustering().size());
  }

  private List<ByteBuffer> clusteringPrefix(int count) {
    List<ByteBuffer> key = new ArrayList<>();
    for (int i = 0; i < count; ++i) key.add(clusteringValue(i));
    return key;
  }

  /** A value for a clustering column; now and then one that no row has. */
  private ByteBuffer clusteringValue(int i) {
    return dice.percent(4) ? values.fresh(table.clustering().get(i).type()) : dice.pick(clusterings.get(i));
  }

  Where partition(List<ByteBuffer> key) {
    return new Where(equal(table.partition(), key), List.of("pk=" + Values.format(key)));
  }

  Where row(List<ByteBuffer> partition, List<ByteBuffer> clustering) {
    Where where = partition(partition);
    if (clustering.isEmpty()) return where;
    return where.and(new Where(equal(table.clustering(), clustering), List.of("ck=" + Values.format(clustering))));
  }

  /** Several partitions: IN on the last column of the key. */
  Where partitionsIn() {
    List<Column> columns = table.partition();
    int last = columns.size() - 1;
    List<ByteBuffer> first = partitionKey();
    List<ByteBuffer> wanted = new ArrayList<>();
    List<String> keys = new ArrayList<>();
    for (int n = dice.range(1, 3); n > 0; --n) {
      ByteBuffer value = partitionKey().get(last);
      if (wanted.contains(value) || (last == 0 && !value.hasRemaining())) continue;
      wanted.add(value);
      List<ByteBuffer> key = new ArrayList<>(first.subList(0, last));
      key.add(value);
      keys.add(Values.format(key));
    }
    Cql cql = new Cql();
    if (last > 0) cql.add(equal(columns.subList(0, last), first.subList(0, last))).add(" AND ");
    cql.add(columns.get(last).name() + " IN (").join(", ", wanted.stream().map(v -> new Cql().bind(v)).toList()).add(")");
    return new Where(cql, List.of("pkin=" + String.join(";", keys)));
  }

  /** A part of a partition: equal in the first clustering columns, within bounds in the next ones. Needs clustering. */
  Where slice(List<ByteBuffer> partition) {
    List<Column> columns = table.clustering();
    Where where = partition(partition);
    int equal = dice.range(0, columns.size() - 1);
    if (equal > 0) {
      List<ByteBuffer> prefix = clusteringPrefix(equal);
      where = where.and(new Where(equal(columns.subList(0, equal), prefix), List.of("eq=" + Values.format(prefix))));
      if (dice.percent(25)) return where;
    }
    int reach = sameDirection(columns, equal);
    int kinds = dice.range(0, 2);  // lower, upper or both
    boolean tuples = reach > 1 && dice.percent(60);  // (c0, c1) > (?, ?) cannot stand beside c0 < ?
    if (kinds != 1) where = where.and(bound(columns, equal, tuples ? reach : 1, tuples, dice.pick("gt", "ge")));
    if (kinds != 0) where = where.and(bound(columns, equal, tuples ? reach : 1, tuples, dice.pick("lt", "le")));
    return where;
  }

  private Where bound(List<Column> columns, int from, int reach, boolean tuple, String word) {
    int count = dice.range(1, reach);
    List<ByteBuffer> bound = new ArrayList<>();
    for (int i = from; i < from + count; ++i) bound.add(clusteringValue(i));
    String operator = switch (word) {
      case "gt" -> " > ";
      case "ge" -> " >= ";
      case "lt" -> " < ";
      default -> " <= ";
    };
    Cql cql = new Cql();
    if (tuple) {
      cql.add("(" + String.join(", ", columns.subList(from, from + count).stream().map(Column::name).toList()) + ")");
      cql.add(operator + "(").join(", ", bound.stream().map(v -> new Cql().bind(v)).toList()).add(")");
    } else {
      cql.add(columns.get(from).name() + operator).bind(bound.get(0));
    }
    return new Where(cql, List.of(word + "=" + Values.format(bound)));
  }

  /** The number of columns from `from` on that have one direction, so that bounds of them are one slice. */
  private static int sameDirection(List<Column> columns, int from) {
    int end = from + 1;
    while (end < columns.size() && columns.get(end).descending() == columns.get(from).descending()) ++end;
    return end - from;
  }

  private static Cql equal(List<Column> columns, List<ByteBuffer> key) {
    List<Cql> parts = new ArrayList<>();
    for (int i = 0; i < key.size(); ++i) parts.add(new Cql(columns.get(i).name() + " = ").bind(key.get(i)));
    return new Cql().join(" AND ", parts);
  }
}
