package recorder;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Random inserts, updates and deletions of one table, with or without conditions. */
final class Mutations {
  /** A row to work on. */
  record Target(List<ByteBuffer> partition, List<ByteBuffer> clustering) {}

  private final Dice dice;
  private final Profile profile;
  private final Table table;
  private final Keys keys;
  private final Values values;
  private final Times times;
  private final Assignments assignments;
  private final Conditions conditions;

  Mutations(Dice dice, Profile profile, Table table, Keys keys, Values values, Times times) {
    this.dice = dice;
    this.profile = profile;
    this.table = table;
    this.keys = keys;
    this.values = values;
    this.times = times;
    assignments = new Assignments(dice, values, profile);
    conditions = new Conditions(dice, values, profile);
  }

  Target target() {
    return new Target(keys.partitionKey(), keys.clusteringKey());
  }

  /** Another row of the partition. */
  Target near(Target target) {
    return new Target(target.partition(), keys.clusteringKey());
  }

  /** An insert, update or deletion by the weights of the family. */
  Change random(Target target, Times.Using using) {
    int choice = dice.range(1, profile.insert + profile.update + profile.delete);
    if (choice <= profile.insert && !table.isCounter()) return insert(target, using, false);
    if (choice <= profile.insert + profile.update) return update(target, using, false);
    return delete(target, using);
  }

  Change randomConditional(Target target) {
    Times.Using using = times.conditional();
    int choice = dice.range(1, 10);
    if (choice <= 3) return insert(target, using, true);
    if (choice <= 8) return update(target, using, true);
    return deleteRow(target, using, true);
  }

  Change insert(Target target, Times.Using using, boolean conditional) {
    boolean staticOnly = !table.statics().isEmpty() && dice.percent(profile.statics_only + 4);
    List<Column> candidates = new ArrayList<>(table.statics());
    if (!staticOnly) candidates.addAll(table.regulars());
    List<Column> columns = dice.percent(6) && !staticOnly ? List.of() : assignments.some(candidates);
    List<ByteBuffer> clustering = staticOnly ? List.of() : target.clustering();

    List<String> names = new ArrayList<>();
    List<Cql> binds = new ArrayList<>();
    Line line = new Line("insert " + table.name, using, target.partition(), clustering);
    addKey(names, binds, table.partition(), target.partition());
    addKey(names, binds, table.clustering(), clustering);
    for (Column column : columns) {
      ByteBuffer value = assignments.wholeValue(column);
      names.add(column.name());
      binds.add(new Cql().bind(value));
      line.add(column.name() + ":set:" + Values.format(value));
    }
    Cql cql = new Cql("INSERT INTO " + table.name + " (" + String.join(", ", names) + ") VALUES (").join(", ", binds);
    cql.add(")");
    if (conditional) {
      cql.add(" IF NOT EXISTS");
      line.add("if:notexists");
    }
    return new Change(cql.add(using.cql()), line.lines(), conditional);
  }

  private static void addKey(List<String> names, List<Cql> binds, List<Column> columns, List<ByteBuffer> key) {
    for (int i = 0; i < key.size(); ++i) {
      names.add(columns.get(i).name());
      binds.add(new Cql().bind(key.get(i)));
    }
  }

  Change update(Target target, Times.Using using, boolean conditional) {
    boolean staticOnly = !table.statics().isEmpty() && dice.percent(profile.statics_only + 8);
    List<Column> candidates = new ArrayList<>(table.statics());
    if (!staticOnly) candidates.addAll(table.regulars());
    List<Column> columns = assignments.some(candidates);
    boolean wholeRow = columns.stream().anyMatch(column -> column.kind() == Column.Kind.REGULAR);
    Target where = wholeRow ? target : new Target(target.partition(), List.of());

    Line line = new Line("update " + table.name, using, where.partition(), where.clustering());
    List<Cql> sets = new ArrayList<>();
    for (Column column : columns) {
      Assignments.Assignment assignment = assignments.update(column);
      sets.add(assignment.cql());
      line.add(assignment.token());
    }
    Cql cql = new Cql("UPDATE " + table.name).add(using.cql()).add(" SET ").join(", ", sets);
    cql.add(" WHERE ").add(keys.row(where.partition(), where.clustering()).cql());
    if (conditional) addConditions(cql, line, wholeRow);
    return new Change(cql, line.lines(), conditional);
  }

  private void addConditions(Cql cql, Line line, boolean withRegulars) {
    Assignments.Assignment condition = conditions.random(table, withRegulars);
    cql.add(" IF ").add(condition.cql());
    line.add(condition.token());
  }

  Change delete(Target target, Times.Using using) {
    if (dice.percent(profile.partition_deletes)) return deletePartition(target, using);
    if (dice.percent(profile.range_deletes) && !table.clustering().isEmpty()) return deleteRange(target, using);
    if (dice.percent(40)) return deleteRow(target, using, false);
    return deleteColumns(target, using, false);
  }

  Change deletePartition(Target target, Times.Using using) {
    return finish("", new Line("deletepartition " + table.name, using, target.partition(), List.of()), using,
        keys.partition(target.partition()), false, false);
  }

  private Change deleteRange(Target target, Times.Using using) {
    Keys.Where where = keys.slice(target.partition());
    Line line = new Line("deleterange " + table.name, using, target.partition(), List.of());
    where.tokens().stream().skip(1).forEach(line::add);
    return finish("", line, using, where, false, false);
  }

  Change deleteRow(Target target, Times.Using using, boolean conditional) {
    if (conditional && dice.percent(50)) return deleteColumns(target, using, true);
    return finish("", new Line("deleterow " + table.name, using, target.partition(), target.clustering()), using,
        keys.row(target.partition(), target.clustering()), conditional, true);
  }

  private Change deleteColumns(Target target, Times.Using using, boolean conditional) {
    boolean onlyStatics = !table.statics().isEmpty() && dice.percent(25);
    List<Column> columns = assignments.some(onlyStatics ? table.statics() : table.regulars());
    List<ByteBuffer> clustering = onlyStatics ? List.of() : target.clustering();
    Line line = new Line("delete " + table.name, using, target.partition(), clustering);
    List<Cql> parts = new ArrayList<>();
    for (Column column : columns) {
      Assignments.Assignment part = assignments.delete(column);
      parts.add(part.cql());
      line.add(part.token());
    }
    Cql text = new Cql("DELETE ").join(", ", parts);
    return finish(text, line, using, keys.row(target.partition(), clustering), conditional, !onlyStatics);
  }

  private Change finish(String start, Line line, Times.Using using, Keys.Where where, boolean conditional, boolean row) {
    return finish(new Cql("DELETE" + start), line, using, where, conditional, row);
  }

  private Change finish(Cql cql, Line line, Times.Using using, Keys.Where where, boolean conditional, boolean row) {
    cql.add(" FROM " + table.name).add(using.timestampCql()).add(" WHERE ").add(where.cql());
    if (conditional) addConditions(cql, line, row);
    return new Change(cql, line.lines(), conditional);
  }

  /** A line of the transcript under construction. */
  static final class Line {
    private final StringBuilder text;

    Line(String start, Times.Using using, List<ByteBuffer> partition, List<ByteBuffer> clustering) {
      boolean delete = start.startsWith("delete");
      text = new StringBuilder(start).append(delete ? using.timestampToken() : using.tokens());
      text.append(" pk=").append(Values.format(partition));
      if (!clustering.isEmpty()) text.append(" ck=").append(Values.format(clustering));
    }

    void add(String token) {
      text.append(' ').append(token);
    }

    List<String> lines() {
      return List.of(text.toString());
    }
  }
}
