package recorder;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

import org.apache.cassandra.db.marshal.AbstractType;
import org.apache.cassandra.db.marshal.ListType;
import org.apache.cassandra.db.marshal.UserType;

/** Random queries of one table. */
final class Queries {
  /**
   * A query: its line of the transcript, and its page size or -1 for everything at once. `complete` is the same query with
   * the regular columns that it leaves out behind the others, or null if there are none.
   */
  record Query(Cql cql, String line, int pageSize, Cql complete) {}

  private final Dice dice;
  private final Profile profile;
  private final Table table;
  private final Keys keys;
  private final Values values;
  private final boolean writeTimes;

  /** Asks for the times of writes if `writeTimes`, else only for their times to live. */
  Queries(Dice dice, Profile profile, Table table, Keys keys, Values values, boolean writeTimes) {
    this.dice = dice;
    this.profile = profile;
    this.table = table;
    this.keys = keys;
    this.values = values;
    this.writeTimes = writeTimes;
  }

  /** Every column of every row. */
  Query everything() {
    Selection all = new Selection();
    table.columns.forEach(column -> all.add(new Cql(column.name()), column.name()));
    return finish(all, "", null, false, List.of());
  }

  Query random() {
    if (dice.percent(8)) return distinct();
    Selection selection = selection();
    boolean clustered = !table.clustering().isEmpty();
    int choice = dice.range(0, 99);
    if (choice < 15) return finish(selection, "", null, false, List.of());
    if (choice < 25) return finish(selection, "", tokenRange(), false, List.of());
    if (choice < 33) return finish(selection, "", keys.partitionsIn(), false, List.of());
    if (choice < 50 || !clustered) {
      boolean reverse = clustered && dice.percent(40);
      return finish(selection, "", keys.partition(keys.partitionKey()), reverse, List.of());
    }
    if (choice < 62) {
      return finish(selection, "", keys.row(keys.partitionKey(), keys.clusteringKey()), false, List.of());
    }
    return finish(selection, "", keys.slice(keys.partitionKey()), dice.percent(45), List.of());
  }

  private Query distinct() {
    Selection selection = new Selection();
    table.partition().forEach(column -> selection.add(new Cql(column.name()), column.name()));
    for (Column column : table.statics()) {
      if (dice.percent(70)) selection.add(new Cql(column.name()), column.name());
    }
    Keys.Where where = dice.percent(60) ? null : dice.percent(50) ? tokenRange() : keys.partition(keys.partitionKey());
    return finish(selection, "DISTINCT ", where, false, List.of("distinct"));
  }

  private Keys.Where tokenRange() {
    String token = "token(" + String.join(", ", table.partition().stream().map(Column::name).toList()) + ")";
    long lower = randomToken();
    long upper = randomToken();
    if (lower > upper) {
      long swap = lower;
      lower = upper;
      upper = swap;
    }
    boolean lowerOpen = dice.percent(70);
    boolean upperOpen = dice.percent(30);
    List<String> parts = new ArrayList<>();
    String low = "-";
    String high = "-";
    int sides = dice.range(0, 3);
    if (sides != 0) {
      parts.add(token + (lowerOpen ? " > " : " >= ") + lower);
      low = Long.toString(lower);
    }
    if (sides != 1) {
      parts.add(token + (upperOpen ? " < " : " <= ") + upper);
      high = Long.toString(upper);
    }
    return new Keys.Where(new Cql(String.join(" AND ", parts)),
        List.of("tokens=" + (lowerOpen ? "(" : "[") + low + "," + high + (upperOpen ? ")" : "]")));
  }

  private long randomToken() {
    if (dice.percent(20)) return dice.bits() | 1;
    List<ByteBuffer> key = keys.partitionKey();
    return Tokens.of(key) + dice.pick(0, 0, 0, -1, 1);
  }

  /** The selected columns, of each its CQL and its name in the transcript. */
  private static final class Selection {
    final List<Cql> cql = new ArrayList<>();
    final List<String> names = new ArrayList<>();

