import { describe, expect, it } from 'vitest';
import { startHub, type TestConnection, type TestHub } from '../support/connection.ts';

const writesOf = ({ transport }: TestConnection): number => transport.writes.length;

describe('a storm of connections that come and go while events wait', () => {
  it('costs a member that stays one write a flush, however many connections join', async () => {
    const { broker, hub, subscriber } = await startHub();
    const stays = subscriber(['*.*.*']);
    const before = writesOf(stays);
    const joined = Array.from({ length: 100 }, (_, n) => {
      broker.append({ key: `${n}` });
      return subscriber(['*.*.*']);
    });
    hub.delivery.flush();
    expect(writesOf(stays)).toBe(before + 1);
    expect(stays.takeKeys()).toHaveLength(100);
    expect(joined.map((each) => each.takeKeys().length)).toEqual(joined.map((_, n) => 99 - n));
  });

  it('costs a member that stays nothing, however many connections leave', async () => {
    const { broker, hub, subscriber } = await startHub();
    const stays = subscriber(['*.*.*']);
    const leaving = Array.from({ length: 100 }, () => subscriber(['*.*.*']));
    const before = writesOf(stays);
    for (const [n, client] of leaving.entries()) {
      broker.append({ key: `${n}` });
      hub.connections.detach(client.connection, 'gone');
      expect(client.takeKeys()).toHaveLength(n + 1);
    }
    expect(writesOf(stays)).toBe(before);
    hub.delivery.flush();
    expect(writesOf(stays)).toBe(before + 1);
  });

  it('ends in one cohort once nothing waits', async () => {
    const { broker, hub, subscriber } = await startHub();
    const clients = [subscriber(['*.*.*'])];
    broker.append({ key: 'waits' });
    clients.push(subscriber(['*.*.*']), subscriber(['*.*.*']));
    const cohorts = (): number => new Set(clients.map(({ connection }) => connection.cohort)).size;
    expect(cohorts()).toBe(2);
    hub.delivery.flush();
    expect(cohorts()).toBe(1);
    const { encodes } = hub.stats;
    broker.append({ key: 'after' });
    hub.delivery.flush();
    expect(hub.stats.encodes).toBe(encodes + 1);
    expect(clients.map((each) => each.takeKeys().at(-1))).toEqual(['after', 'after', 'after']);
  });

  it('leaves connections that stand apart in their cohort when all others have gone', async () => {
    const { broker, hub, subscriber } = await startHub();
    const first = subscriber(['*.*.*']);
    broker.append({ key: 'before' });
    const late = subscriber(['*.*.*']);
    broker.append({ key: 'between' });
    hub.connections.detach(first.connection, 'gone');
    broker.append({ key: 'after' });
    const latest = subscriber(['*.*.*']);
    hub.delivery.flush();
    broker.append({ key: 'end' });
    hub.delivery.flush();
    expect([first, late, latest].map((each) => each.takeKeys())).toEqual([
      ['before', 'between'],
      ['between', 'after', 'end'],
      ['end'],
    ]);
    expect(late.connection.cohort).toBe(latest.connection.cohort);
  });
});

describe('a connection that is the last of those that subscribed to the same', () => {
  const begin = ({ subscriber }: TestHub): TestConnection => {
    const client = subscriber(['a.*.*'], { filters: { 'object.level': 'error' } });
    client.subscribe(['b.*.*']);
    client.take();
    return client;
  };

  it.each(['another one', 'the connection itself'])(
    'ends one subscription that %s began first, and hears all that it still subscribes to',
    async (who) => {
      const node = await startHub();
      const { broker, hub } = node;
      const other = who === 'another one' ? begin(node) : undefined;
      const stays = begin(node);
      if (other !== undefined) hub.connections.detach(other.connection, 'gone');
      else stays.subscribe(['a.*.*'], { filters: { 'object.level': 'error' } });
      stays.send({ id: 'u', command: 'unsubscribe', patterns: ['a.*.*'] });
      broker.append({ type: 'b', key: 'b' });
      hub.delivery.flush();
      expect(stays.takeKeys()).toEqual(['b']);
      expect(stays.connection.cohort?.subscriptions.map(({ name }) => name)).toEqual(['b.*.*']);
    },
  );
});
