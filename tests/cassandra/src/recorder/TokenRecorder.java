package recorder;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Records serialized partition keys with their tokens. */
final class TokenRecorder {
  private static final int LENGTH_MAX = 64;
  private static final int KEYS_OF_LENGTH = 100;
  private static final int COMPOSITE_KEYS = 4000;
  private static final int RESERVED_KEYS = 20;
  private static final long C1 = 0x87c37b91114253d5L;
  private static final long C2 = 0x4cf5ad432745937fL;

  private final Dice dice = new Dice(1);
  private final Consumer<String> out;

  TokenRecorder(Consumer<String> out) {
    this.out = out;
  }

  void record() {
    for (int length = 0; length <= LENGTH_MAX; ++length) {
      for (int n = length == 0 ? 1 : KEYS_OF_LENGTH; n > 0; --n) {
        byte[] key = dice.bytes(length);
        if (n % 4 == 0) for (int i = length & ~15; i < length; ++i) key[i] |= (byte) 0x80;  // sign-extended in the tail
        if (n % 4 == 1) for (int i = 0; i < length; ++i) key[i] = dice.pick((byte) 0, (byte) 0x7f, (byte) 0x80, (byte) 0xff);
        write(ByteBuffer.wrap(key));
      }
    }
    for (int n = 0; n < COMPOSITE_KEYS; ++n) {
      List<ByteBuffer> parts = new ArrayList<>();
      for (int count = dice.range(2, 4); count > 0; --count) parts.add(ByteBuffer.wrap(dice.bytes(dice.range(0, 20))));
      write(Tokens.serialize(parts));
    }
    for (int n = 0; n < RESERVED_KEYS; ++n) write(keyOfHash(Long.MIN_VALUE, dice.bits()));
    for (int n = 0; n < RESERVED_KEYS; ++n) write(keyOfHash(Long.MAX_VALUE - n % 2, dice.bits()));
    write(keyOfHash(0, dice.bits()));
    write(keyOfHash(-1, dice.bits()));
    write(keyOfHash(Long.MIN_VALUE + 1, dice.bits()));
  }

  private void write(ByteBuffer key) {
    out.accept(Values.format(key) + " " + Tokens.of(key));
  }

  /** A key of 16 bytes whose hash, before Cassandra replaces the reserved minimum, is `hash`; `other` is its other half. */
  private static ByteBuffer keyOfHash(long hash, long other) {
    long h2 = other;
    long h1 = hash - h2;
    h1 = unmix(h1);
    h2 = unmix(h2);
    h2 -= h1;
    h1 -= h2;
    h1 ^= 16;
    h2 ^= 16;
    long inverseOf5 = inverse(5);
    h2 = (h2 - 0x38495ab5L) * inverseOf5 - h1;
    long k2 = unscramble(Long.rotateRight(h2, 31), C2, 33, C1);
    h1 = (h1 - 0x52dce729L) * inverseOf5;
    long k1 = unscramble(Long.rotateRight(h1, 27), C1, 31, C2);
    return ByteBuffer.allocate(16).putLong(0, Long.reverseBytes(k1)).putLong(8, Long.reverseBytes(k2));
  }

  private static long unscramble(long k, long first, int rotation, long second) {
    return Long.rotateRight(k * inverse(second), rotation) * inverse(first);
  }

  private static long unmix(long h) {
    h ^= h >>> 33;
    h *= inverse(0xc4ceb9fe1a85ec53L);
    h ^= h >>> 33;
    h *= inverse(0xff51afd7ed558ccdL);
    return h ^ h >>> 33;
  }

  /** The inverse of an odd number modulo 2^64, by Newton's method. */
  private static long inverse(long odd) {
    long inverse = odd;
    for (int i = 0; i < 6; ++i) inverse *= 2 - odd * inverse;
    return inverse;
  }
}
