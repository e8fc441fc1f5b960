package recorder;

import java.util.List;
import java.util.Random;

/** All randomness of a history, from its seed. */
final class Dice {
  private final Random random;

  Dice(long seed) {
    random = new Random(seed);
  }

  /** True with probability `percent` in a hundred. */
  boolean percent(int percent) {
    return random.nextInt(100) < percent;
  }

  /** A number from `least` to `greatest`, both included. */
  int range(int least, int greatest) {
    return least + random.nextInt(greatest - least + 1);
  }

  <T> T pick(List<T> items) {
    return items.get(random.nextInt(items.size()));
  }

  @SafeVarargs
  final <T> T pick(T... items) {
    return items[random.nextInt(items.length)];
  }

  long bits() {
    return random.nextLong();
  }

  byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }
}
