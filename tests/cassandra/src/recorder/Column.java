package recorder;

import org.apache.cassandra.db.marshal.AbstractType;

/** A column of a table under test. */
record Column(String name, AbstractType<?> type, Kind kind, boolean descending) {
  enum Kind { PARTITION, CLUSTERING, STATIC, REGULAR }

  boolean isCounter() {
    return type.isCounter();
  }

  /** True for a collection or user type of several cells. */
  boolean isMultiCell() {
    return type.isMultiCell();
  }

  /** The type in CQL, without spaces. */
  String typeText() {
    return Values.typeText(type);
  }

  Column renamed(String to) {
    return new Column(to, type, kind, descending);
  }

  Column withType(AbstractType<?> changed) {
    return new Column(name, changed, kind, descending);
  }
}
