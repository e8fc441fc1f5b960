package recorder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

import org.apache.cassandra.exceptions.RequestTimeoutException;

/** Records everything, or a family, into a folder: `Main DATA FOLDER [FAMILY [HISTORIES]]`. DATA is for Cassandra, empty. */
public final class Main {
  /** Where groups of histories start, milliseconds: today's times, and before, at and beyond the end of 32-bit seconds. */
  private static final long[] ERAS = {1_700_000_000_000L, 1_720_000_000_123L, 2_146_000_000_000L, 2_147_481_630_000L,
      2_200_000_000_000L, 3_500_000_000_000L};

  private static final Map<String, Integer> notes = new TreeMap<>();

  public static void main(String[] arguments) {
    int status = 1;
    try {
      record(arguments);
      status = 0;
    } catch (Throwable e) {
      e.printStackTrace();
    }
    Runtime.getRuntime().halt(status);  // Cassandra's threads would keep the process
  }

  private static void record(String[] arguments) throws IOException {
    Server server = Server.start(Path.of(arguments[0]));
    Path folder = Path.of(arguments[1]);
    String wanted = arguments.length > 2 ? arguments[2] : "all";
    Files.createDirectories(folder);
    StringBuilder summary = new StringBuilder("family histories results rows errors\n");
    int number = 0;
    for (Profile family : Families.list()) {
      ++number;
      if (!wanted.equals("all") && !wanted.equals(family.name)) continue;
      if (arguments.length > 3) family.histories = Integer.parseInt(arguments[3]);
      long begin = System.nanoTime();
      try (Transcript out = new Transcript(folder.resolve(family.name + ".txt"))) {
        record(server, family, number, out);
        summary.append(family.name + " " + out.counts + "\n");
      }
      System.err.printf("%s %.1f s%n", family.name, (System.nanoTime() - begin) / 1e9);
    }
    if (wanted.equals("all") || wanted.equals("facts")) {
      facts(folder.resolve("tokens.txt"), out -> new TokenRecorder(out).record());
      facts(folder.resolve("comparisons.txt"), out -> new ComparisonRecorder(server, out).record());
      facts(folder.resolve("types.txt"), out -> new TypeRecorder(server, out).record());
    }
    System.err.print(summary);
    notes.forEach((note, count) -> System.err.println(count + " " + note));
  }

  /** Records a file of lines. */
  private static void facts(Path file, Consumer<Consumer<String>> recorder) throws IOException {
    List<String> lines = new ArrayList<>();
    recorder.accept(lines::add);
    Files.write(file, lines);
  }

  /** Counts why Cassandra refused something, for who looks at a recording. */
  static void note(Exception e, String cql) {
    String reason = String.valueOf(e.getMessage()).replaceAll("[0-9a-f]*[0-9][0-9a-f]*", "#");
    notes.merge((cql.equals("FAILED") ? "failed: " : "") + e.getClass().getSimpleName() + " " + reason, 1, Integer::sum);
  }

  private static void record(Server server, Profile family, int number, Transcript out) throws IOException {
    int group = 0;
    for (int done = 0; done < family.histories; done += family.histories_per_table, ++group) {
      Dice dice = new Dice(number * 1_000_003L + group);
      server.forgetTimes();
      // No two groups at one time: Cassandra makes the ids of tables from it, and remembers ballots by id and key.
      ControlledClock.set(ERAS[group % ERAS.length] + number * 1000 + group);
      RandomSchema schema = new RandomSchema(server, dice, family, family.name + group);
      schema.createTypes();
      List<Table> tables = new ArrayList<>();
      for (int i = 0; i < family.tables; ++i) tables.add(schema.createTable("" + (char) ('a' + i)));
      List<String> lines = new ArrayList<>();
      schema.types.forEach(type -> lines.add(type.line()));
      tables.forEach(table -> lines.addAll(table.lines()));
      for (int i = 0; i < Math.min(family.histories_per_table, family.histories - done); ++i) {
        long seed = (number * 1_000_003L + group) * 1000 + i;
        ControlledClock.set(ControlledClock.now() + 1_000_000);  // more than the clock went back
        if (i > 0) tables.forEach(table -> server.clear(table.name));
        ControlledClock.set(ControlledClock.now() + 1_000_000);
        run(new History(server, new Dice(seed), family, schema, tables, out), seed, lines, out);
      }
      schema.drop(tables);
    }
  }

  /** A history in which Cassandra fails, as against refuses, is left out. */
  private static void run(History history, long seed, List<String> schema, Transcript out) {
    try {
      history.run(seed, schema);
    } catch (RequestTimeoutException e) {
      throw e;  // of the machine, not of the history
    } catch (RuntimeException e) {
      out.discardHistory();
      note(e, "FAILED");
    }
  }
}
