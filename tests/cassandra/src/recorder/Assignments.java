package recorder;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

import org.apache.cassandra.db.marshal.AbstractType;
import org.apache.cassandra.db.marshal.ListType;
import org.apache.cassandra.db.marshal.MapType;
import org.apache.cassandra.db.marshal.SetType;
import org.apache.cassandra.db.marshal.UserType;
import org.apache.cassandra.utils.ByteBufferUtil;

/** Random changes of single columns: what stands after SET in an UPDATE and after DELETE. */
final class Assignments {
  /** A change of a column: its CQL, and its token in the transcript. */
  record Assignment(Cql cql, String token) {}

  private final Dice dice;
  private final Values values;
  private final Profile profile;

  Assignments(Dice dice, Values values, Profile profile) {
    this.dice = dice;
    this.values = values;
    this.profile = profile;
  }

  /** A whole value for a column, null or unset. */
  ByteBuffer wholeValue(Column column) {
    if (dice.percent(profile.nulls)) return null;
    if (dice.percent(profile.unsets)) return Server.UNSET;
    return values.pick(column.type());
  }

  Assignment update(Column column) {
    AbstractType<?> type = column.type();
    String name = column.name();
    if (column.isCounter()) return increment(name);
    if (!column.isMultiCell() || !dice.percent(profile.element_changes)) {
      ByteBuffer value = wholeValue(column);
      return new Assignment(new Cql(name + " = ").bind(value), name + ":set:" + Values.format(value));
    }
    if (type instanceof ListType<?> list) return updateList(name, list);
    if (type instanceof SetType<?>) return updateSet(name, type);
    if (type instanceof MapType<?, ?> map) return updateMap(name, map);
    return updateField(name, (UserType) type);
  }

  private Assignment increment(String name) {
    long delta = dice.pick(1L, 2L, 5L, 1000L, -3L, (long) dice.range(-9, 9), 1L << 40);
    ByteBuffer value = ByteBufferUtil.bytes(delta);
    boolean plus = dice.percent(70);
    return new Assignment(new Cql(name + " = " + name + (plus ? " + " : " - ")).bind(value),
        name + (plus ? ":increment:" : ":decrement:") + Values.format(value));
  }

  private Assignment updateList(String name, ListType<?> type) {
    switch (dice.range(0, 5)) {
      case 0: return prepend(name, values.pick(type));
      case 1: return operate(name, "-", "discard", values.pick(type));
      case 2: {
        int index = dice.pick(0, 0, 0, 1, 2);
        ByteBuffer element = dice.percent(12) ? null : values.pickElement(type.getElementsType());
        return new Assignment(new Cql(name + "[").bind(ByteBufferUtil.bytes(index)).add("] = ").bind(element),
            name + ":setindex:" + index + ":" + Values.format(element));
      }
      default: return operate(name, "+", "append", values.pick(type));
    }
  }

  private Assignment updateSet(String name, AbstractType<?> type) {
    boolean add = dice.percent(60);
    return operate(name, add ? "+" : "-", add ? "append" : "discard", values.pick(type));
  }

  private Assignment updateMap(String name, MapType<?, ?> type) {
    switch (dice.range(0, 3)) {
      case 0: return operate(name, "+", "append", values.pick(type));
      case 1: {
        SetType<?> keys = SetType.getInstance(type.getKeysType(), false);
        return operate(name, "-", "discard", values.pick(keys));
      }
      default: {
        ByteBuffer key = values.pickElement(type.getKeysType());
        ByteBuffer value = dice.percent(12) ? null : values.pickElement(type.getValuesType());
        return new Assignment(new Cql(name + "[").bind(key).add("] = ").bind(value),
            name + ":put:" + Values.format(key) + ":" + Values.format(value));
      }
    }
  }

  private Assignment updateField(String name, UserType type) {
    int field = dice.range(0, type.size() - 1);
    ByteBuffer value = dice.percent(15) ? null : values.pick(type.type(field));
    String fieldName = type.fieldNameAsString(field);
    return new Assignment(new Cql(name + "." + fieldName + " = ").bind(value),
        name + ":field:" + fieldName + ":" + Values.format(value));
  }

  private static Assignment operate(String name, String operator, String word, ByteBuffer value) {
    return new Assignment(new Cql(name + " = " + name + " " + operator + " ").bind(value),
        name + ":" + word + ":" + Values.format(value));
  }

  private static Assignment prepend(String name, ByteBuffer value) {
    return new Assignment(new Cql(name + " = ").bind(value).add(" + " + name),
        name + ":prepend:" + Values.format(value));
  }

  /** What DELETE may name of a column: the column, an element or a field. */
  Assignment delete(Column column) {
    AbstractType<?> type = column.type();
    String name = column.name();
    if (column.isCounter() || !column.isMultiCell() || !dice.percent(profile.element_changes)) {
      return new Assignment(new Cql(name), name + ":delete");
    }
    if (type instanceof ListType<?>) {
      if (dice.percent(50)) return new Assignment(new Cql(name), name + ":delete");  // often there is no such element
      int index = dice.pick(0, 0, 0, 1, 2);
      return new Assignment(new Cql(name + "[").bind(ByteBufferUtil.bytes(index)).add("]"),
          name + ":deleteindex:" + index);
    }
    if (type instanceof UserType user) {
      String field = user.fieldNameAsString(dice.range(0, user.size() - 1));
      return new Assignment(new Cql(name + "." + field), name + ":deletefield:" + field);
    }
    ByteBuffer key = values.pickElement(keyType(type));
    return new Assignment(new Cql(name + "[").bind(key).add("]"), name + ":deletekey:" + Values.format(key));
  }

  /** The type of a map's keys or a set's elements. */
  static AbstractType<?> keyType(AbstractType<?> type) {
    return type instanceof MapType<?, ?> map ? map.getKeysType() : ((SetType<?>) type).getElementsType();
  }

  /** Some of the columns, at least one. */
  List<Column> some(List<Column> columns) {
    List<Column> chosen = new ArrayList<>();
    for (Column column : columns) {
      if (dice.percent(55)) chosen.add(column);
    }
    if (chosen.isEmpty()) chosen.add(dice.pick(columns));
    return chosen;
  }
}
