package recorder;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A piece of CQL with the values of its markers, in the order of the text. */
final class Cql {
  private final StringBuilder text = new StringBuilder();
  private final List<ByteBuffer> values = new ArrayList<>();

  Cql() {}

  Cql(String start) {
    text.append(start);
  }

  Cql add(String more) {
    text.append(more);
    return this;
  }

  Cql add(Cql more) {
    text.append(more.text);
    values.addAll(more.values);
    return this;
  }

  /** Adds a marker with its value: serialized, null, or Server.UNSET. */
  Cql bind(ByteBuffer value) {
    text.append('?');
    values.add(value);
    return this;
  }

  Cql join(String separator, List<Cql> parts) {
    for (int i = 0; i < parts.size(); ++i) {
      if (i > 0) text.append(separator);
      add(parts.get(i));
    }
    return this;
  }

  String text() {
    return text.toString();
  }

  List<ByteBuffer> values() {
    return values;
  }
}
