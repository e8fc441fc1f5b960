package recorder;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

import org.apache.cassandra.cql3.ResultSet;
import org.apache.cassandra.exceptions.RequestValidationException;
import org.apache.cassandra.exceptions.SyntaxException;
import org.apache.cassandra.serializers.MarshalException;
import org.apache.cassandra.service.pager.PagingState;
import org.apache.cassandra.transport.messages.ResultMessage;

/** One history: random changes and queries of a few tables, run and written down. */
final class History {
  private static final int QUIET_STEPS = 6;  // changes before the first query, which would find little

  /** Refusals by limits of CQL or of this version that say nothing of the data model: such steps are left out. */
  private static final Pattern NOT_OF_THE_MODEL = Pattern.compile("Cannot mix IF|Slice conditions"
      + "|Cannot restrict clustering columns when selecting only static|Invalid comparison with an empty"
      + "|Cannot drop non-frozen column|incompatible with previously dropped|Unable to parse a date");

  private final Server server;
  private final Dice dice;
  private final Profile profile;
  private final Transcript out;
  private final List<Table> tables;
  private final Times times;
  private final List<Mutations> mutations = new ArrayList<>();
  private final List<Queries> queries = new ArrayList<>();
  private final Batches batches;
  private final SchemaChanges schemaChanges;
  private final Faults faults;

  /** The clock stands where the history is to begin; the tables are empty. */
  History(Server server, Dice dice, Profile profile, RandomSchema schema, List<Table> tables, Transcript out) {
    this.server = server;
    this.dice = dice;
    this.profile = profile;
    this.tables = tables;
    this.out = out;
    boolean livesForEver = tables.stream().allMatch(table -> table.defaultTtl == 0);
    times = new Times(dice, profile, ControlledClock.now(), livesForEver);
    Values values = new Values(dice, profile.empties, 5);
    Keys keys = null;
    for (Table table : tables) {
      keys = new Keys(dice, table, profile);
      mutations.add(new Mutations(dice, profile, table, keys, values, times));
      queries.add(new Queries(dice, profile, table, keys, values, !times.goesBack));
    }
    batches = new Batches(dice, times, profile.counters);
    schemaChanges = new SchemaChanges(server, dice, schema, tables.get(0));
    faults = new Faults(dice, tables.get(0), keys, values);
  }

  void run(long seed, List<String> schemaLines) {
    server.timestampsFromClock(!times.goesBack);
    out.line("history " + profile.name + " " + seed);
    out.lines(schemaLines);
    out.line("clock " + ControlledClock.now());
    for (int i = 0; i < profile.steps; ++i) {
      change();
      if (i >= QUIET_STEPS) someQueries();
    }
    for (int i = 0; i < profile.deletions_last; ++i) {
      Mutations table = dice.pick(mutations);
      run(table.delete(table.target(), Times.AUTOMATIC));
      someQueries();
    }
    for (Queries table : queries) query(table.everything());
    out.line("end");
    out.endHistory();
  }

  private void someQueries() {
    for (int n = dice.range(0, profile.queries_max); n > 0; --n) query(dice.pick(queries).random());
  }

  private void change() {
    int choice = dice.range(1, profile.insert + profile.update + profile.delete + profile.batch + profile.conditional
        + profile.conditional_batch + profile.schema_change + profile.faulty);
    Mutations table = dice.pick(mutations);
    if ((choice -= profile.batch) <= 0) {
      run(batches.random(mutations));
    } else if ((choice -= profile.conditional) <= 0) {
      run(table.randomConditional(table.target()));
    } else if ((choice -= profile.conditional_batch) <= 0) {
      run(batches.conditional(table));
    } else if ((choice -= profile.schema_change) <= 0) {
      run(schemaChanges.random());
    } else if ((choice -= profile.faulty) <= 0) {
      run(faults.random());
    } else {
      run(table.random(table.target(), times.random()));
    }
  }

  private void tick() {
    long step = times.step();
    ControlledClock.set(ControlledClock.now() + step);
    out.step("+" + step);
  }

  private void run(Change change) {
    tick();
    if (change.conditional() && Conditions.dependOnOrder(tableOf(change), change.lines())) return;
    out.lines(change.lines());
    try {
      ResultMessage message = server.execute(change.cql().text(), change.cql().values());
      if (change.conditional()) outcome(((ResultMessage.Rows) message).result);
    } catch (RequestValidationException | MarshalException | NullPointerException
        | IndexOutOfBoundsException e) {
      refused(e, change.cql().text());
    }
    checkTimes(change);
  }

