package recorder;

import java.util.List;
import java.util.function.Consumer;

import org.apache.cassandra.exceptions.RequestValidationException;
import org.apache.cassandra.schema.Schema;
import org.apache.cassandra.schema.TableMetadata;
import org.apache.cassandra.utils.ByteBufferUtil;

/** Records which descriptions of types Cassandra accepts for columns of which kind, and how it prints them. */
final class TypeRecorder {
  private static final String[] TYPES = {
      // Scalars, names and spaces.
      "ascii", "bigint", "blob", "boolean", "counter", "date", "decimal", "double", "duration", "float", "inet", "int",
      "smallint", "text", "time", "timestamp", "timeuuid", "tinyint", "uuid", "varchar", "varint", "INT", "Text", " int ", "empty",
      "integer", "string", "int32", "", "in t", "int int", "'int'", "\"int\"",
      // Collections.
      "list<int>", "set<text>", "map<int, text>", "map<int,text>", "LIST<INT>", "list < int >", "map< varchar , varchar >",
      "list<>", "list", "list<int", "list<int>>", "list<int, int>", "map<int>", "map<int, int, int>", "set<>",
      "frozen<list<int>>", "frozen<set<text>>", "frozen<map<int, text>>", "FROZEN<list<int>>", "frozen<int>", "frozen<text>",
      "frozen<frozen<list<int>>>", "frozen<>", "frozen", "frozen<list<int>", "frozen<counter>",
      // Nested collections.
      "list<list<int>>", "list<frozen<list<int>>>", "set<set<int>>", "map<int, list<int>>", "map<list<int>, int>",
      "map<frozen<list<int>>, int>", "map<int, frozen<map<int, int>>>", "frozen<list<list<int>>>",
      "frozen<list<frozen<list<int>>>>", "frozen<map<list<int>, set<text>>>", "list<frozen<set<frozen<map<int, text>>>>>",
      "list<set<frozen<int>>>",
      // Counters and durations in other types.
      "list<counter>", "set<counter>", "map<int, counter>", "map<counter, int>", "tuple<counter>", "vector<counter, 2>",
      "list<duration>", "set<duration>", "map<duration, int>", "map<int, duration>", "frozen<list<duration>>",
      "frozen<set<duration>>", "frozen<map<int, duration>>", "tuple<duration>", "tuple<int, duration>",
      "set<frozen<tuple<duration>>>", "set<frozen<list<duration>>>", "map<frozen<list<duration>>, int>",
      "map<frozen<timed>, int>", "set<frozen<timed>>", "list<frozen<timed>>", "frozen<timed>", "timed",
      // Tuples.
      "tuple<int>", "tuple<int, text>", "tuple<int, int, int, int>", "tuple<>", "tuple", "frozen<tuple<int, text>>",
      "tuple<list<int>, int>", "tuple<frozen<list<int>>, int>", "frozen<tuple<list<int>, set<int>>>", "tuple<tuple<int, int>, text>",
      "list<tuple<int, int>>", "list<frozen<tuple<int, int>>>", "set<tuple<int>>", "map<tuple<int>, tuple<text>>",
      "tuple<named>", "tuple<frozen<named>>",
      // User types.
      "named", "frozen<named>", "\"named\"", "Named", "NAMED", "\"Named\"", "unknown", "frozen<unknown>", "list<named>",
      "list<frozen<named>>", "set<named>", "map<frozen<named>, frozen<named>>", "map<named, int>", "map<int, named>",
      "frozen<list<named>>", "frozen<map<named, named>>", "nested", "frozen<nested>", "\"Quoted Type\"",
      "frozen<\"Quoted Type\">", "list<frozen<\"Quoted Type\">>", "ks.named", "frozen<ks.named>", "other.named",
      // Vectors.
      "vector<float, 1>", "vector<float,3>", "VECTOR<FLOAT, 3>", "vector<float, 0>", "vector<float, -1>", "vector<float>",
      "vector<float, 8192>", "vector<float, 8193>", "vector<float, 100000>", "vector<3, float>", "vector<int, 3>", "vector<text, 2>",
      "vector<vector<float, 2>, 2>", "frozen<vector<float, 3>>", "list<vector<float, 2>>", "map<vector<float, 2>, int>",
      "vector<list<int>, 2>", "vector<frozen<list<int>>, 2>", "tuple<vector<float, 2>, int>", "vector<float, 2>>",
      // Depth.
      "frozen<list<list<list<list<list<list<list<list<int>>>>>>>>>",
      "frozen<map<int, map<int, map<int, map<int, tuple<set<named>, int>>>>>>"};

  private final Server server;
  private final Consumer<String> out;

  TypeRecorder(Server server, Consumer<String> out) {
    this.server = server;
    this.out = out;
  }

  void record() {
    userType("named", "a int, b text", "a\tint\tb\ttext");
    userType("timed", "a int, d duration", "a\tint\td\tduration");
    userType("nested", "a frozen<named>, b frozen<list<int>>", "a\tfrozen<named>\tb\tfrozen<list<int>>");
    userType("\"Quoted Type\"", "x int", "x\tint");
    for (String type : TYPES) {
      record("regular", type, "p int PRIMARY KEY, x " + type);
      record("static", type, "p int, c int, r " + ("counter".equals(type) ? "counter" : "int") + ", x " + type
          + " static, PRIMARY KEY (p, c)");
      record("partition", type, "x " + type + " PRIMARY KEY, r int");
      record("clustering", type, "p int, x " + type + ", r int, PRIMARY KEY (p, x)");
    }
    for (String type : TYPES) field(type);
  }

  private void userType(String name, String fields, String described) {
    server.execute("CREATE TYPE " + name + " (" + fields + ")", List.of());
    out.accept("type\t" + name + "\t" + described);
  }

  private void record(String kind, String type, String columns) {
    try {
      server.execute("CREATE TABLE described (" + columns + ") WITH gc_grace_seconds = 1", List.of());
    } catch (RequestValidationException e) {
      refuse(kind, type);
      return;
    }
    TableMetadata table = Schema.instance.getTableMetadata(Server.KEYSPACE, "described");
    accept(kind, type, table.getColumn(ByteBufferUtil.bytes("x")).type.asCQL3Type().toString());
    server.execute("DROP TABLE described", List.of());
  }

  private void field(String type) {
    try {
      server.execute("CREATE TYPE described (x " + type + ")", List.of());
    } catch (RequestValidationException e) {
      refuse("field", type);
      return;
    }
    accept("field", type, Schema.instance.getKeyspaceMetadata(Server.KEYSPACE).types
        .getNullable(ByteBufferUtil.bytes("described")).type(0).asCQL3Type().toString());
    server.execute("DROP TYPE described", List.of());
  }

  private void accept(String kind, String type, String printed) {
    out.accept(kind + "\taccept\t" + type + "\t" + printed);
  }

  private void refuse(String kind, String type) {
    out.accept(kind + "\trefuse\t" + type);
  }
}
