package recorder;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import org.apache.cassandra.db.marshal.AbstractType;
import org.apache.cassandra.db.marshal.DecimalType;
import org.apache.cassandra.serializers.MarshalException;
import org.apache.cassandra.utils.ByteBufferUtil;

/** Records the order of values of every type, and which types accept no bytes at all. */
final class ComparisonRecorder {
  private static final int PAIRS = 300;
  private static final int LISTS = 6;
  private static final int LIST_LENGTH = 30;

  private static final String[] TYPES = {"ascii", "bigint", "blob", "boolean", "date", "decimal", "double", "float", "inet",
      "int", "smallint", "text", "time", "timestamp", "timeuuid", "tinyint", "uuid", "varint",
      "vector<float, 1>", "vector<float, 3>", "frozen<list<int>>", "frozen<list<text>>", "frozen<list<double>>",
      "frozen<list<varint>>", "frozen<list<timeuuid>>", "frozen<set<text>>", "frozen<set<int>>", "frozen<set<decimal>>",
      "frozen<set<inet>>", "frozen<map<int, text>>", "frozen<map<text, int>>", "frozen<map<uuid, boolean>>",
      "frozen<list<frozen<list<int>>>>", "frozen<map<int, frozen<set<text>>>>", "frozen<set<frozen<tuple<int, text>>>>",
      "frozen<map<frozen<list<tinyint>>, frozen<map<text, blob>>>>", "frozen<tuple<int>>", "frozen<tuple<int, text>>",
      "frozen<tuple<text, double, blob>>", "frozen<tuple<frozen<list<int>>, timestamp>>",
      "frozen<tuple<frozen<tuple<int, int>>, uuid>>", "frozen<compared>", "frozen<list<frozen<compared>>>",
      "frozen<map<frozen<compared>, smallint>>", "frozen<list<vector<float, 2>>>", "frozen<tuple<vector<float, 2>, date>>"};

  private final Server server;
  private final Consumer<String> out;

  ComparisonRecorder(Server server, Consumer<String> out) {
    this.server = server;
    this.out = out;
  }

  void record() {
    server.execute("CREATE TYPE compared (a int, b text, c frozen<set<tinyint>>)", List.of());
    out.accept("type compared a int b text c frozen<set<tinyint>>");
    for (int i = 0; i < TYPES.length; ++i) record(server.parseType(TYPES[i]), new Dice(i + 1));
    for (String type : List.of("duration", "counter")) record(server.parseType(type));
    server.execute("DROP TYPE compared", List.of());
  }

  private void record(AbstractType<?> type) {
    String empty = type.isEmptyValueMeaningless() ? "null" : "value";
    try {
      type.validate(ByteBufferUtil.EMPTY_BYTE_BUFFER);
    } catch (MarshalException e) {
      empty = "refused";
    }
    out.accept("of " + Values.typeText(type) + " " + empty);
  }

  private void record(AbstractType<?> type, Dice dice) {
    record(type);
    Values values = new Values(dice, 4, 12);
    for (int i = 0; i < PAIRS; ++i) {
      ByteBuffer left = value(type, dice, values);
      ByteBuffer right = dice.percent(4) ? left : value(type, dice, values);
      out.accept("compare " + Values.format(left) + " " + Integer.signum(type.compare(left, right)) + " " + Values.format(right));
    }
    for (int i = 0; i < LISTS; ++i) {
      List<ByteBuffer> list = new ArrayList<>();
      for (int n = 0; n < LIST_LENGTH; ++n) list.add(value(type, dice, values));
      list.sort(type);
      out.accept("sorted " + String.join(" ", list.stream().map(Values::format).toList()));
    }
  }

  /** A value; decimals in any scale, so that different bytes are equal. */
  private static ByteBuffer value(AbstractType<?> type, Dice dice, Values values) {
    if (type != DecimalType.instance || dice.percent(50)) return values.fresh(type);
    BigInteger digits = BigInteger.valueOf(dice.range(-12, 12)).multiply(BigInteger.TEN.pow(dice.range(0, 4)));
    return DecimalType.instance.decompose(new BigDecimal(digits, dice.range(-3, 6)));
  }
}
