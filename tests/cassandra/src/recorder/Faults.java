package recorder;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.apache.cassandra.db.marshal.AbstractType;
import org.apache.cassandra.db.marshal.ListType;
import org.apache.cassandra.db.marshal.MapType;
import org.apache.cassandra.serializers.MarshalException;
import org.apache.cassandra.utils.ByteBufferUtil;

/** Writes that Cassandra should refuse, each for one reason. */
final class Faults {
  private static final int KEY_BYTES_MAX = 65_535;

  private final Dice dice;
  private final Table table;
  private final Keys keys;
  private final Values values;

  Faults(Dice dice, Table table, Keys keys, Values values) {
    this.dice = dice;
    this.table = table;
    this.keys = keys;
    this.values = values;
  }

  Change random() {
    switch (dice.range(0, 7)) {
      case 0: return badKey(true);
      case 1: return badKey(false);
      case 2: return badValue();
      case 3: return badElement();
      case 4: return badTtl();
      case 5: return missingClustering();
      case 6: return timestampOfConditional();
      default: return listIndex();
    }
  }

  private Change badKey(boolean partition) {
    List<ByteBuffer> partitionKey = new ArrayList<>(keys.partitionKey());
    List<ByteBuffer> clusteringKey = new ArrayList<>(keys.clusteringKey());
    List<ByteBuffer> key = partition || clusteringKey.isEmpty() ? partitionKey : clusteringKey;
    List<Column> columns = key == partitionKey ? table.partition() : table.clustering();
    int i = dice.range(0, key.size() - 1);
    AbstractType<?> type = columns.get(i).type();
    switch (dice.range(0, 9)) {
      case 0, 1, 2: key.set(i, null); break;
      case 3, 4: key.set(i, Server.UNSET); break;
      case 5, 6: key.set(i, ByteBufferUtil.EMPTY_BYTE_BUFFER); break;
      case 7: key.set(i, isText(type) ? big(KEY_BYTES_MAX + dice.range(0, 2)) : malformed(type)); break;
      default: key.set(i, malformed(type)); break;
    }
    return insert(partitionKey, clusteringKey, table.regulars().get(0), values.pick(table.regulars().get(0).type()), "", "");
  }

  private static boolean isText(AbstractType<?> type) {
    return List.of("text", "ascii", "blob").contains(Values.typeText(type));
  }

  private static ByteBuffer big(int size) {
    ByteBuffer bytes = ByteBuffer.allocate(size);
    for (int i = 0; i < size; ++i) bytes.put(i, (byte) 'a');
    return bytes;
  }

  /** Bytes that are no value of the type; of a type that takes nearly all bytes probably a value. */
  private ByteBuffer malformed(AbstractType<?> type) {
    for (int i = 0; i < 20; ++i) {
      ByteBuffer bytes = changed(values.fresh(type));
      try {
        type.validate(bytes);
      } catch (MarshalException e) {
        return bytes;
      }
    }
    return values.fresh(type);
  }

  private ByteBuffer changed(ByteBuffer value) {
    if (dice.percent(40)) return ByteBuffer.wrap(dice.bytes(dice.pick(1, 2, 3, 5, 7, 9, 15, 17)));
    byte[] bytes = ByteBufferUtil.getArray(value);
    boolean shorter = dice.percent(50) && bytes.length > 1;
    byte[] changed = Arrays.copyOf(bytes, shorter ? bytes.length - 1 : bytes.length + 1);
    if (!shorter) changed[bytes.length] = (byte) 0xff;
    return ByteBuffer.wrap(changed);
  }

  private Change badValue() {
    Column column = dice.pick(table.regulars());
    return insert(keys.partitionKey(), keys.clusteringKey(), column, malformed(column.type()), "", "");
  }

