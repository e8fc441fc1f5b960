package recorder;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

import org.apache.cassandra.cql3.CQL3Type;
import org.apache.cassandra.cql3.Duration;
import org.apache.cassandra.db.marshal.AbstractType;
import org.apache.cassandra.db.marshal.ByteBufferAccessor;
import org.apache.cassandra.db.marshal.DecimalType;
import org.apache.cassandra.db.marshal.DurationType;
import org.apache.cassandra.db.marshal.IntegerType;
import org.apache.cassandra.db.marshal.ListType;
import org.apache.cassandra.db.marshal.MapType;
import org.apache.cassandra.db.marshal.SetType;
import org.apache.cassandra.db.marshal.TupleType;
import org.apache.cassandra.db.marshal.VectorType;
import org.apache.cassandra.serializers.CollectionSerializer;
import org.apache.cassandra.utils.ByteBufferUtil;

/** Random serialized values of any type, drawn from few, so that different writes meet in the same value or element. */
final class Values {
  private static final String[] TEXTS = {"", "a", "b", "ab", "Z", "\u0000", "é", "ß∂", "日本", "\ud83d\ude00", "a\u0000b", "\u007f",
      "\uffee", "longer text, still short"};
  private static final long[] LONGS = {0, 1, -1, 2, 127, 128, -128, -129, 255, 256, 65535, Integer.MAX_VALUE, Integer.MIN_VALUE,
      1L << 40, -(1L << 40), Long.MAX_VALUE, Long.MIN_VALUE};
  private static final double[] DOUBLES = {0.0, -0.0, 1.0, -1.0, 1.5, Double.NaN, Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY, Double.MAX_VALUE, Double.MIN_VALUE, -1e-300, 3.25};
  private static final float[] FLOATS = {0.0f, -0.0f, 1.0f, -1.0f, 1.5f, Float.NaN, Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY, Float.MAX_VALUE, Float.MIN_VALUE, -1e-30f, 3.25f};

  private final Dice dice;
  private final int emptyPercent;
  private final int poolSize;
  private final Map<String, List<ByteBuffer>> pools = new HashMap<>();

  /** `emptyPercent` of the scalars are empty bytes, where the type allows them; `poolSize` values of a type are used. */
  Values(Dice dice, int emptyPercent, int poolSize) {
    this.dice = dice;
    this.emptyPercent = emptyPercent;
    this.poolSize = poolSize;
  }

  /** A value that probably was handed out before. */
  ByteBuffer pick(AbstractType<?> type) {
    return pick(typeText(type), type, emptyPercent);
  }

  /** A value that probably was handed out before, for an element of a collection: not empty where that means null. */
  ByteBuffer pickElement(AbstractType<?> type) {
    return type.isEmptyValueMeaningless() ? pick("element " + typeText(type), type, 0) : pick(type);
  }

  private ByteBuffer pick(String name, AbstractType<?> type, int empties) {
    List<ByteBuffer> pool = pools.computeIfAbsent(name, text -> new ArrayList<>());
    if (pool.size() < poolSize) {
      pool.add(fresh(type, empties));
      return pool.get(pool.size() - 1);
    }
    if (dice.percent(10)) pool.set(dice.range(0, poolSize - 1), fresh(type, empties));
    return dice.pick(pool);
  }

  /** Any value. Equal values have one serialization: what Cassandra stores of two is the accident of their order. */
  ByteBuffer fresh(AbstractType<?> type) {
    return fresh(type, emptyPercent);
  }

  private ByteBuffer fresh(AbstractType<?> type, int empties) {
    type = type.unwrap();
    if (type instanceof ListType<?> list) return list(list.getElementsType());
    if (type instanceof SetType<?> set) return set(set.getElementsType());
    if (type instanceof MapType<?, ?> map) return map(map);
    if (type instanceof TupleType tuple) return tuple(tuple);
    if (type instanceof VectorType<?> vector) return vector(vector);
    if (type.allowsEmpty() && dice.percent(empties)) return ByteBufferUtil.EMPTY_BYTE_BUFFER;
    return scalar((CQL3Type.Native) type.asCQL3Type());
  }

  private ByteBuffer list(AbstractType<?> element) {
    List<ByteBuffer> elements = new ArrayList<>();
    for (int count = size(); count > 0; --count) elements.add(pickElement(element));
    return pack(elements, elements.size());
  }

  private ByteBuffer set(AbstractType<?> element) {
    TreeSet<ByteBuffer> elements = new TreeSet<>(element);
    for (int count = size(); count > 0; --count) elements.add(pickElement(element));
    return pack(new ArrayList<>(elements), elements.size());
  }

  private ByteBuffer map(MapType<?, ?> type) {
    TreeMap<ByteBuffer, ByteBuffer> entries = new TreeMap<>(type.getKeysType());
    for (int count = size(); count > 0; --count) entries.put(pickElement(type.getKeysType()), pickElement(type.getValuesType()));
    List<ByteBuffer> flat = new ArrayList<>();
    entries.forEach((key, value) -> {
      flat.add(key);
      flat.add(value);
    });
    return pack(flat, entries.size());
  }

