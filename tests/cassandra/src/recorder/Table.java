package recorder;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What a history knows of a table: its columns and options. */
final class Table {
  final String name;
  final List<Column> columns;
  int defaultTtl;

  Table(String name, List<Column> columns, int defaultTtl) {
    this.name = name;
    this.columns = new ArrayList<>(columns);
    this.defaultTtl = defaultTtl;
  }

  Table copy() {
    return new Table(name, columns, defaultTtl);
  }

  List<Column> of(Column.Kind kind) {
    return columns.stream().filter(column -> column.kind() == kind).toList();
  }

  List<Column> partition() {
    return of(Column.Kind.PARTITION);
  }

  List<Column> clustering() {
    return of(Column.Kind.CLUSTERING);
  }

  List<Column> statics() {
    return of(Column.Kind.STATIC);
  }

  List<Column> regulars() {
    return of(Column.Kind.REGULAR);
  }

  boolean isCounter() {
    return columns.stream().anyMatch(Column::isCounter);
  }

  Column column(String wanted) {
    return columns.stream().filter(column -> column.name().equals(wanted)).findFirst().orElse(null);
  }

  void replace(Column old, Column changed) {
    columns.set(columns.indexOf(old), changed);
  }

  String createCql() {
    StringBuilder cql = new StringBuilder("CREATE TABLE " + name + " (");
    for (Column column : columns) {
      cql.append(column.name()).append(' ').append(column.type().asCQL3Type());
      cql.append(column.kind() == Column.Kind.STATIC ? " static, " : ", ");
    }
    cql.append("PRIMARY KEY ((").append(names(partition())).append(')');
    if (!clustering().isEmpty()) cql.append(", ").append(names(clustering()));
    cql.append("))");
    List<String> options = new ArrayList<>();
    if (!clustering().isEmpty()) {
      options.add("CLUSTERING ORDER BY (" + clustering().stream()
          .map(column -> column.name() + (column.descending() ? " DESC" : " ASC")).collect(Collectors.joining(", ")) + ")");
    }
    if (defaultTtl > 0) options.add("default_time_to_live = " + defaultTtl);
    options.add("compaction = {'class': 'SizeTieredCompactionStrategy', 'enabled': 'false'}");
    return cql.append(" WITH ").append(String.join(" AND ", options)).toString();
  }

  /** The lines that describe the table in a transcript. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("table " + name + (defaultTtl > 0 ? " ttl=" + defaultTtl : ""));
    for (Column column : columns) {
      lines.add("column " + column.kind().name().toLowerCase() + " " + column.name() + " " + column.typeText()
          + (column.descending() ? " desc" : ""));
    }
    return lines;
  }

  private static String names(List<Column> columns) {
    return columns.stream().map(Column::name).collect(Collectors.joining(", "));
  }
}
