package recorder;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

import org.apache.cassandra.db.marshal.AbstractType;
import org.apache.cassandra.db.marshal.ListType;
import org.apache.cassandra.db.marshal.MapType;
import org.apache.cassandra.db.marshal.UserType;
import org.apache.cassandra.utils.ByteBufferUtil;

/** Random conditions of conditional writes. */
final class Conditions {
  private static final List<String> WORDS = List.of("eq", "eq", "eq", "ne", "lt", "le", "gt", "ge", "in");

  private final Dice dice;
  private final Values values;

  Conditions(Dice dice, Values values) {
    this.dice = dice;
    this.values = values;
  }

  /** What follows IF: EXISTS, or one to three comparisons; of static columns alone unless `withRegulars`. */
  Assignments.Assignment random(Table table, boolean withRegulars) {
    List<Column> columns = new ArrayList<>(table.statics());
    if (withRegulars) columns.addAll(table.regulars());
    if (columns.isEmpty() || dice.percent(20)) return new Assignments.Assignment(new Cql("EXISTS"), "if:exists");
    List<Cql> parts = new ArrayList<>();
    List<String> tokens = new ArrayList<>();
    for (int n = dice.pick(1, 1, 1, 2, 3); n > 0; --n) {
      Assignments.Assignment comparison = comparison(dice.pick(columns));
      parts.add(comparison.cql());
      tokens.add("if:" + comparison.token());
    }
    return new Assignments.Assignment(new Cql().join(" AND ", parts), String.join(" ", tokens));
  }

  private Assignments.Assignment comparison(Column column) {
    AbstractType<?> type = column.type();
    String name = column.name();
    if (type instanceof ListType<?> list && dice.percent(50)) {
      int index = dice.pick(0, 0, 1, 2);
      return compare(new Cql(name + "[").bind(ByteBufferUtil.bytes(index)).add("]"), name + ":index:" + index,
          list.getElementsType());
    }
    if (type instanceof MapType<?, ?> map && comparesEntries(map) && dice.percent(60)) {
      ByteBuffer key = values.pickElement(map.getKeysType());
      return compare(new Cql(name + "[").bind(key).add("]"), name + ":key:" + Values.format(key), map.getValuesType());
    }
    if (type instanceof UserType user && dice.percent(60)) {
      int field = dice.range(0, user.size() - 1);
      String fieldName = user.fieldNameAsString(field);
      return compare(new Cql(name + "." + fieldName), name + ":field:" + fieldName, user.type(field));
    }
    return compare(new Cql(name), name, type);
  }

  /** Cassandra 5.0 compares the entry of a map by the type of the keys, a mistake that shows if the types differ. */
  private static boolean comparesEntries(MapType<?, ?> map) {
    return map.getKeysType().equals(map.getValuesType());
  }

  private Assignments.Assignment compare(Cql left, String token, AbstractType<?> type) {
    String word = type.referencesDuration() ? "eq" : dice.pick(WORDS);
    if (word.equals("in")) {
      List<ByteBuffer> wanted = new ArrayList<>();
      for (int n = dice.range(1, 3); n > 0; --n) wanted.add(dice.percent(10) ? null : values.pick(type));
      left.add(" IN (").join(", ", wanted.stream().map(value -> new Cql().bind(value)).toList()).add(")");
      return new Assignments.Assignment(left, token + ":in:" + Values.format(wanted));
    }
    boolean mayBeNull = word.equals("eq") || word.equals("ne");
    ByteBuffer value = mayBeNull && dice.percent(20) ? null : values.pick(type);
    String operator = switch (word) {
      case "eq" -> " = ";
      case "ne" -> " != ";
      case "lt" -> " < ";
      case "le" -> " <= ";
      case "gt" -> " > ";
      default -> " >= ";
    };
    return new Assignments.Assignment(left.add(operator).bind(value), token + ":" + word + ":" + Values.format(value));
  }
}
