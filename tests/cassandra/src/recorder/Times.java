package recorder;

import java.util.List;

/** The times of a history: how the clock moves, and which timestamps and TTLs writes carry. */
final class Times {
  /** The USING clause of a write. A missing part is null. */
  record Using(Long timestamp, Integer ttl) {
    String cql() {
      if (timestamp == null && ttl == null) return "";
      if (ttl == null) return " USING TIMESTAMP " + timestamp;
      return timestamp == null ? " USING TTL " + ttl : " USING TIMESTAMP " + timestamp + " AND TTL " + ttl;
    }

    String timestampCql() {
      return timestamp == null ? "" : " USING TIMESTAMP " + timestamp;
    }

    String tokens() {
      return timestampToken() + (ttl == null ? "" : " ttl=" + ttl);
    }

    String timestampToken() {
      return timestamp == null ? "" : " ts=" + timestamp;
    }
  }

  static final Using AUTOMATIC = new Using(null, null);

  private final Dice dice;
  private final Profile profile;
  private final int explicitPercent;
  private final List<Long> timestamps;

  /**
   * True if the clock goes back now and then. Then nothing expires: whether a value that has expired is there again when
   * the clock is set back depends on whether its file was merged meanwhile.
   */
  final boolean goesBack;

  /** The history begins at `start`, milliseconds. Its clock may go back if writes live for ever by default. */
  Times(Dice dice, Profile profile, long start, boolean livesForEver) {
    this.dice = dice;
    this.profile = profile;
    goesBack = profile.setbacks > 0 && dice.percent(profile.setbacks) && livesForEver;
    Profile.Timestamps mode = profile.timestamps == Profile.Timestamps.ANY
        ? dice.pick(Profile.Timestamps.AUTOMATIC, Profile.Timestamps.FEW, Profile.Timestamps.NEAR_NOW)
        : profile.timestamps;
    explicitPercent = switch (mode) {
      case AUTOMATIC, ANY -> 0;
      case FEW -> 100;
      case NEAR_NOW -> 45;
    };
    long micros = start * 1000;
    timestamps = mode == Profile.Timestamps.NEAR_NOW
        ? List.of(micros - 1, micros + 5_000, micros + 20_000, micros + 50_000, micros + 100_000_000)
        : dice.pick(List.of(1L, 2L, 3L), List.of(1L, 2L, 3L, 4L, 5L, 6L), List.of(-5L, -4L, 0L, 7L),
            List.of(10L, 11L), List.of(1L << 53, (1L << 53) + 1, 1L << 62));
  }

  Using random() {
    if (profile.counters) return AUTOMATIC;
    return new Using(timestamp(), ttl());
  }

  /** Of a conditional write, whose timestamp is always automatic. */
  Using conditional() {
    return new Using(null, ttl());
  }

  /** A timestamp, or null for an automatic one. */
  Long timestamp() {
    return dice.percent(explicitPercent) ? dice.pick(timestamps) : null;
  }

  Integer ttl() {
    if (!dice.percent(profile.ttl)) return null;
    if (goesBack) return dice.pick(0, 3600, 86_400, 2_592_000, 630_720_000);
    return dice.pick(0, 1, 1, 2, 2, 5, 10, 10, 60, 3600, 86_400, 2_592_000, 630_720_000);
  }

  /** Milliseconds by which the clock moves before the next operation, at least 1 or, backwards, at most -1. */
  long step() {
    if (goesBack && dice.percent(20)) {
      return dice.pick(-1L, -1L, -2L, -500L, -1000L, -1000L, -5000L, 1000L, 1000L, 2000L, 5000L);
    }
    if (goesBack) return dice.range(1, 3);
    if (!dice.percent(profile.jumps)) return dice.range(1, 3);
    return dice.pick(1000L, 1000L, 2000L, 5000L, 10_000L, 60_000L, 999L, 1001L, 3_600_000L, 86_400_000L, 1_728_000_000L);
  }
}
