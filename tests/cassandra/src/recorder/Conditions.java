package recorder;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.apache.cassandra.db.marshal.AbstractType;
import org.apache.cassandra.db.marshal.ListType;
import org.apache.cassandra.db.marshal.MapType;
import org.apache.cassandra.db.marshal.SetType;
import org.apache.cassandra.db.marshal.UserType;
import org.apache.cassandra.utils.ByteBufferUtil;

/** Random conditions of conditional writes. */
final class Conditions {
  private static final List<String> WORDS = List.of("eq", "eq", "eq", "ne", "lt", "le", "gt", "ge", "in");

  private final Dice dice;
  private final Values values;
  private final int containsPercent;

  Conditions(Dice dice, Values values, Profile profile) {
    this.dice = dice;
    this.values = values;
    containsPercent = profile.contains;
  }

  /**
   * True if a write with these lines has other conditions beside one that is an error where Cassandra comes to it. It tests
   * those on a row in any order, up to the first that does not hold: whether it comes to the error is chance.
   */
  static boolean dependOnOrder(Table table, List<String> lines) {
    List<String> tokens = lines.stream().flatMap(line -> Stream.of(line.split(" "))).filter(word -> word.startsWith("if:"))
        .toList();
    return tokens.size() > 1 && tokens.stream().anyMatch(token -> isError(table, token.split(":")));
  }

  /** Asks whether something contains null, or is less or greater than an empty collection of several cells, which is null. */
  private static boolean isError(Table table, String[] parts) {
    if (parts.length != 4) return false;
    if (parts[2].startsWith("contains")) return parts[3].equals("null");
    Column column = table.column(parts[1]);
    boolean isEmptyCollection = column.type().isCollection() && column.isMultiCell() && parts[3].equals("00000000");
    return isEmptyCollection && List.of("lt", "le", "gt", "ge").contains(parts[2]);
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
    if (type.isCollection() && containsPercent > 0 && dice.percent(containsPercent)) return contains(name, type);
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

  private Assignments.Assignment contains(String name, AbstractType<?> type) {
    boolean asksForKey = type instanceof MapType<?, ?> && dice.percent(50);
    AbstractType<?> wanted = asksForKey || type instanceof SetType<?> ? Assignments.keyType(type) : valueType(type);
    ByteBuffer value = dice.percent(4) ? null : values.pickElement(wanted);
    String operator = asksForKey ? " CONTAINS KEY " : " CONTAINS ";
    String token = asksForKey ? ":containskey:" : ":contains:";
    return new Assignments.Assignment(new Cql(name + operator).bind(value), name + token + Values.format(value));
  }

  private static AbstractType<?> valueType(AbstractType<?> type) {
    return type instanceof ListType<?> list ? list.getElementsType() : ((MapType<?, ?>) type).getValuesType();
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