  /** A null, unset or malformed element. */
  private Change badElement() {
    for (Column column : table.regulars()) {
      if (!column.isMultiCell()) continue;
      if (column.type() instanceof MapType<?, ?> map) {
        ByteBuffer good = values.pickElement(map.getKeysType());
        ByteBuffer key = dice.pick(null, Server.UNSET, malformed(map.getKeysType()), good);
        ByteBuffer value = key == good ? malformed(map.getValuesType()) : values.pickElement(map.getValuesType());
        return update(new Cql(column.name() + "[").bind(key).add("] = ").bind(value),
            column.name() + ":put:" + Values.format(key) + ":" + Values.format(value));
      }
      if (column.type() instanceof ListType<?>) {
        ByteBuffer list = ByteBufferUtil.hexToBytes("00000001ffffffff");
        return update(new Cql(column.name() + " = " + column.name() + " + ").bind(list),
            column.name() + ":append:" + Values.format(list));
      }
    }
    return badValue();
  }

  private Change badTtl() {
    int ttl = dice.pick(-1, 630_720_001, Integer.MAX_VALUE, Integer.MIN_VALUE);
    Column column = table.regulars().get(0);
    return insert(keys.partitionKey(), keys.clusteringKey(), column, values.pick(column.type()), " USING TTL " + ttl, " ttl=" + ttl);
  }

  private Change missingClustering() {
    Column column = table.regulars().get(0);
    if (table.clustering().isEmpty()) return badTtl();
    List<ByteBuffer> partition = keys.partitionKey();
    if (dice.percent(50)) return insert(partition, List.of(), column, values.pick(column.type()), "", "");
    return new Change(new Cql("DELETE " + column.name() + " FROM " + table.name + " WHERE ").add(keys.partition(partition).cql()),
        List.of("delete " + table.name + " pk=" + Values.format(partition) + " " + column.name() + ":delete"), false);
  }

  private Change timestampOfConditional() {
    Column column = table.regulars().get(0);
    Change insert = insert(keys.partitionKey(), keys.clusteringKey(), column, values.pick(column.type()),
        " IF NOT EXISTS USING TIMESTAMP 5", " ts=5");
    return new Change(insert.cql(), List.of(insert.lines().get(0) + " if:notexists"), true);
  }

  private Change listIndex() {
    for (Column column : table.regulars()) {
      if (column.isMultiCell() && column.type() instanceof ListType<?> list) {
        int index = dice.pick(-1, 100, Integer.MAX_VALUE);
        ByteBuffer element = values.pickElement(list.getElementsType());
        return update(new Cql(column.name() + "[").bind(ByteBufferUtil.bytes(index)).add("] = ").bind(element),
            column.name() + ":setindex:" + index + ":" + Values.format(element));
      }
    }
    return badValue();
  }

  private Change insert(List<ByteBuffer> partition, List<ByteBuffer> clustering, Column column, ByteBuffer value,
      String using, String tokens) {
    List<String> names = new ArrayList<>();
    List<Cql> binds = new ArrayList<>();
    for (int i = 0; i < partition.size(); ++i) {
      names.add(table.partition().get(i).name());
      binds.add(new Cql().bind(partition.get(i)));
    }
    for (int i = 0; i < clustering.size(); ++i) {
      names.add(table.clustering().get(i).name());
      binds.add(new Cql().bind(clustering.get(i)));
    }
    names.add(column.name());
    binds.add(new Cql().bind(value));
    Cql cql = new Cql("INSERT INTO " + table.name + " (" + String.join(", ", names) + ") VALUES (").join(", ", binds);
    return new Change(cql.add(")" + using), List.of("insert " + table.name + tokens + " pk=" + Values.format(partition)
        + (clustering.isEmpty() ? "" : " ck=" + Values.format(clustering)) + " " + column.name() + ":set:" + Values.format(value)),
        false);
  }

  private Change update(Cql assignment, String token) {
    List<ByteBuffer> partition = keys.partitionKey();
    List<ByteBuffer> clustering = keys.clusteringKey();
    Keys.Where where = keys.row(partition, clustering);
    return new Change(new Cql("UPDATE " + table.name + " SET ").add(assignment).add(" WHERE ").add(where.cql()),
        List.of("update " + table.name + " " + String.join(" ", where.tokens()) + " " + token), false);
  }
}
