import { describe, expect, inject, it } from 'vitest';
import { CLOSE } from '../../../src/model/close-codes.ts';
import { randomPrefix } from '../../support/redis.ts';
import { clientOf, publishTo, socketsOf, startWorld, take } from './world.ts';

const TYPES = Array.from({ length: 30 }, (_, n) => `type${n}`);
const topics = (round: string): string[] => TYPES.map((type) => `${type}.save.${round}-${type}`);
const keys = (...rounds: string[]): string[] =>
  rounds.flatMap((round) => TYPES.map((type) => `${round}-${type}`)).toSorted();
const sorted = (items: readonly unknown[]): unknown[] => items.map(String).toSorted();

describe.each([
  ['sockets', {}],
  ['streams', { WebSocket: undefined }],
])('a client of a hub that is divided anew, over %s', (_name, transport) => {
  it('misses nothing and hears nothing twice, whether it stays, is cut off, or comes back with a position from before', async () => {
    const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
    const { node, hub } = await startWorld(settings, { ...transport, random: () => 0 });
    const all = hub.listen('*.save.*');
    await all.ready;
    await publishTo(node, ...topics('a'));
    expect(sorted(await take(all, TYPES.length))).toEqual(keys('a'));
    const before = all.cursor ?? '';
    const reshard = async (count: number): Promise<void> => {
      const headers = { Authorization: `Bearer ${await node.token()}` };
      const { status } = await fetch(`${node.url}/api/v3/shards?count=${count}`, { method: 'POST', headers });
      expect(status).toBe(200);
    };
    await reshard(12);
    await publishTo(node, ...topics('b'));
    expect(sorted(await take(all, TYPES.length))).toEqual(keys('b'));
    for (const socket of socketsOf(node)) socket.close(CLOSE.restart);
    await publishTo(node, ...topics('c'));
    expect(sorted(await take(all, TYPES.length))).toEqual(keys('c'));
    const middle = all.cursor ?? '';
    await reshard(4);
    await publishTo(node, ...topics('d'));
    expect(sorted(await take(all, TYPES.length))).toEqual(keys('d'));
    hub.close();
    const again = clientOf(node, {}, transport);
    const early = again.listen('*.save.*', { since: before });
    const later = again.listen('*.save.*', { since: middle });
    expect(sorted(await take(early, 3 * TYPES.length))).toEqual(keys('b', 'c', 'd'));
    expect(sorted(await take(later, TYPES.length))).toEqual(keys('d'));
    await publishTo(node, ...topics('e'));
    expect(sorted(await take(early, TYPES.length))).toEqual(keys('e'));
    expect(sorted(await take(later, TYPES.length))).toEqual(keys('e'));
  });
});
