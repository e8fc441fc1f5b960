package recorder;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file of histories, whose grammar is in FORMAT.md. Keeps a history back until it is complete; counts what is in it. */
final class Transcript implements AutoCloseable {
  /** The numbers of what a transcript holds. */
  static final class Counts {
    int histories;
    int results;
    int rows;
    int errors;

    void add(Counts more) {
      histories += more.histories;
      results += more.results;
      rows += more.rows;
      errors += more.errors;
    }

    @Override
    public String toString() {
      return histories + " " + results + " " + rows + " " + errors;
    }
  }

  private final BufferedWriter out;
  private final StringBuilder pending = new StringBuilder();
  private int stepBegin = 0;
  private Counts added = new Counts();
  final Counts counts = new Counts();

  Transcript(Path file) throws IOException {
    out = Files.newBufferedWriter(file);
  }

  void line(String line) {
    pending.append(line).append('\n');
  }

  /** Begins a step of a history: the clock moves, then something happens. */
  void step(String clock) {
    line(clock);
    stepBegin = pending.length();
  }

  /** Forgets the lines of the last step, but that the clock moved. */
  void forgetStep() {
    pending.setLength(stepBegin);
  }

  /** The history since the last end is complete. */
  void endHistory() {
    try {
      out.append(pending);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ++added.histories;
    counts.add(added);
    discardHistory();
  }

  /** Forgets the history since the last end. */
  void discardHistory() {
    pending.setLength(0);
    added = new Counts();
  }

  void result() {
    ++added.results;
  }

  void lines(List<String> lines) {
    lines.forEach(this::line);
  }

  void row(List<ByteBuffer> row, int begin, int end) {
    StringBuilder line = new StringBuilder("=");
    for (int i = begin; i < end; ++i) line.append(' ').append(Values.format(row.get(i)));
    line(line.toString());
    ++added.rows;
  }

  void error(RuntimeException e) {
    line("error " + e.getClass().getSimpleName().replace("Exception", ""));
    ++added.errors;
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
