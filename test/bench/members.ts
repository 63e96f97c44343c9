import { topicOf } from './event-text.ts';
import type { ConnectOptions } from './load.ts';
import { peerOf } from './peers/index.ts';
import type { Script } from './peers/peer.ts';

const INFLATES_ONE_IN = 200;

/** A client that is to be opened. */
export interface BenchMember {
  readonly index: number;
  readonly port: number;
  readonly script: Script;
  readonly stalls: boolean;
}

/** The clients from this index to the first ones that were asked for. Each has a token of its own, if the peer checks tokens. */
export function membersFrom(
  from: number,
  { peer, ports, word, groups, first, since }: ConnectOptions,
): BenchMember[] {
  const places = groups.flatMap((group) =>
    Array.from({ length: group.count }, (_, place) => ({ group, place })),
  );
  return places.slice(from, first).map(({ group, place }, offset) => {
    const index = from + offset;
    const topic = place % group.topics;
    const script = peerOf(peer).script({
      index,
      topic: topicOf(group.among?.[topic] ?? (group.firstTopic ?? 0) + topic),
      word,
      ...(since !== undefined && { since }),
      ...(group.dialect !== undefined && { dialect: group.dialect }),
      ...(group.filters !== undefined && { filter: String(place % group.filters) }),
      ...(group.deflate === true && { deflate: place % INFLATES_ONE_IN === 0 ? 'measured' : 'counted' }),
    });
    return { index, port: ports[index % ports.length] ?? 0, script, stalls: group.stalls === true };
  });
}
