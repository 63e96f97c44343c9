/** The load: all subscribers of a scenario, on raw sockets, in a process of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet, type FleetReport, type Member } from '../../src/clients/load/fleet.ts';
import { micros } from '../../src/clients/load/mark.ts';
import { topicOf } from './event-text.ts';
import { peerOf } from './peers/index.ts';
import { answer } from './rpc.ts';
import type { Group } from './scenarios.ts';

const LOOK_EVERY_MS = 5;
const INFLATES_ONE_IN = 200;

export interface FillOptions {
  readonly peer: string;
  /** Connections take the nodes in turn. */
  readonly ports: readonly number[];
  readonly word: string;
  readonly groups: readonly Group[];
  /** Opens the first so many only. */
  readonly first: number;
}

export interface SettleOptions {
  readonly events: number;
  readonly withinMs: number;
  /** Nothing more is expected when nothing came for so long. */
  readonly quietMs: number;
}

const fleet = new Fleet();
let clearedAt = 0;

const handlers = {
  /** Opens what is not open. Answers how many that was, and how many milliseconds it took. */
  fill: async ({
    peer,
    ports,
    word,
    groups,
    first,
  }: FillOptions): Promise<{ opened: number; ms: number }> => {
    const members = groups.flatMap((group) =>
      Array.from({ length: group.count }, (_, index) => ({ group, index })),
    );
    const startedAt = micros();
    const opened = first - fleet.open;
    await fleet.fill(first, (index) => memberOf(members[index] ?? NOBODY, index));
    return { opened, ms: (micros() - startedAt) / 1_000 };

    function memberOf({ group, index: place }: { group: Group; index: number }, index: number): Member {
      const conversation = peerOf(peer).conversation({
        index,
        topic: topicOf((group.firstTopic ?? 0) + (place % group.topics)),
        word,
        ...(group.dialect !== undefined && { dialect: group.dialect }),
        ...(group.filters !== undefined && { filter: String(place % group.filters) }),
        ...(group.deflate === true && { deflate: place % INFLATES_ONE_IN === 0 ? 'measured' : 'counted' }),
      });
      const target = { host: '127.0.0.1', port: ports[index % ports.length] ?? 0 };
      return { target, conversation, stalls: group.stalls === true };
    }
  },

  clear: (): void => {
    fleet.clear();
    clearedAt = micros();
  },

  /** Waits until so many events were heard, or no more come. Answers the milliseconds from `clear` to the last. */
  settle: async ({ events, withinMs, quietMs }: SettleOptions): Promise<number> => {
    const deadline = micros() + withinMs * 1_000;
    while (fleet.tally.events < events && micros() < deadline) {
      if (micros() - fleet.tally.now > quietMs * 1_000) break;
      await sleep(LOOK_EVERY_MS);
    }
    return (fleet.tally.now - clearedAt) / 1_000;
  },

  report: (): FleetReport => fleet.report(),
};

const NOBODY = { group: { count: 0, topics: 1 }, index: 0 };

export type LoadHandlers = typeof handlers;
answer(handlers);