  /** The table of a conditional write, which has no other. */
  private Table tableOf(Change change) {
    String name = change.lines().get(change.lines().size() - 1).split(" ")[1];
    return tables.stream().filter(table -> table.name.equals(name)).findFirst().orElseThrow();
  }

  private void run(SchemaChanges.SchemaChange change) {
    tick();
    out.line(change.line());
    server.flush(tables.get(0).name);  // Cassandra cannot read dropped columns from memory
    try {
      server.execute(change.cql(), List.of());
      change.accepted().run();
    } catch (RequestValidationException | MarshalException e) {
      refused(e, change.cql());
    }
  }

  /**
   * Cassandra meets some faults, as null elements of lists, with exceptions that are not meant as refusals. Where no
   * faults are tried they are mistakes of its own.
   */
  private void refused(RuntimeException e, String cql) {
    if (e instanceof SyntaxException) throw new AssertionError(cql, e);
    Main.note(e, cql);
    boolean meant = e instanceof RequestValidationException || e instanceof MarshalException || profile.faulty > 0;
    if (!meant || NOT_OF_THE_MODEL.matcher(String.valueOf(e.getMessage())).find()) {
      out.forgetStep();
    } else {
      out.error(e);
    }
  }

  /** The timestamp of a conditional write is its ballot's, which is the clock's unless Paxos needed another round. */
  private void checkTimes(Change change) {
    if (change.conditional() && !times.goesBack && server.lastBallotMicros() > ControlledClock.now() * 1000) {
      throw new AssertionError("a timestamp is not the clock's: " + change.cql().text());
    }
  }

  /** The answer to a conditional write: its first column says whether it was applied. */
  private void outcome(ResultSet result) {
    out.result();
    boolean applied = result.rows.get(0).get(0).get(0) != 0;
    if (applied) {
      out.line("applied");
      return;
    }
    int columns = result.metadata.names.size();
    StringBuilder line = new StringBuilder("refused " + (columns > 1 ? result.size() : 0));
    for (int i = 1; i < columns; ++i) line.append(' ').append(result.metadata.names.get(i).name);
    out.line(line.toString());
    if (columns > 1) result.rows.forEach(row -> out.row(row, 1, columns));
  }

  private void query(Queries.Query query) {
    tick();
    out.line(query.line());
    try {
      List<ResultSet> pages = pages(query.cql(), query.pageSize());
      if (query.complete() != null && !sameRows(pages, pages(query.complete(), -1).get(0))) {
        Main.note(new IllegalStateException("rows are missing when not all columns are asked for"), query.cql().text());
        out.forgetStep();
        return;
      }
      for (int i = 0; i < pages.size(); ++i) {
        ResultSet page = pages.get(i);
        out.line("page " + page.size() + (i + 1 < pages.size() ? " more" : " last"));
        page.rows.forEach(row -> out.row(row, 0, page.metadata.getColumnCount()));
      }
      out.result();
    } catch (RequestValidationException | MarshalException e) {
      refused(e, query.cql().text());
    }
  }

  private List<ResultSet> pages(Cql cql, int pageSize) {
    List<ResultSet> pages = new ArrayList<>();
    PagingState state = null;
    do {
      pages.add(((ResultMessage.Rows) server.execute(cql.text(), cql.values(), pageSize, state)).result);
      state = pages.get(pages.size() - 1).metadata.getPagingState();
    } while (state != null);
    return pages;
  }

  /**
   * True if the rows of `pages` are those of `complete`, which has more columns. Cassandra 5.0 may leave out a row that
   * lives by cells of columns that are not asked for, if these are older than a row marker that has expired.
   */
  private static boolean sameRows(List<ResultSet> pages, ResultSet complete) {
    int at = 0;
    for (ResultSet page : pages) {
      for (List<ByteBuffer> row : page.rows) {
        int columns = page.metadata.getColumnCount();
        if (at == complete.size() || !row.subList(0, columns).equals(complete.rows.get(at++).subList(0, columns))) return false;
      }
    }
    return at == complete.size();
  }
}
