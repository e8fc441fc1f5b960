package recorder;

import java.nio.ByteBuffer;
import java.util.List;

import org.apache.cassandra.db.marshal.ByteBufferAccessor;
import org.apache.cassandra.db.marshal.CompositeType;
import org.apache.cassandra.dht.Murmur3Partitioner;

/** Tokens of partition keys. */
final class Tokens {
  private Tokens() {}

  static long of(List<ByteBuffer> key) {
    return of(serialize(key));
  }

  static long of(ByteBuffer serialized) {
    return (Long) Murmur3Partitioner.instance.getToken(serialized).getTokenValue();
  }

  /** The bytes of a partition key: of one column its own, of several a composite. */
  static ByteBuffer serialize(List<ByteBuffer> key) {
    return key.size() == 1 ? key.get(0)
        : CompositeType.build(ByteBufferAccessor.instance, key.toArray(new ByteBuffer[0]));
  }
}
