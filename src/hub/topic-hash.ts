import type { Subscription } from '../dialects/dialect.ts';
import { bound } from '../model/bound.ts';
import { SEPARATOR } from '../model/heard-event.ts';

/**
 * 32 bits of type, action and key of an event (FNV-1a), never 0. Few other topics have the same, so whoever finds an event by
 * it compares the topics.
 */
export type TopicHash = number;

const HASH_BASIS = 0x81_1c_9d_c5;
const HASH_PRIME = 0x01_00_01_93;

const MAX_TOPICS = bound(
  'topics of a client that missed events, of which each is looked up in the log cache',
  16,
  'entries',
  'all events that the client missed are compared with its subscriptions',
);

/** The hash of the topic that stands in these bytes, with a separator after the type and after the action. */
export function topicHashIn(bytes: Uint8Array, begin: number, end: number): TopicHash {
  let hash = HASH_BASIS;
  for (let at = begin; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), HASH_PRIME);
  return hash >>> 0 || 1;
}

function topicHashOf(topic: readonly string[]): TopicHash {
  const separator = Buffer.from(SEPARATOR, 'latin1');
  const parts = topic.flatMap((part, index) =>
    index === 0 ? [Buffer.from(part)] : [separator, Buffer.from(part)],
  );
  const bytes = Buffer.concat(parts);
  return topicHashIn(bytes, 0, bytes.length);
}

/** The hashes of all topics that these subscriptions name; `undefined` where one has a wildcard, or the topics are many. */
export function topicHashesOf(subscriptions: readonly Subscription[]): readonly TopicHash[] | undefined {
  const hashes: TopicHash[] = [];
  for (const { pattern } of subscriptions) {
    if (hashes.length + pattern.size > MAX_TOPICS) return undefined;
    const [types = [], actions = [], keys = []] = pattern.parts ?? [];
    if (types === '*' || actions === '*' || keys === '*') return undefined;
    for (const type of types)
      for (const action of actions) for (const key of keys) hashes.push(topicHashOf([type, action, key]));
  }
  return hashes;
}
