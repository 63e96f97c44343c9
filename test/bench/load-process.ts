/** The load is a process of its own that holds all subscribers of a scenario, on raw sockets. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet, type FleetReport, type Member } from '../../src/clients/load/fleet.ts';
import { micros } from '../../src/clients/load/mark.ts';
import { topicOf } from './event-text.ts';
import { peerOf } from './peers/index.ts';
import { conversationOf } from './peers/peer.ts';
import { answer } from './rpc.ts';
import type { Group } from './scenarios.ts';

const LOOK_EVERY_MS = 5;
const INFLATES_ONE_IN = 200;

export interface FillOptions {
  readonly peer: string;
  /** The ports of the nodes, which connections use in turn. */
  readonly ports: readonly number[];
  readonly word: string;
  readonly groups: readonly Group[];
  /** How many of the connections are opened, beginning with the first. */
  readonly first: number;
}

export interface SettleOptions {
  readonly events: number;
  readonly withinMs: number;
  /** After so long without any event, no more are expected. */
  readonly quietMs: number;
}

const fleet = new Fleet();
let clearedAt = 0;

const handlers = {
  /** Opens the connections that are not open yet. It returns their number and the time that this took in milliseconds. */
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
    // Tokens are signed before the clock starts.
    const ready = members.map((member, index) =>
      index < fleet.open || index >= first ? undefined : memberOf(member, index),
    );
    const startedAt = micros();
    const opened = first - fleet.open;
    await fleet.fill(first, (index) => ready[index] ?? memberOf(members[index] ?? NOBODY, index));
    return { opened, ms: (micros() - startedAt) / 1_000 };

    function memberOf({ group, index: place }: { group: Group; index: number }, index: number): Member {
      const script = peerOf(peer).script({
        index,
        topic: topicOf((group.firstTopic ?? 0) + (place % group.topics)),
        word,
        ...(group.dialect !== undefined && { dialect: group.dialect }),
        ...(group.filters !== undefined && { filter: String(place % group.filters) }),
        ...(group.deflate === true && { deflate: place % INFLATES_ONE_IN === 0 ? 'measured' : 'counted' }),
      });
      const target = { host: '127.0.0.1', port: ports[index % ports.length] ?? 0 };
      return { target, conversation: conversationOf(script), stalls: group.stalls === true };
    }
  },

  clear: (): void => {
    fleet.clear();
    clearedAt = micros();
  },

  /** Waits until so many events were heard, or no more arrive. It returns the milliseconds from `clear` to the last event. */
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
