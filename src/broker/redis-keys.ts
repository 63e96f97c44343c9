/** What Redis calls the things of one hub. All keys share a hash tag, so that a script may use them together on a cluster. */
export function redisKeys(prefix: string) {
  return {
    /** Where nodes tell each other what the log took. */
    channel: `${prefix}:log`,
    /** Where anybody may say something live. */
    live: `${prefix}:events`,
    log: `{${prefix}}:log`,
    last: `{${prefix}}:last`,
    once: (key: string) => `{${prefix}}:once:${key}`,
    /** What became of what a node tried to publish. */
    outcomes: (boot: string) => `{${prefix}}:outcomes:${boot}`,
    /** By action too, or the lines of a container would push out its status. */
    tail: (type: string, action: string, key: string) =>
      `{${prefix}}:tail:${escaped(type)}.${escaped(action)}:${key}`,
    tails: (type: string) => `{${prefix}}:tails:${escaped(type)}`,
    changed: `{${prefix}}:changed`,
    /** What is kept, by when it was written, and how many bytes each takes. */
    written: `{${prefix}}:written`,
    held: `{${prefix}}:held`,
    latest: (type: string) => `{${prefix}}:latest:${type}`,
    /** What the function `belfry_publish` has to know of the hub. */
    rules: `{${prefix}}:rules`,
    ingress: `{${prefix}}:ingress`,
    settled: `{${prefix}}:ingress:settled`,
    deadLetters: `{${prefix}}:dead-letters`,
  };
}

export type RedisKeys = ReturnType<typeof redisKeys>;

/** The consumer group of the ingress, of which each node is a consumer. */
export const INGRESS_GROUP = 'belfry';

/** As retain.lua does it: what separates the parts of a name may also stand in them. */
export function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('.', '%2E').replaceAll(':', '%3A');
}
