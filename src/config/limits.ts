import { count, DAY_MS, GIB, KIB, MAX_MS, MIB, share, whole } from './forms.ts';

/** The settings that limit what clients may use of a node: sizes, queues, connections and rates. */
export const limitSettings = () => ({
  eventMaxBytes: whole(KIB, 64 * MIB, MIB).describe('Largest event that is accepted, in bytes of JSON.'),
  inboundMaxBytes: whole(KIB, 64 * MIB, MIB).describe('Largest frame from a client, in bytes.'),
  dorguInboundMaxBytes: whole(125, 64 * MIB, 512).describe(
    'Largest frame from a client of a Dorgu socket, in bytes: its document says 512, its real server takes 524288.',
  ),
  queueMaxDeliveries: whole(1, 1_000_000, 256).describe(
    'Deliveries that wait for one slow connection at most.',
  ),
  queueMaxBytes: whole(KIB, 1_024 * MIB, MIB).describe('Bytes that wait for one slow connection at most.'),
  writeTimeoutMs: whole(100, MAX_MS, 10_000).describe(
    'A socket that accepts no bytes for this long is cut off.',
  ),
  connectionsMax: whole(1, 1_000_000, 20_000).describe('Connections that this node holds at most.'),
  connectionsReserved: share()
    .default(0.1)
    .describe('The share of BELFRY_CONNECTIONS_MAX that only connections with a token may take: 0 to 1.'),
  handshakesPerMinutePerAddress: whole(1, 10_000_000, 30_000).describe(
    'Socket handshakes that one IP address (of IPv6, one /64) may make in a minute on this node; more get 429. Handshakes with and without credentials are counted apart.',
  ),
  connectionsPerPrincipal: count(1, 1_000_000)
    .exactOptional()
    .describe(
      'Connections of one principal in one dialect at most, on all nodes together; any number when absent.',
    ),
  connectionsPerAddress: count(1, 1_000_000)
    .exactOptional()
    .describe('Connections of one IP address at most, on all nodes together; any number when absent.'),
  presenceGraceMs: whole(0, DAY_MS, 10_000).describe(
    'How long a principal whose last connection has gone still counts as online.',
  ),
  topicsMax: whole(1, 100_000, 1_000).describe('Topics that one connection subscribes to at most.'),
  commandsPerSecond: whole(1, 1_000_000, 1_000).describe(
    'Commands that one connection sends in a second at most.',
  ),
  logCacheMaxBytes: whole(0, 64 * GIB, 64 * MIB).describe(
    'Bytes of memory that events of the log take on this node at most. Up to half holds the latest events; the rest holds events that returning clients read.',
  ),
});
