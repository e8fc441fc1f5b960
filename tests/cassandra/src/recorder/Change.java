package recorder;

import java.util.List;

/** A change ready to run: its CQL and what the transcript says of it. A conditional one answers with rows. */
record Change(Cql cql, List<String> lines, boolean conditional) {}
