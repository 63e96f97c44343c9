import { Layout } from '../../src/model/shards.ts';
import { topicOf } from './event-text.ts';

/** The type of the events that are spread over shards. */
const TYPE = 'bench';

/** The layout of a hub that spreads all events of the bench over its shards. */
export function layoutOf(shards: number): Layout {
  return Layout.of(shards, fansOf(shards));
}

/** The setting of {@link layoutOf}. */
export function fansOf(shards: number): Readonly<Record<string, number>> {
  return { [TYPE]: shards };
}

const TOPICS = 1_000;

/** A topic of each shard to which events are published, and one that somebody waits for. */
export function shardTopics(
  shards: number,
): readonly { readonly published: number; readonly wanted: number }[] {
  const layout = layoutOf(shards);
  const topics = Array.from({ length: TOPICS }, (_, topic) => topic);
  const divided = Map.groupBy(topics, (topic) => layout.shardOf(TYPE, topicOf(topic)));
  return Array.from(divided.values(), ([published = 0, wanted = 0]) => ({ published, wanted }));
}
