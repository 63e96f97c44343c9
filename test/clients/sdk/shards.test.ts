import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../../src/model/close-codes.ts';
import { clientOf, publishTo, socketsOf, startWorld, take } from './world.ts';

const SHARDS = { BELFRY_SHARDS: '12' };
/** Types whose events lie in many shards. */
const TYPES = Array.from({ length: 30 }, (_, n) => `type${n}`);
const topics = (round: string): string[] => TYPES.map((type) => `${type}.save.${round}-${type}`);
const keys = (round: string): string[] => TYPES.map((type) => `${round}-${type}`).toSorted();
const sorted = (items: readonly unknown[]): unknown[] => items.map(String).toSorted();

describe.each([
  ['sockets', {}],
  ['streams', { WebSocket: undefined }],
])('a client of a log in twelve shards, over %s', (_name, transport) => {
  it('misses nothing and hears nothing twice when it is cut off, and when a listener begins in the past beside another', async () => {
    const { node, hub } = await startWorld(SHARDS, { ...transport, random: () => 0 });
    const all = hub.listen('*.*.*', { filters: { action: 'save' } });
    await all.ready;
    await publishTo(node, ...topics('a'));
    expect(sorted(await take(all, TYPES.length))).toEqual(keys('a'));
    const { cursor: middle } = all;
    await publishTo(node, ...topics('b'));
    expect(sorted(await take(all, TYPES.length))).toEqual(keys('b'));
    for (const socket of socketsOf(node)) socket.close(CLOSE.restart);
    await publishTo(node, ...topics('c'));
    expect(sorted(await take(all, TYPES.length))).toEqual(keys('c'));
    const late = hub.listen('*.save.*', { since: middle ?? '' });
    expect(sorted(await take(late, 2 * TYPES.length))).toEqual([...keys('b'), ...keys('c')].toSorted());
    await publishTo(node, ...topics('d'));
    expect(sorted(await take(all, TYPES.length))).toEqual(keys('d'));
    expect(sorted(await take(late, TYPES.length))).toEqual(keys('d'));
  });

  it('goes on from two positions that were kept, each with what it has not had', async () => {
    const { node, hub } = await startWorld(SHARDS, transport);
    const first = hub.listen('*.save.*');
    await first.ready;
    await publishTo(node, ...topics('a'));
    await take(first, TYPES.length);
    const early = first.cursor ?? '';
    await publishTo(node, ...topics('b'));
    await take(first, TYPES.length);
    const later = first.cursor ?? '';
    hub.close();
    await publishTo(node, ...topics('c'));
    const again = clientOf(node, {}, transport);
    const [one, two] = [
      again.listen('*.save.*', { since: later }),
      again.listen('*.save.*', { since: early }),
    ];
    expect(sorted(await take(one, TYPES.length))).toEqual(keys('c'));
    expect(sorted(await take(two, 2 * TYPES.length))).toEqual([...keys('b'), ...keys('c')].toSorted());
  });
});
