package recorder;

import org.apache.cassandra.utils.Clock;

/**
 * The wall clock of Cassandra while it records: it stands still until {@link #set} moves it. Nanoseconds, by which
 * Cassandra measures durations and timeouts, go on as always.
 */
public final class ControlledClock implements Clock {
  private static volatile long millis = 1_700_000_000_000L;

  /** Sets the wall clock, in milliseconds since 1970. */
  public static void set(long now) {
    millis = now;
  }

  public static long now() {
    return millis;
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public long currentTimeMillis() {
    return millis;
  }
}
