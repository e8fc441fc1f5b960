package recorder;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

import org.apache.cassandra.batchlog.BatchlogManager;
import org.apache.cassandra.config.DatabaseDescriptor;
import org.apache.cassandra.cql3.CQLStatement;
import org.apache.cassandra.cql3.QueryOptions;
import org.apache.cassandra.cql3.QueryProcessor;
import org.apache.cassandra.cql3.statements.TruncateStatement;
import org.apache.cassandra.db.ColumnFamilyStore;
import org.apache.cassandra.db.ConsistencyLevel;
import org.apache.cassandra.db.Keyspace;
import org.apache.cassandra.db.marshal.AbstractType;
import org.apache.cassandra.schema.CQLTypeParser;
import org.apache.cassandra.schema.Schema;
import org.apache.cassandra.service.CacheService;
import org.apache.cassandra.service.CassandraDaemon;
import org.apache.cassandra.service.ClientState;
import org.apache.cassandra.service.QueryState;
import org.apache.cassandra.service.StorageService;
import org.apache.cassandra.service.pager.PagingState;
import org.apache.cassandra.service.paxos.Ballot;
import org.apache.cassandra.service.paxos.BallotGenerator;
import org.apache.cassandra.transport.Dispatcher;
import org.apache.cassandra.transport.ProtocolVersion;
import org.apache.cassandra.transport.messages.ResultMessage;
import org.apache.cassandra.utils.ByteBufferUtil;
import org.apache.cassandra.utils.TimeUUID;

/** A real Cassandra inside this process: starts it, and sends it statements through its coordinator. */
final class Server {
  static final String KEYSPACE = "ks";
  static final ByteBuffer UNSET = ByteBufferUtil.UNSET_BYTE_BUFFER;

  private static final ProtocolVersion PROTOCOL = ProtocolVersion.V5;

  private final Ballots ballots = new Ballots();
  private final ClientState client = ClientState.forExternalCalls(new InetSocketAddress("127.0.0.1", 1));
  private volatile boolean timestampsFromClock = true;

  /** Starts with an empty data directory under `directory`. Once per process. */
  static Server start(Path directory) throws IOException {
    Path config = directory.resolve("cassandra.yaml");
    Files.writeString(config, config(directory));
    System.setProperty("cassandra.config", config.toUri().toString());
    System.setProperty("cassandra.storagedir", directory.toString());
    System.setProperty("cassandra.clock", ControlledClock.class.getName());
    System.setProperty("cassandra.ring_delay_ms", "0");
    System.setProperty("cassandra.skip_wait_for_gossip_to_settle", "0");
    System.setProperty("cassandra.superuser_setup_delay_ms", "0");
    System.setProperty("cassandra.size_recorder_interval", "0");
    System.setProperty("cassandra.unsafe.deterministicuuidnode", "true");
    System.setProperty("cassandra.test.flush_local_schema_changes", "false");
    System.setProperty("cassandra.disable_paxos_auto_repairs", "true");
    System.setProperty("cassandra-foreground", "true");
    DatabaseDescriptor.daemonInitialization();
    CassandraDaemon daemon = new CassandraDaemon(false);
    daemon.init(null);
    try {
      BatchlogManager.instance.shutdownAndWait(1, TimeUnit.MINUTES);  // a jump of the clock would make it replay
    } catch (InterruptedException | TimeoutException e) {
      throw new IOException(e);
    }
    StorageService.instance.setRpcReady(true);  // counters ask whether the node serves clients
    Server server = new Server();
    BallotGenerator.Global.unsafeSet(server.ballots);
    server.execute("CREATE KEYSPACE " + KEYSPACE + " WITH replication = {'class': 'SimpleStrategy', "
        + "'replication_factor': 1} AND durable_writes = false", List.of());
    server.client.setKeyspace(KEYSPACE);
    return server;
  }

  /** Executes a statement whose markers `?` are given `values`: serialized, null, or {@link #UNSET}. */
  ResultMessage execute(String cql, List<ByteBuffer> values) {
    return execute(cql, values, -1, null);
  }

  /** As above; a query returns its next `pageSize` rows after `after`, the state of the page before or null. */
  ResultMessage execute(String cql, List<ByteBuffer> values, int pageSize, PagingState after) {
    long now = ControlledClock.now();
    QueryState state = timestampsFromClock ? new QueryState(client, now * 1000, now / 1000) : new QueryState(client);
    PagingState decoded = after == null ? null : PagingState.deserialize(after.serialize(PROTOCOL), PROTOCOL);
    QueryOptions options = QueryOptions.create(ConsistencyLevel.ONE, values, false, pageSize, decoded,
        ConsistencyLevel.SERIAL, PROTOCOL, KEYSPACE);
    CQLStatement statement = QueryProcessor.getStatement(cql, client);
    if (statement instanceof TruncateStatement) return ((TruncateStatement) statement).executeLocally(state, options);
    return QueryProcessor.instance.process(statement, state, options, Dispatcher.RequestTime.forImmediateExecution());
  }

