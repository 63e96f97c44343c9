/** The load client in Node is a process of its own that holds all subscribers of a scenario, on raw sockets. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet, type FleetReport, type Member } from '../../src/clients/load/fleet.ts';
import { micros } from '../../src/clients/load/mark.ts';
import type { Connected, ConnectOptions, SettleOptions } from './load.ts';
import { membersFrom } from './members.ts';
import { conversationOf } from './peers/peer.ts';
import { answer } from './rpc.ts';

const LOOK_EVERY_MS = 5;

const fleet = new Fleet();
let clearedAt = 0;

const handlers = {
  connect: async (options: ConnectOptions): Promise<Connected> => {
    // Tokens are signed before the clock starts.
    const members = new Map<number, Member>();
    for (const { index, port, script, stalls } of membersFrom(fleet.open, options))
      members.set(index, {
        target: { host: '127.0.0.1', port, tls: options.tls, insecure: true },
        conversation: conversationOf(script),
        stalls,
      });
    if (members.size === 0) return { opened: 0, ms: 0, beganMs: 0 };
    const startedAt = micros();
    await fleet.fill(options.first, (index) => {
      const member = members.get(index);
      if (member === undefined) throw new Error(`Connection ${index} was lost before the others were open.`);
      return member;
    });
    const beganMs = (startedAt - clearedAt) / 1_000;
    return { opened: members.size, ms: (micros() - startedAt) / 1_000, beganMs };
  },

  clear: (): void => {
    fleet.clear();
    clearedAt = micros();
  },

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

export type LoadHandlers = typeof handlers;
answer(handlers);