  private static ByteBuffer pack(List<ByteBuffer> elements, int count) {
    return CollectionSerializer.pack(elements, ByteBufferAccessor.instance, count);
  }

  private int size() {
    return dice.pick(0, 1, 1, 1, 2, 2, 3);
  }

  private ByteBuffer tuple(TupleType type) {
    List<ByteBuffer> fields = new ArrayList<>();
    for (AbstractType<?> field : type.allTypes()) fields.add(dice.percent(20) ? null : pick(field));
    return TupleType.buildValue(fields.toArray(new ByteBuffer[0]));
  }

  private ByteBuffer vector(VectorType<?> type) {
    ByteBuffer elements = bytes(4 * type.dimension);
    for (int i = 0; i < type.dimension; ++i) elements.putFloat(4 * i, number());
    return elements;
  }

  private float number() {
    return dice.percent(50) ? FLOATS[dice.range(0, FLOATS.length - 1)] : dice.range(-1000, 1000) / 8.0f;
  }

  private ByteBuffer scalar(CQL3Type.Native type) {
    switch (type) {
      case ASCII: return text(dice.pick("", "a", "b", "ab", "~", "\u0000", "\u007f", "Z", "hello world"));
      case TEXT, VARCHAR: return text(TEXTS[dice.range(0, TEXTS.length - 1)]);
      case BLOB: return ByteBuffer.wrap(dice.bytes(dice.pick(0, 1, 2, 3, 8, 17)));
      case BOOLEAN: return bytes(1).put(0, (byte) dice.range(0, 1));
      case TINYINT: return bytes(1).put(0, (byte) longValue());
      case SMALLINT: return bytes(2).putShort(0, (short) longValue());
      case INT: return bytes(4).putInt(0, (int) longValue());
      case DATE: return bytes(4).putInt(0, dice.percent(50) ? (int) longValue() : Integer.MIN_VALUE + dice.range(-40000, 40000));
      case BIGINT, TIMESTAMP, COUNTER: return bytes(8).putLong(0, longValue());
      case TIME: return bytes(8).putLong(0, Math.floorMod(longValue(), 86_400_000_000_000L));
      case DOUBLE: return bytes(8).putDouble(0, dice.percent(60) ? DOUBLES[dice.range(0, DOUBLES.length - 1)] : dice.bits() / 1e9);
      case FLOAT: return bytes(4).putFloat(0, number());
      case DECIMAL: return decimal();
      case VARINT: return IntegerType.instance.decompose(big());
      case DURATION: return duration();
      case INET: return ByteBuffer.wrap(dice.bytes(dice.pick(4, 4, 16)));
      case UUID: return uuid(dice.pick(1, 1, 4, 4, 7, 0));
      case TIMEUUID: return uuid(1);
      default: throw new IllegalArgumentException("no values of " + type);
    }
  }

  private long longValue() {
    return dice.percent(60) ? LONGS[dice.range(0, LONGS.length - 1)] : dice.bits() >> dice.range(0, 60);
  }

  private BigInteger big() {
    if (dice.percent(70)) return BigInteger.valueOf(longValue());
    return new BigInteger(dice.bytes(dice.range(1, 20)));
  }

  private ByteBuffer decimal() {
    BigDecimal value = new BigDecimal(big(), dice.range(-5, 20)).stripTrailingZeros();
    if (value.signum() == 0) value = BigDecimal.ZERO;
    return DecimalType.instance.decompose(value);
  }

  private ByteBuffer duration() {
    int sign = dice.pick(1, 1, -1);
    return DurationType.instance.decompose(Duration.newInstance(sign * dice.pick(0, 1, 12, Integer.MAX_VALUE),
        sign * dice.pick(0, 1, 31, 400), sign * dice.pick(0L, 1L, 3_600_000_000_000L, Long.MAX_VALUE)));
  }

  private ByteBuffer uuid(int version) {
    long high = dice.percent(30) ? dice.range(0, 3) << 16 : dice.bits();
    long low = dice.percent(30) ? dice.range(-2, 2) : dice.bits();
    return bytes(16).putLong(0, high & ~0xF000L | (long) version << 12).putLong(8, low & ~(3L << 62) | 2L << 62);
  }

  private static ByteBuffer bytes(int count) {
    return ByteBuffer.allocate(count);
  }

  private static ByteBuffer text(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The type in CQL, without spaces. */
  static String typeText(AbstractType<?> type) {
    return type.unwrap().asCQL3Type().toString().replace(" ", "");
  }

  /** A value as transcripts write it. */
  static String format(ByteBuffer value) {
    if (value == null) return "null";
    if (value == Server.UNSET) return "unset";
    return value.hasRemaining() ? ByteBufferUtil.bytesToHex(value) : "empty";
  }

  static String format(List<ByteBuffer> values) {
    return String.join(",", values.stream().map(Values::format).toList());
  }
}
