package recorder;

import java.util.ArrayList;
import java.util.List;

/** Random batches over the tables of a history. */
final class Batches {
  private final Dice dice;
  private final Times times;
  private final boolean counters;

  Batches(Dice dice, Times times, boolean counters) {
    this.dice = dice;
    this.times = times;
    this.counters = counters;
  }

  /** Two to five changes, often of one row, under one timestamp or several. */
  Change random(List<Mutations> tables) {
    String kind = counters ? "counter" : dice.pick("logged", "unlogged");
    Long timestamp = !counters && dice.percent(50) ? times.timestamp() : null;
    boolean own = timestamp == null;
    List<Change> parts = new ArrayList<>();
    Mutations table = dice.pick(tables);
    Mutations.Target target = table.target();
    for (int n = dice.range(2, 5); n > 0; --n) {
      Times.Using using = counters ? Times.AUTOMATIC : new Times.Using(own ? times.timestamp() : null, times.ttl());
      parts.add(table.random(target, using));
      if (dice.percent(40)) {
        table = dice.pick(tables);
        target = table.target();
      } else if (dice.percent(30)) {
        target = table.near(target);
      }
    }
    return assemble(kind, timestamp, parts, false);
  }

  /** Changes of one partition, at least one of them with conditions. */
  Change conditional(Mutations table) {
    List<Change> parts = new ArrayList<>();
    Mutations.Target target = table.target();
    parts.add(table.randomConditional(target));
    for (int n = dice.range(1, 3); n > 0; --n) {
      if (dice.percent(70)) target = table.near(target);
      parts.add(dice.percent(50) ? table.randomConditional(target) : table.random(target, times.conditional()));
    }
    return assemble(dice.pick("logged", "unlogged"), null, parts, true);
  }

  private static Change assemble(String kind, Long timestamp, List<Change> parts, boolean conditional) {
    Cql cql = new Cql("BEGIN " + (kind.equals("logged") ? "" : kind.toUpperCase() + " ") + "BATCH");
    if (timestamp != null) cql.add(" USING TIMESTAMP " + timestamp);
    List<String> lines = new ArrayList<>();
    lines.add("batch " + kind + (timestamp == null ? "" : " ts=" + timestamp) + " " + parts.size());
    for (Change part : parts) {
      cql.add(" ").add(part.cql()).add(";");
      lines.addAll(part.lines());
    }
    return new Change(cql.add(" APPLY BATCH"), lines, conditional);
  }
}
