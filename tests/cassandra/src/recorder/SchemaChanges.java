package recorder;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

import org.apache.cassandra.db.marshal.AbstractType;

/** Random changes of the schema of one table and of the user types, while it has data. */
final class SchemaChanges {
  /** A change, and what the history knows once Cassandra accepted it. */
  record SchemaChange(String cql, String line, Runnable accepted) {}

  private final Server server;
  private final Dice dice;
  private final RandomSchema schema;
  private final Table table;
  private final List<Column> dropped = new ArrayList<>();
  private int names = 0;

  SchemaChanges(Server server, Dice dice, RandomSchema schema, Table table) {
    this.server = server;
    this.dice = dice;
    this.schema = schema;
    this.table = table;
  }

  SchemaChange random() {
    List<Supplier<SchemaChange>> choices = new ArrayList<>();
    choices.add(this::truncate);
    choices.add(this::add);
    choices.add(this::add);
    choices.add(this::rename);
    if (table.regulars().size() + table.statics().size() > 1) {
      choices.add(this::drop);
      choices.add(this::drop);
    }
    if (!dropped.isEmpty()) {
      choices.add(this::addAgain);
      choices.add(this::addAgain);
      choices.add(this::addAgain);
    }
    if (!table.isCounter()) choices.add(this::option);
    if (!schema.types.isEmpty()) {
      choices.add(this::addField);
      choices.add(this::renameField);
    }
    return dice.pick(choices).get();
  }

  private SchemaChange truncate() {
    return new SchemaChange("TRUNCATE " + table.name, "truncate " + table.name, () -> {});
  }

  private SchemaChange add() {
    boolean isStatic = !table.clustering().isEmpty() && dice.percent(25);
    String name = (isStatic ? "s" : "r") + "_" + names++;
    Column.Kind kind = isStatic ? Column.Kind.STATIC : Column.Kind.REGULAR;
    return add(new Column(name, server.parseType(schema.valueType()), kind, false));
  }

  private SchemaChange addAgain() {
    return add(dice.pick(dropped));
  }

  private SchemaChange add(Column column) {
    boolean isStatic = column.kind() == Column.Kind.STATIC;
    return new SchemaChange("ALTER TABLE " + table.name + " ADD " + column.name() + " " + column.type().asCQL3Type()
        + (isStatic ? " static" : ""),
        "add " + table.name + (isStatic ? " static " : " regular ") + column.name() + " " + column.typeText(), () -> {
          table.columns.add(column);
          dropped.remove(column);
        });
  }

  private SchemaChange drop() {
    List<Column> candidates = new ArrayList<>(table.statics());
    candidates.addAll(table.regulars());
    Column column = dice.pick(candidates);
    return new SchemaChange("ALTER TABLE " + table.name + " DROP " + column.name(),
        "drop " + table.name + " " + column.name(), () -> {
          table.columns.remove(column);
          dropped.add(column);
        });
  }

  private SchemaChange rename() {
    List<Column> candidates = new ArrayList<>(table.partition());
    candidates.addAll(table.clustering());
    Column column = dice.pick(candidates);
    String to = "k_" + names++;
    return new SchemaChange("ALTER TABLE " + table.name + " RENAME " + column.name() + " TO " + to,
        "rename " + table.name + " " + column.name() + " " + to, () -> table.replace(column, column.renamed(to)));
  }

  private SchemaChange option() {
    int ttl = dice.pick(0, 5, 60, 86_400);
    return new SchemaChange("ALTER TABLE " + table.name + " WITH default_time_to_live = " + ttl,
        "option " + table.name + " ttl=" + ttl, () -> table.defaultTtl = ttl);
  }

  private SchemaChange addField() {
    RandomSchema.UserTypeText type = dice.pick(schema.types);
    String field = "g" + names++;
    String fieldType = dice.pick("int", "text", "boolean", "frozen<list<int>>", "decimal");
    return new SchemaChange("ALTER TYPE " + type.name() + " ADD " + field + " " + fieldType,
        "addfield " + type.name() + " " + field + " " + fieldType, () -> {
          type.fields().add(field + " " + fieldType);
          parseTypesAgain();
        });
  }

  private SchemaChange renameField() {
    RandomSchema.UserTypeText type = dice.pick(schema.types);
    int index = dice.range(0, type.fields().size() - 1);
    String[] field = type.fields().get(index).split(" ", 2);
    String to = "h" + names++;
    return new SchemaChange("ALTER TYPE " + type.name() + " RENAME " + field[0] + " TO " + to,
        "renamefield " + type.name() + " " + field[0] + " " + to, () -> {
          type.fields().set(index, to + " " + field[1]);
          parseTypesAgain();
        });
  }

  /** Types of columns hold the fields of user types as they were when parsed. */
  private void parseTypesAgain() {
    table.columns.replaceAll(this::parseAgain);
    Set<Column> seen = new HashSet<>();
    dropped.replaceAll(this::parseAgain);
    dropped.removeIf(column -> !seen.add(column));
  }

  private Column parseAgain(Column column) {
    AbstractType<?> type = server.parseType(column.type().asCQL3Type().toString());
    return column.withType(type);
  }
}
