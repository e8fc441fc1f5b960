package recorder;

import java.util.ArrayList;
import java.util.List;

/** Random user types and tables of a family. Creates them in Cassandra as it goes, since types are parsed by it. */
final class RandomSchema {
  private static final String[] SCALARS = {"ascii", "bigint", "blob", "boolean", "date", "decimal", "double", "float",
      "inet", "int", "smallint", "text", "time", "timestamp", "timeuuid", "tinyint", "uuid", "varint"};

  private final Server server;
  private final Dice dice;
  private final Profile profile;
  private final String suffix;

  /** The user types made so far, as transcripts describe them. */
  final List<UserTypeText> types = new ArrayList<>();

  /** A user type: `fields` are "name type". */
  record UserTypeText(String name, List<String> fields) {
    String line() {
      return "type " + name + " " + String.join(" ", fields).replace(", ", ",");
    }
  }

  /** Names end in `suffix`, so that they are unique in the keyspace. */
  RandomSchema(Server server, Dice dice, Profile profile, String suffix) {
    this.server = server;
    this.dice = dice;
    this.profile = profile;
    this.suffix = suffix;
  }

  void createTypes() {
    int count = profile.user_types + profile.frozen + profile.complex_keys == 0 ? 0 : 2;
    for (int i = 0; i < count; ++i) {
      List<String> fields = new ArrayList<>();
      int fieldCount = dice.range(1, 4);
      for (int f = 0; f < fieldCount; ++f) fields.add("f" + f + " " + keyType(dice.percent(30), i));
      UserTypeText type = new UserTypeText("u" + i + "_" + suffix, fields);
      server.execute("CREATE TYPE " + type.name() + " (" + String.join(", ", fields) + ")", List.of());
      types.add(type);
    }
  }

  Table createTable(String letter) {
    List<Column> columns = new ArrayList<>();
    boolean simple = dice.percent(profile.simple_tables);
    int partition = dice.pick(1, 1, 2);
    int clustering = simple ? 0 : dice.range(1, profile.clustering_max);
    int statics = simple || !dice.percent(profile.statics) ? 0 : dice.range(1, profile.static_max);
    for (int i = 0; i < partition; ++i) columns.add(column("p" + i, keyType(), Column.Kind.PARTITION, false));
    boolean descending = dice.percent(50);
    for (int i = 0; i < clustering; ++i) {
      if (dice.percent(40)) descending = !descending;  // neighbours of one direction allow slices over both
      columns.add(column("c" + i, keyType(), Column.Kind.CLUSTERING, descending));
    }
    for (int i = 0; i < statics; ++i) columns.add(column("s" + i, valueType(), Column.Kind.STATIC, false));
    int regulars = dice.range(1, profile.regular_max);
    for (int i = 0; i < regulars; ++i) columns.add(column("r" + i, valueType(), Column.Kind.REGULAR, false));
    boolean expires = !profile.counters && dice.percent(profile.default_ttl);
    Table table = new Table(letter + "_" + suffix, columns, expires ? dice.pick(5, 60, 86400) : 0);
    server.execute(table.createCql(), List.of());
    return table;
  }

  private Column column(String name, String type, Column.Kind kind, boolean descending) {
    return new Column(name, server.parseType(type), kind, descending);
  }

  private String keyType() {
    return keyType(dice.percent(profile.complex_keys), types.size());
  }

  /** A frozen type without durations, that may be a key; of the user types only the first `typeCount`. */
  private String keyType(boolean complex, int typeCount) {
    if (!complex) return dice.pick(SCALARS);
    return switch (dice.range(0, typeCount > 0 ? 5 : 4)) {
      case 0 -> "frozen<list<" + inner(typeCount) + ">>";
      case 1 -> "frozen<set<" + inner(typeCount) + ">>";
      case 2 -> "frozen<map<" + inner(typeCount) + ", " + inner(typeCount) + ">>";
      case 3 -> "frozen<tuple<" + inner(typeCount) + ", " + inner(typeCount) + ">>";
      case 4 -> "vector<float, " + dice.range(1, 4) + ">";
      default -> "frozen<" + types.get(dice.range(0, typeCount - 1)).name() + ">";
    };
  }

  private String inner(int typeCount) {
    return keyType(dice.percent(25), typeCount);
  }

  /** The type of a new static or regular column. */
  String valueType() {
    if (profile.counters) return "counter";
    int choice = dice.range(0, 99);
    if (choice < profile.collections) {
      return switch (dice.range(0, 2)) {
        case 0 -> "list<" + element() + ">";
        case 1 -> "set<" + inner(types.size()) + ">";
        default -> map();
      };
    }
    choice -= profile.collections;
    if (choice < profile.user_types && !types.isEmpty()) return dice.pick(types).name();
    choice -= profile.user_types;
    if (choice < profile.frozen) return keyType(true, types.size());
    return element();
  }

  /** Where conditions are tested keys and values have one type, see Conditions. */
  private String map() {
    String key = inner(types.size());
    boolean same = profile.conditional > 0 && dice.percent(60);
    return "map<" + key + ", " + (same ? key : element()) + ">";
  }

  private String element() {
    return dice.percent(6) ? "duration" : inner(types.size());
  }

  void drop(List<Table> tables) {
    for (Table table : tables) server.execute("DROP TABLE " + table.name, List.of());
    for (int i = types.size() - 1; i >= 0; --i) server.execute("DROP TYPE " + types.get(i).name(), List.of());
  }
}
