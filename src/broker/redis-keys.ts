/**
 * The keys and channels of one hub in Redis. All keys share a hash tag, so that a script may use them together on a
 * Cluster.
 */
export function redisKeys(prefix: string) {
  return {
    /** The channel on which nodes tell each other what was appended to the log. */
    channel: `${prefix}:log`,
    /** The channel on which any service may publish live events. */
    live: `${prefix}:events`,
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
    deadLetters: `{${prefix}}:dead-letters`,
  };
}

export type RedisKeys = ReturnType<typeof redisKeys>;

/** The consumer group of the ingress, in which each node is a consumer. */
export const INGRESS_GROUP = 'belfry';

/** Escapes what separates the parts of a key name where it occurs within a part, as retain.lua does. */
export function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('.', '%2E').replaceAll(':', '%3A');
}
