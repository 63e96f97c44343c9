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

/** For each shard as many of its topics, all of them among the first ones. */
export function topicsByShard(shards: number, topics: number, each: number): readonly (readonly number[])[] {
  const layout = layoutOf(shards);
  const numbers = Array.from({ length: topics }, (_, number) => number);
  const divided = Map.groupBy(numbers, (number) => layout.shardOf(TYPE, topicOf(number)));
  return Array.from(divided.values(), (all) => all.slice(0, each));
}