  /**
   * Whether automatic timestamps are the clock's, in microseconds, so that they are known. Else Cassandra makes them, greater
   * than all before, which matters where the clock goes back: how much greater depends on what else Cassandra does.
   */
  void timestampsFromClock(boolean fromClock) {
    timestampsFromClock = fromClock;
  }

  /** Parses the name of a type of the keyspace as CREATE TABLE would. */
  AbstractType<?> parseType(String type) {
    return CQLTypeParser.parse(KEYSPACE, type, Schema.instance.getKeyspaceMetadata(KEYSPACE).types);
  }

  /** Empties a table, faster than TRUNCATE, which flushes a system table. Counters are also in a cache. */
  void clear(String table) {
    Keyspace.open(KEYSPACE).getColumnFamilyStore(table).clearUnsafe();
    CacheService.instance.invalidateCounterCache();
  }

  /** Writes what a table has in memory to an SSTable. */
  void flush(String table) {
    Keyspace.open(KEYSPACE).getColumnFamilyStore(table).forceBlockingFlush(ColumnFamilyStore.FlushReason.UNIT_TESTS);
  }

  /**
   * Forgets the times of earlier statements, so that what is recorded next does not depend on them: Cassandra lets
   * automatic timestamps, time UUIDs of list elements and ballots only grow.
   */
  void forgetTimes() {
    ballots.lastMicros = 0;
    try {
      ((AtomicLong) field(ClientState.class, "lastTimestampMicros").get(null)).set(0);
      ((AtomicLong) field(TimeUUID.Generator.class, "lastMicros").get(null)).set(0);
      Class<?> precision = Class.forName("org.apache.cassandra.cql3.Lists$PrecisionTime");
      Constructor<?> constructor = precision.getDeclaredConstructor(long.class, int.class);
      constructor.setAccessible(true);
      @SuppressWarnings("unchecked")
      AtomicReference<Object> last = (AtomicReference<Object>) field(precision, "last").get(null);
      last.set(constructor.newInstance(Long.MAX_VALUE, 0));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this Cassandra keeps its last times elsewhere", e);
    }
  }

  private static Field field(Class<?> owner, String name) throws ReflectiveOperationException {
    Field field = owner.getDeclaredField(name);
    field.setAccessible(true);
    return field;
  }

  /** The time of the last ballot, which is the timestamp of the last conditional write. */
  long lastBallotMicros() {
    return ballots.lastMicros;
  }

  /** Ballots that are a function of the clock: their microseconds are the timestamps of conditional writes. */
  private final class Ballots extends BallotGenerator.Default {
    private long last;
    private volatile long lastMicros;

    @Override
    public Ballot next(long least, Ballot.Flag flag) {
      if (!timestampsFromClock) return super.next(least, flag);
      return atUnixMicros(Math.max(ControlledClock.now() * 1000, least), flag);
    }

    @Override
    public synchronized Ballot atUnixMicros(long micros, Ballot.Flag flag) {
      lastMicros = micros;
      return Ballot.atUnixMicrosWithLsb(micros, ++last, flag);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static String config(Path directory) throws IOException {
    int port = freePort();
    return String.join("\n",
        "cluster_name: recorder",
        "num_tokens: 1",
        "initial_token: 0",
        "auto_bootstrap: false",
        "listen_address: 127.0.0.1",
        "rpc_address: 127.0.0.1",
        "storage_port: " + port,
        "seed_provider:",
        "  - class_name: org.apache.cassandra.locator.SimpleSeedProvider",
        "    parameters:",
        "      - seeds: 127.0.0.1:" + port,
        "partitioner: org.apache.cassandra.dht.Murmur3Partitioner",
        "endpoint_snitch: SimpleSnitch",
        "storage_compatibility_mode: NONE",
        "commitlog_sync: periodic",
        "commitlog_sync_period: 10000ms",
        "commitlog_segment_size: 8MiB",
        "cas_contention_timeout: 10m",  // a busy machine must not change what is recorded
        "read_request_timeout: 10m",
        "range_request_timeout: 10m",
        "write_request_timeout: 10m",
        "counter_write_request_timeout: 10m",
        "auto_snapshot: false",
        "incremental_backups: false",
        "");
  }
}
