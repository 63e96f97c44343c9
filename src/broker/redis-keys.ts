/**
 * The keys and channels of one shard of a hub in Redis. All keys of a shard share a hash tag, so that a script may use them
 * together on a Cluster. Those of shard 0 begin with `{<prefix>}`, those of shard 3 with `{<prefix>:3}`.
 */
export function redisKeys(hub: string, shard = 0) {
  const prefix = nameOf(hub, shard);
  return {
    shard,
    /** What stands in the braces. */
    name: prefix,
    /** The channel on which nodes tell each other what was appended to the log, as hub-names.lua names it. */
    channel: shard === 0 ? `${prefix}:log` : `{${prefix}}:log`,
    /** The channel on which any service may publish live events. */
    live: `${hub}:events`,
    /** The layout of the hub; only in shard 0. */
    layout: `{${prefix}}:shards`,
    /** The epoch into which the hub is being divided, who does it, and the channel that tells of it; only in shard 0. */
    nextEpoch: `{${prefix}}:shards:next`,
    resharder: `{${prefix}}:shards:by`,
    divided: `${hub}:shards`,
    log: `{${prefix}}:log`,
    last: `{${prefix}}:last`,
    once: (key: string) => `{${prefix}}:once:${key}`,
    lease: (name: string) => `{${prefix}}:lease:${name}`,
    leases: `{${prefix}}:leases`,
    lastFence: `{${prefix}}:leases:fence`,
    /** The outcomes of the publishes that a node tried. */
    outcomes: (boot: string) => `{${prefix}}:outcomes:${boot}`,
    /** A tail for each action, since otherwise the log lines of a container would push out its status. */
    tail: (type: string, action: string, key: string) =>
      `{${prefix}}:tail:${escaped(type)}.${escaped(action)}:${key}`,
    tails: (type: string) => `{${prefix}}:tails:${escaped(type)}`,
    changed: `{${prefix}}:changed`,
    /** What is retained, by the time of its last write; and how many bytes each takes. */
    written: `{${prefix}}:written`,
    held: `{${prefix}}:held`,
    latest: (type: string) => `{${prefix}}:latest:${type}`,
    /** The rules of this hub that the function `belfry_publish` reads. */
    rules: `{${prefix}}:rules`,
    ingress: `{${prefix}}:ingress`,
    settled: `{${prefix}}:ingress:settled`,
    /** Which entries of the ingress were moved to the log of this shard. */
    moved: `{${prefix}}:ingress:moved`,
    deadLetters: `{${prefix}}:dead-letters`,
  };
}

/** The name of a shard in Redis: `belfry` for shard 0 of the hub `belfry`, `belfry:3` for shard 3. */
export function nameOf(prefix: string, shard: number): string {
  return shard === 0 ? prefix : `${prefix}:${shard}`;
}

export type RedisKeys = ReturnType<typeof redisKeys>;

/** The consumer group of the ingress, in which each node is a consumer. */
export const INGRESS_GROUP = 'belfry';

/** The consumer that holds what waits for a shard, see ingress-holders.lua. The name of a node has no colon. */
export function waitingFor(shard: number): string {
  return `shard:${shard}`;
}

/** Escapes what separates the parts of a key name where it occurs within a part, as retain.lua does. */
export function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('.', '%2E').replaceAll(':', '%3A');
}
