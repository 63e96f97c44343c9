import { readFileSync, writeFileSync } from 'node:fs';

const DATA = new URL('parts.json', import.meta.url);

/** What each part of the cost is. CPU is in µs, memory and traffic are in bytes. */
export const PARTS = {
  nodeTurn: 'node: one read of what Redis sent, with all that a turn takes, however many events it holds',
  nodeWake: 'node: the first turn after a rest of many milliseconds, when the caches hold something else',
  nodeHear: 'node: an event that it hears, whether anybody wants it or not',
  nodeHearByte: 'node: a byte of an event that it hears',
  nodeEvent: 'node: an event that a client of the node wants (look-up, encoding, frame)',
  nodeWrite: 'node: a write to a socket, however many events it holds',
  nodeWriteCold:
    'node: what a write costs more to a socket that rested for long, when the caches hold something else',
  nodeWriteByte: 'node: a byte that is written to a socket',
  nodeRequest: 'node: a publish by HTTP, however many events it holds',
  nodeRequestEvent: 'node: an event of a publish by HTTP',
  nodeConnect: 'node: a new connection with a token, a place in the registry and a subscription',
  nodeReturn: 'node: a connection that comes back and resumes',
  nodeSecond: 'node: a second without connections and events (timers, registry, metrics)',
  nodeSecondOfConnection: 'node: a second of a connection without events (pings)',
  redisTurn: 'Redis: one turn, however many commands it holds',
  redisCall: 'Redis: an event by FCALL (check, mask, append to the log, publish)',
  redisCallByte: 'Redis: a byte of it',
  redisRequest: 'Redis: a list that a node appends, however many events it holds',
  redisList: 'Redis: an event of a list that a node appends',
  redisLive: 'Redis: an event by PUBLISH, live only',
  redisShard: 'Redis: what an event of the log costs more in a hub with several shards on a Cluster',
  redisMessage: 'Redis: an event for a node that hears it',
  redisMessageByte: 'Redis: a byte of it for a node that hears it',
  redisWrite: 'Redis: a write to a node in a turn, however many events it holds',
  redisConnect: 'Redis: a new connection in the registry, with its event',
  redisSecond: 'Redis: a second without events, of each node (leases, probes)',
  nodeBytes: 'memory of a node without connections and events',
  nodeConnectionBytes: 'memory of a node: a connection with a pattern of its own',
  redisConnectionBytes: 'memory of Redis: a connection in the registry',
  logEventBytes: 'memory of Redis: an event of the log, beside its JSON',
  logEventByte: 'memory of Redis: a byte of the JSON of an event of the log',
  frameBytes: 'traffic: what a node adds to the JSON of an event for a client (id, time, frame)',
  liveFrameBytes: 'traffic: the same for an event that is live only, which has no id',
  messageBytes: 'traffic: what Redis adds to the JSON of an event for a node (id, previous id, topic)',
  liveMessageBytes: 'traffic: the same for an event that is live only',
} as const;

export type Part = keyof typeof PARTS;
export type Parts = Readonly<Record<Part, number>>;

export function readParts(): Parts {
  return JSON.parse(readFileSync(DATA, 'utf8')) as Parts;
}

export function writeParts(parts: Parts): void {
  const rounded = Object.keys(PARTS).map((part) => [part, Number(parts[part as Part].toPrecision(3))]);
  writeFileSync(DATA, `${JSON.stringify(Object.fromEntries(rounded), null, 2)}\n`);
}
