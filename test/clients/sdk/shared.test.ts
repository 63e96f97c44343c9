import { describe, expect, it } from 'vitest';
import type { Page } from '../../../src/clients/sdk/environment.ts';
import type { Hub } from '../../../src/clients/sdk/hub.ts';
import { CLOSE } from '../../../src/model/close-codes.ts';
import { startNode, type TestNode } from '../../support/node.ts';
import { clientOf, publishTo, socketsOf, take } from './world.ts';

/** A tab, of which a test says whether somebody looks at it. */
class TestPage extends EventTarget implements Page {
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible' });

  show(visibilityState: 'visible' | 'hidden'): void {
    Object.assign(this.document, { visibilityState }).dispatchEvent(new Event('visibilitychange'));
  }
}

function tabOf(node: TestNode, page = new TestPage()): Hub {
  return clientOf(node, { shared: true }, { page, random: () => 0 });
}

const transports = (tabs: readonly Hub[]): unknown[] =>
  tabs.map(({ state }) => state.transport ?? '').toSorted((a, b) => (a < b ? -1 : 1));

describe('clients of several tabs that share a connection', () => {
  it('have one socket together, and each hears what it listens to', async () => {
    const node = await startNode();
    const tabs = Array.from({ length: 8 }, () => tabOf(node));
    const listeners = tabs.map((tab, n) => tab.listen(['all.*.*', `tab${n}.*.*`]));
    await Promise.all(listeners.map(({ ready }) => ready));
    expect(socketsOf(node)).toHaveLength(1);
    expect(transports(tabs)).toEqual(['socket', ...Array.from({ length: 7 }, () => 'tab')]);
    await publishTo(node, 'all.save.1', 'tab3.save.2', 'all.save.3');
    for (const [n, listener] of listeners.entries())
      expect(await take(listener, n === 3 ? 3 : 2)).toEqual(n === 3 ? ['1', '2', '3'] : ['1', '3']);
    expect(new Set(tabs.map(({ state }) => state.principal))).toEqual(new Set(['user:admin']));
  });

  it('publish through the one that leads, and are refused by the hub each for themselves', async () => {
    const node = await startNode();
    const token = (): Promise<string> =>
      node.token('ada', { subscribe: ['jobs.*.*'], publish: ['jobs.*.*'] });
    const [a, b] = [clientOf(node, { shared: true, token }), clientOf(node, { shared: true, token })];
    const heard = [a, b].map((tab) => tab.listen('jobs.*.*'));
    await Promise.all(heard.map(({ ready }) => ready));
    await a.publish('jobs.save.1', null);
    await b.publish('jobs.save.2', null);
    for (const listener of heard) expect(await take(listener, 2)).toEqual(['1', '2']);
    for (const tab of [a, b]) {
      await expect(tab.publish('secret.save.1', null)).rejects.toMatchObject({ code: 'forbidden' });
      await expect(tab.listen('secret.*.*').ready).rejects.toMatchObject({ code: 'forbidden' });
    }
  });

  it('begin in the past without disturbing each other', async () => {
    const node = await startNode();
    const [first = ''] = await publishTo(node, 'jobs.save.0');
    const [a, b] = [tabOf(node), tabOf(node)];
    const live = a.listen('jobs.*.*');
    const other = b.listen('jobs.*.*');
    await Promise.all([live.ready, other.ready]);
    await publishTo(node, 'jobs.save.1', 'jobs.save.2');
    expect([await take(live, 2), await take(other, 2)]).toEqual([
      ['1', '2'],
      ['1', '2'],
    ]);
    expect(await take(b.listen('jobs.save.*', { since: first }), 2)).toEqual(['1', '2']);
    expect(await take(a.listen('jobs.save.*', { since: first }), 2)).toEqual(['1', '2']);
    await publishTo(node, 'jobs.save.3');
    expect([await take(live, 1), await take(other, 1)]).toEqual([['3'], ['3']]);
  });

  it('lose nothing when the one that leads is closed, and when the hub drops the socket', async () => {
    const node = await startNode();
    const tabs = [tabOf(node), tabOf(node), tabOf(node)];
    const listeners = tabs.map((tab) => tab.listen('jobs.*.*'));
    await Promise.all(listeners.map(({ ready }) => ready));
    for (const socket of socketsOf(node)) socket.close(CLOSE.tooSlow);
    await publishTo(node, 'jobs.save.1');
    for (const listener of listeners) expect(await take(listener, 1)).toEqual(['1']);
    const leads = tabs.findIndex(({ state }) => state.transport === 'socket');
    tabs[leads]?.close();
    await publishTo(node, 'jobs.save.2');
    for (const listener of listeners.filter((_, n) => n !== leads))
      expect(await take(listener, 1)).toEqual(['2']);
    await expect.poll(() => socketsOf(node)).toHaveLength(1);
  });

  it('let one lead that somebody looks at', async () => {
    const node = await startNode();
    const pages = [new TestPage(), new TestPage()];
    const tabs = pages.map((page) => tabOf(node, page));
    const listeners = tabs.map((tab) => tab.listen('jobs.*.*'));
    await Promise.all(listeners.map(({ ready }) => ready));
    const leads = (): number => tabs.findIndex(({ state }) => state.transport === 'socket');
    const before = leads();
    pages[before]?.show('hidden');
    await expect.poll(leads).toBe(1 - before);
    await publishTo(node, 'jobs.save.1');
    for (const listener of listeners) expect(await take(listener, 1)).toEqual(['1']);
    // While nobody looks at any, the one that leads goes on.
    pages[1 - before]?.show('hidden');
    await publishTo(node, 'jobs.save.2');
    for (const listener of listeners) expect(await take(listener, 1)).toEqual(['2']);
    expect(leads()).toBe(1 - before);
    pages[before]?.show('visible');
    await expect.poll(leads).toBe(before);
  });

  it('end together when the hub closes the connection for good', async () => {
    const node = await startNode();
    const listeners = [tabOf(node), tabOf(node)].map((tab) => tab.listen('jobs.*.*'));
    await Promise.all(listeners.map(({ ready }) => ready));
    for (const socket of socketsOf(node)) socket.close(CLOSE.byOperator);
    for (const listener of listeners)
      await expect(listener.next()).rejects.toMatchObject({ closeCode: 4009 });
  });
});