    void add(Cql part, String name) {
      cql.add(part);
      names.add(name);
    }
  }

  private Selection selection() {
    Selection selection = new Selection();
    boolean all = dice.percent(45);
    boolean keysToo = all || dice.percent(70);
    for (Column column : table.columns) {
      boolean key = column.kind() == Column.Kind.PARTITION || column.kind() == Column.Kind.CLUSTERING;
      if (key ? keysToo : all || dice.percent(40)) selection.add(new Cql(column.name()), column.name());
    }
    if (!table.isCounter() && dice.percent(profile.write_times)) addTimes(selection);
    if (selection.names.isEmpty()) {
      Column column = dice.pick(table.columns);
      selection.add(new Cql(column.name()), column.name());
    }
    return selection;
  }

  private void addTimes(Selection selection) {
    List<Column> columns = new ArrayList<>(table.statics());
    columns.addAll(table.regulars());
    for (int n = dice.range(1, 3); n > 0 && !columns.isEmpty(); --n) {
      Column column = dice.pick(columns);
      columns.remove(column);
      AbstractType<?> type = column.type();
      String name = column.name();
      String function = writeTimes ? dice.pick("writetime", "writetime", "ttl", "ttl", "maxwritetime") : "ttl";
      boolean part = column.isMultiCell() && !(type instanceof ListType<?>) && dice.percent(50)
          && !function.equals("maxwritetime");
      if (!part) {
        selection.add(new Cql(function + "(" + name + ")"), function + ":" + name);
      } else if (type instanceof UserType user) {
        String field = user.fieldNameAsString(dice.range(0, user.size() - 1));
        selection.add(new Cql(function + "(" + name + "." + field + ")"), function + ":" + name + ":field:" + field);
      } else {
        ByteBuffer key = values.pickElement(Assignments.keyType(type));
        String literal = Assignments.keyType(type).asCQL3Type().toCQLLiteral(key);  // markers cannot stand here
        selection.add(new Cql(function + "(" + name + "[" + literal + "])"),
            function + ":" + name + ":key:" + Values.format(key));
      }
    }
  }

  private Query finish(Selection selection, String modifier, Keys.Where where, boolean reverse, List<String> tokens) {
    boolean distinct = !modifier.isEmpty();
    Cql rest = new Cql(" FROM " + table.name);
    StringBuilder line = new StringBuilder("select " + table.name + " cols=" + String.join(",", selection.names));
    tokens.forEach(token -> line.append(' ').append(token));
    if (where != null) {
      rest.add(" WHERE ").add(where.cql());
      where.tokens().forEach(token -> line.append(' ').append(token));
    }
    if (reverse) {
      rest.add(" ORDER BY " + String.join(", ", table.clustering().stream()
          .map(column -> column.name() + (column.descending() ? " ASC" : " DESC")).toList()));
      line.append(" reverse");
    }
    if (!distinct && dice.percent(profile.limits / 2)) {
      int limit = dice.range(1, 3);
      rest.add(" PER PARTITION LIMIT " + limit);
      line.append(" perpartition=").append(limit);
    }
    Cql lastly = new Cql();
    if (dice.percent(profile.limits)) {
      int limit = dice.range(1, 6);
      lastly.add(" LIMIT " + limit);
      line.append(" limit=").append(limit);
    }
    int pageSize = dice.percent(profile.paging) ? dice.pick(1, 2, 3, 5) : -1;
    if (pageSize > 0) line.append(" page=").append(pageSize);
    Cql cql = new Cql("SELECT " + modifier).join(", ", selection.cql).add(rest).add(lastly);
    List<Cql> columns = new ArrayList<>(selection.cql);
    table.regulars().stream().map(Column::name).filter(name -> !selection.names.contains(name))
        .forEach(name -> columns.add(new Cql(name)));
    Cql complete = columns.size() == selection.cql.size() ? null : new Cql("SELECT ").join(", ", columns).add(rest)
        .add(distinct ? " PER PARTITION LIMIT 1" : "").add(lastly);
    return new Query(cql, line.toString(), pageSize, complete);
  }
}
