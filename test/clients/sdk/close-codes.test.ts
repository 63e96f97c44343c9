import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../../src/model/close-codes.ts';
import { ManualClock } from '../../support/clock.ts';
import { startNode } from '../../support/node.ts';
import { clientOf, publishTo, socketsOf, startWorld, take } from './world.ts';

/** For each code, the times between which the client reconnects if the random number is 0 or almost 1. */
const WAITS = {
  normal: undefined,
  draining: [0, 2_000],
  protocol: undefined,
  refused: undefined,
  tooBig: undefined,
  restart: [0, 2_000],
  tryLater: [5_000, 10_000],
  tokenExpired: [0, 0],
  forbidden: undefined,
  tooSlow: [0, 500],
  byOperator: undefined,
  rateLimit: [5_000, 10_000],
} as const satisfies Record<keyof typeof CLOSE, readonly [least: number, most: number] | undefined>;

const returning = Object.entries(WAITS).flatMap(([name, wait]) =>
  wait === undefined ? [] : [[name as keyof typeof CLOSE, ...wait] as const],
);
const final = Object.entries(WAITS).flatMap(([name, wait]) =>
  wait === undefined ? [name as keyof typeof CLOSE] : [],
);

describe('a client whose connection the hub closes', () => {
  it.each(returning)(
    'reconnects after %s within %i to %i ms, and receives what it missed',
    async (name, least, most) => {
      for (const random of [0, 0.999_999]) {
        const clock = new ManualClock();
        const { node, hub } = await startWorld({}, { clock, random: () => random });
        const listener = hub.listen('jobs.*.*');
        await listener.ready;
        for (const socket of socketsOf(node)) socket.close(CLOSE[name]);
        await expect.poll(() => hub.state.status).toBe('waiting');
        expect(hub.state).toMatchObject({ attempt: 1, reason: { code: CLOSE[name].code } });
        expect(Math.round((hub.state.nextAttemptAt ?? 0) - clock.now())).toBe(random === 0 ? least : most);
        await publishTo(node, 'jobs.save.missed');
        clock.advance(most);
        expect(await take(listener, 1)).toEqual(['missed']);
      }
    },
  );

  it.each(final)('does not reconnect after %s, and tells its listeners and publishers', async (name) => {
    const { node, hub } = await startWorld();
    const listener = hub.listen('jobs.*.*');
    await listener.ready;
    for (const socket of socketsOf(node)) socket.close(CLOSE[name]);
    await expect(listener.next()).rejects.toMatchObject({ code: 'closed', closeCode: CLOSE[name].code });
    expect(hub.state).toMatchObject({ status: 'closed', reason: { code: CLOSE[name].code } });
    await expect(hub.publish('jobs.save.1', null)).rejects.toMatchObject({ closeCode: CLOSE[name].code });
  });

  it('reconnects when it is told to, even after a final code', async () => {
    const { node, hub } = await startWorld();
    await hub.listen('jobs.*.*').ready;
    for (const socket of socketsOf(node)) socket.close(CLOSE.byOperator);
    await expect.poll(() => hub.state.status).toBe('closed');
    hub.reconnect();
    await hub.listen('jobs.*.*').ready;
    expect(hub.state).toMatchObject({ status: 'open', reason: undefined });
  });

  it('waits longer after each close, up to half a minute, and starts again after a connection of 5 s', async () => {
    const clock = new ManualClock();
    const { node, hub } = await startWorld({}, { clock, random: () => 0.999_999 });
    const waits: number[] = [];
    const listener = hub.listen('jobs.*.*');
    await listener.ready;
    const lose = async (): Promise<void> => {
      await expect.poll(() => [hub.state.status, socketsOf(node).length]).toEqual(['open', 1]);
      for (const socket of socketsOf(node)) socket.close(CLOSE.tooSlow);
      await expect.poll(() => hub.state.status).toBe('waiting');
      waits.push(Math.round((hub.state.nextAttemptAt ?? 0) - clock.now()));
      clock.advance(waits.at(-1) ?? 0);
    };
    for (let n = 0; n < 8; n++) await lose();
    await expect.poll(() => hub.state.status).toBe('open');
    clock.advance(5_000);
    await lose();
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 500]);
  });

  it('does not reconnect after tokenExpired when it cannot renew its token', async () => {
    const node = await startNode();
    const hub = clientOf(node, { token: await node.token() });
    const listener = hub.listen('jobs.*.*');
    await listener.ready;
    for (const socket of socketsOf(node)) socket.close(CLOSE.tokenExpired);
    await expect(listener.next()).rejects.toMatchObject({ code: 'closed', closeCode: 4001 });
  });
});
