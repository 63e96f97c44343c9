import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/model/event.ts';
import type { QuotaRates } from '../../src/registry/log-quota.ts';
import type { PresenceReader, Lifecycle, Registry } from '../../src/registry/registry.ts';
import type { Recorder } from '../broker/recorder.ts';
import { aQuery, aRecord, idsOf } from './records.ts';

/** A quota that no test uses up unless it says so. */
export const PLENTY: QuotaRates = { burst: 10_000, perMs: 0 };

interface NodeOptions {
  readonly graceMs?: number;
  readonly quota?: QuotaRates;
}

/** What the nodes of a test have in common. */
export interface RegistryWorld {
  /** Records what the registries publish. */
  readonly recorder: Recorder;
  /** Starts one more node; it stops with the test. */
  node(options?: NodeOptions): Promise<Registry & PresenceReader & Lifecycle>;
  /** Lets time pass, where it does not pass by itself. */
  pass(ms: number): void;
}

const NO_LIMITS = {};

/** `type.action.key` of each event. */
export function topics(events: readonly NewEvent[]): string[] {
  return events.map(({ type, action, key }) => `${type}.${action}.${key}`);
}

/** The contract of every registry. */
export function describeRegistry(name: string, makeWorld: () => Promise<RegistryWorld>): void {
  describe(`the ${name} registry`, () => {
    it('lists a connection as it was added, until it is removed', async () => {
      const { world, node } = await start(makeWorld);
      const record = aRecord({ Patterns: ['a.b.c'], UserAgent: 'é "quoted" \u2028 🦉', ExpiresAt: null });
      await node.add(record, NO_LIMITS);
      expect(await node.list(aQuery())).toEqual({ records: [record], total: 1 });
      node.remove(record.Id, 'closed');
      await world.recorder.count(3);
      expect(await node.list(aQuery())).toEqual({ records: [], total: 0 });
    });

    it('lists a connection that was added in the same turn, before it is known whether the limits leave room', async () => {
      const { node } = await start(makeWorld);
      const record = aRecord();
      const added = node.add(record, NO_LIMITS);
      const [listed, presence] = await Promise.all([node.list(aQuery()), node.presence('user:ada')]);
      expect([idsOf(listed.records), presence.online]).toEqual([[record.Id], true]);
      await added;
    });

    it('tells each change once, with the record, and the reason of a removal', async () => {
      const { world, node } = await start(makeWorld);
      const record = aRecord({ Patterns: [] });
      await node.add(record, NO_LIMITS);
      node.remove(record.Id, 'closed by "somebody"');
      node.remove(record.Id, 'again');
      await node.add(aRecord({ Principal: 'unknown' }), NO_LIMITS);
      const events = await world.recorder.count(4);
      expect(topics(events)).toEqual([
        'connections.create.user:ada',
        'presence.online.user:ada',
        'connections.delete.user:ada',
        'connections.create.unknown',
      ]);
      expect(events[0]?.object).toEqual(record);
      expect(events[2]?.object).toEqual({ ...record, Reason: 'closed by "somebody"' });
    });

    it('tells changes of anonymous connections and REST callers live only', async () => {
      const { world, node } = await start(makeWorld, { graceMs: 50 });
      const others = [aRecord({ Principal: 'unknown' }), aRecord({ Type: 'api' })];
      const known = aRecord();
      for (const record of [known, ...others]) await node.add(record, NO_LIMITS);
      for (const { Id } of others) node.remove(Id, 'closed');
      await node.update({ ...known, ExpiresAt: '2025-01-15T11:00:00.000Z' }, NO_LIMITS);
      node.remove(known.Id, 'closed');
      await world.recorder.count(8);
      world.pass(2_000);
      const events = await world.recorder.count(9);
      expect(topics(events.filter(({ id }) => id !== undefined))).toEqual([
        'connections.create.user:ada',
        'presence.online.user:ada',
        'connections.update.user:ada',
        'connections.delete.user:ada',
        'presence.offline.user:ada',
      ]);
      expect(topics(events.filter(({ id }) => id === undefined)).toSorted()).toEqual([
        'connections.create.unknown',
        'connections.create.user:ada',
        'connections.delete.unknown',
        'connections.delete.user:ada',
      ]);
    });

    it('stays within its quota of the log in a storm, and tells the rest live only', async () => {
      const { world, node } = await start(makeWorld, { quota: { burst: 10, perMs: 0 } });
      for (let i = 0; i < 30; i++) await node.add(aRecord({ Principal: `user:${i}` }), NO_LIMITS);
      await node.add(
        aRecord({ Principal: 'user:big', Patterns: Array.from({ length: 20 }, () => 'x'.repeat(200)) }),
        NO_LIMITS,
      );
      const events = await world.recorder.count(62);
      expect(events.filter(({ id }) => id !== undefined)).toHaveLength(10);
      expect(events.slice(0, 10).every(({ id }) => id !== undefined)).toBe(true);
    });

    it('lists two connections of one address, and removes only the named one', async () => {
      const { world, node } = await start(makeWorld);
      const [a, b] = [aRecord(), aRecord()].map((each) => ({ ...each, RemoteAddr: '10.9.9.9:9' }));
      await Promise.all([node.add(a!, NO_LIMITS), node.add(b!, NO_LIMITS)]);
      const both = await node.list(aQuery('RemoteAddr=10.9.9.9:9'));
      expect(idsOf(both.records)).toEqual([a!.Id, b!.Id]);
      node.remove(a!.Id, 'closed');
      await world.recorder.count(4);
      expect(idsOf((await node.list(aQuery())).records)).toEqual([b!.Id]);
    });

    it('replaces a record, and tells that only when principal or expiry change', async () => {
      const { world, node } = await start(makeWorld);
      const record = aRecord();
      await node.add(record, NO_LIMITS);
      await node.update({ ...record, Patterns: ['a.*.*'] }, NO_LIMITS);
      expect((await node.list(aQuery())).records[0]?.Patterns).toEqual(['a.*.*']);
      const longer = { ...record, ExpiresAt: '2026-01-01T00:00:00.000Z' };
      await node.update(longer, NO_LIMITS);
      const other = { ...longer, Principal: 'user:bob' };
      await node.update(other, NO_LIMITS);
      const events = await world.recorder.count(5);
      expect(topics(events).filter((topic) => topic.startsWith('connections'))).toEqual([
        'connections.create.user:ada',
        'connections.update.user:ada',
        'connections.update.user:bob',
      ]);
      expect(events.at(-1)).toMatchObject({ type: 'presence', action: 'online', key: 'user:bob' });
      expect((await node.list(aQuery('Principal=user:ada'))).records).toEqual([]);
      expect((await node.list(aQuery('Principal=user:bob'))).records).toEqual([other]);
    });

    it('ignores unknown ids', async () => {
      const { world, node } = await start(makeWorld);
      await node.update(aRecord(), NO_LIMITS);
      node.remove('nobody', 'closed');
      await node.add(aRecord({ Principal: 'unknown' }), NO_LIMITS);
      expect(topics(await world.recorder.count(1))).toEqual(['connections.create.unknown']);
      expect(await node.list(aQuery())).toEqual({ records: [], total: 0 });
    });

    it('hides anonymous connections and those of others, in the total as well', async () => {
      const { node } = await start(makeWorld);
      const of = ['user:ada', 'user:bob', 'unknown'].map((Principal) => aRecord({ Principal }));
      await Promise.all(of.map((record) => node.add(record, NO_LIMITS)));
      const [ada, bob, unknown] = idsOf(of);
      const seen = async (text: string, visible?: string[]) => {
        const { records, total } = await node.list(aQuery(text, visible));
        return [idsOf(records), total];
      };
      expect(await seen('')).toEqual([[ada, bob], 2]);
      expect(await seen('Principal=unknown')).toEqual([[unknown], 3]);
      expect(await seen('Principal=In(unknown,user:bob,user:bob)')).toEqual([[bob, unknown], 3]);
      expect(await seen('', ['user:bob', 'user:nobody'])).toEqual([[bob], 1]);
      expect(await seen('Principal=user:ada', ['user:bob'])).toEqual([[], 1]);
      expect(await seen('', [])).toEqual([[], 0]);
      expect(await seen(`Id=${ada}`)).toEqual([[ada], 2]);
      expect(await seen(`Id=${ada}`, ['user:bob'])).toEqual([[], 1]);
      expect(await seen(`Id=${unknown}`)).toEqual([[], 2]);
    });

    it('pages and sorts, in both directions', async () => {
      const { node } = await start(makeWorld);
      const records = Array.from({ length: 30 }, (_, i) =>
        aRecord({ Principal: `user:${i % 3}`, Node: i % 2 ? 'odd' : 'even' }),
      );
      await Promise.all(records.toReversed().map((record) => node.add(record, NO_LIMITS)));
      const ids = idsOf(records);
      const list = async (text: string) => idsOf((await node.list(aQuery(text))).records);
      expect(await list('')).toEqual(ids);
      expect(await list('reverse=true')).toEqual(ids.toReversed());
      expect(await list('offset=28&limit=5')).toEqual(ids.slice(28));
      expect(await list('offset=2&limit=5&reverse=true')).toEqual(ids.toReversed().slice(2, 7));
      expect(await list('offset=30')).toEqual([]);
      expect(await list('limit=0')).toEqual([]);
      expect(await list('Node=odd&limit=2')).toEqual([ids[1], ids[3]]);
      expect(await list('Node=odd&offset=1&limit=2&reverse=true')).toEqual([ids[27], ids[25]]);
      expect(await list('sort=Node&limit=2&offset=14')).toEqual([ids[28], ids[1]]);
      expect(await list('Principal=user:1&limit=2&offset=1')).toEqual([ids[4], ids[7]]);
      expect(await list('Principal=user:1&Principal=user:2&limit=3&reverse=true')).toEqual(
        ids
          .filter((_, i) => i % 3 > 0)
          .toReversed()
          .slice(0, 3),
      );
      const [one, two] = [records[7]!, records[3]!].map(({ RemoteAddr }) => RemoteAddr);
      expect(await list(`RemoteAddr=In(${one},${two})`)).toEqual([ids[3], ids[7]]);
      expect(await list(`RemoteAddr=${one}&Principal=user:1`)).toEqual([ids[7]]);
      expect(await list(`RemoteAddr=${one}&Principal=user:2`)).toEqual([]);
      expect(await list(`RemoteAddr=Lt(${two})`)).toEqual(ids.slice(0, 3));
    });

    it('refuses a connection beyond the limit of its principal in one dialect', async () => {
      const { node } = await start(makeWorld);
      const limits = { perPrincipal: 1 };
      const first = aRecord();
      await node.add(first, limits);
      await expect(node.add(aRecord(), limits)).rejects.toMatchObject({ code: 'limit_reached' });
      await node.add(aRecord({ Dialect: 'norn' }), limits);
      await node.add(aRecord({ Type: 'api' }), limits);
      await node.add(aRecord({ Principal: 'user:bob' }), limits);
      await node.add(aRecord({ Principal: 'unknown' }), limits);
      await node.add(aRecord({ Principal: 'unknown' }), limits);
      node.remove(first.Id, 'closed');
      await node.add(aRecord(), limits);
      expect((await node.list(aQuery())).total).toBe(4);
    });

    it('refuses a connection beyond the limit of its address, whatever the port, principal and dialect', async () => {
      const { node } = await start(makeWorld);
      const limits = { perAddress: 2 };
      await node.add(aRecord({ RemoteAddr: '10.1.1.1:1' }), limits);
      await node.add(aRecord({ RemoteAddr: '10.1.1.1:2', Principal: 'unknown' }), limits);
      const third = aRecord({ RemoteAddr: '[::ffff:10.1.1.1]:3', Principal: 'user:bob', Dialect: 'norn' });
      await expect(node.add(third, limits)).rejects.toMatchObject({ code: 'limit_reached' });
      await node.add(aRecord({ RemoteAddr: '10.1.1.2:1' }), limits);
      node.remove(third.Id, 'it never was there');
      expect((await node.list(aQuery())).total).toBe(2);
    });

    it('refuses to change a connection to a principal at its limit, and leaves it unchanged', async () => {
      const { world, node } = await start(makeWorld);
      const limits = { perPrincipal: 1, perAddress: 1 };
      await node.add(aRecord(), limits);
      const late = aRecord({ Principal: 'unknown' });
      await node.add(late, limits);
      const update = node.update({ ...late, Principal: 'user:ada' }, limits);
      await expect(update).rejects.toMatchObject({ code: 'limit_reached' });
      expect((await node.list(aQuery('Principal=unknown'))).records).toEqual([late]);
      await node.update({ ...late, Principal: 'user:bob' }, limits);
      await node.update({ ...late, Principal: 'user:bob', Patterns: ['x.*.*'] }, limits);
      expect(topics(await world.recorder.count(5)).at(-1)).toBe('presence.online.user:bob');
    });

    it('knows since when a principal is online, by connections that hear events', async () => {
      const { node } = await start(makeWorld);
      const nobody = { online: false, since: null, lastSeen: null, connections: [] };
      expect(await node.presence('user:ada')).toEqual({ principal: 'user:ada', ...nobody });
      await node.add(aRecord({ Type: 'api' }), NO_LIMITS);
      await node.add(aRecord({ Principal: 'unknown' }), NO_LIMITS);
      expect(await node.presence('user:ada')).toEqual({ principal: 'user:ada', ...nobody });
      expect(await node.presence('unknown')).toEqual({ principal: 'unknown', ...nobody });
      const record = aRecord({ CreateTime: '2025-01-15T10:00:00.000Z' });
      await node.add(record, NO_LIMITS);
      await node.add(aRecord({ Principal: 'user:bob' }), NO_LIMITS);
      expect(await node.presence('user:ada')).toEqual({
        principal: 'user:ada',
        online: true,
        since: '2025-01-15T10:00:00.000Z',
        lastSeen: expect.stringMatching(/Z$/) as string,
        connections: [record],
      });
    });

    it('lists online principals by pages, as far as the caller may see them', async () => {
      const { world, node } = await start(makeWorld, { graceMs: 50 });
      const principals = Array.from({ length: 7 }, (_, i) => `user:${i}"`);
      const records = principals.map((Principal) => aRecord({ Principal }));
      for (const record of records) await node.add(record, NO_LIMITS);
      await node.add(aRecord({ Principal: 'user:api', Type: 'api' }), NO_LIMITS);
      await node.add(aRecord({ Principal: 'unknown' }), NO_LIMITS);
      const page = await node.online({ visible: 'all', offset: 2, limit: 3 });
      expect(page).toEqual({
        online: principals.slice(2, 5).map((principal) => ({
          principal,
          online: true,
          since: records[0]!.CreateTime,
          lastSeen: expect.stringMatching(/Z$/) as string,
        })),
        total: 7,
      });
      const visible = ['user:9"', 'user:6"', 'user:1"', 'user:api'];
      const seen = await node.online({ visible, offset: 0, limit: 10 });
      expect([seen.total, ...seen.online.map(({ principal }) => principal)]).toEqual([
        2,
        'user:1"',
        'user:6"',
      ]);
      node.remove(records[3]!.Id, 'closed');
      await world.recorder.count(17);
      world.pass(2_000);
      await world.recorder.count(18);
      const left = await node.online({ visible: 'all', offset: 0, limit: 10 });
      expect(left.online.map(({ principal }) => principal)).toEqual(principals.toSpliced(3, 1));
    });

    it('names the first thousand connections of a principal that has more', async () => {
      const { node } = await start(makeWorld);
      const records = Array.from({ length: 1_300 }, () => aRecord());
      await Promise.all(records.map((record) => node.add(record, NO_LIMITS)));
      const { connections } = await node.presence('user:ada');
      expect(idsOf(connections)).toEqual(idsOf(records.slice(0, 1_000)));
    });

    it('lists nothing for a caller who may see nothing, whatever the filters', async () => {
      const { node } = await start(makeWorld);
      await node.add(aRecord(), NO_LIMITS);
      const text = `Principal=Re(${encodeURIComponent('(\\pL{1,1000})'.repeat(400))})`;
      expect(await node.list(aQuery(text, []))).toEqual({ records: [], total: 0 });
    });

    it('tells that a principal came and, after the grace, that it left', async () => {
      const { world, node } = await start(makeWorld, { graceMs: 50 });
      const [a, b] = [aRecord(), aRecord()];
      await node.add(a, NO_LIMITS);
      await node.add(b, NO_LIMITS);
      node.remove(a.Id, 'closed');
      node.remove(b.Id, 'closed');
      await world.recorder.count(5);
      world.pass(2_000);
      const events = await world.recorder.count(6);
      const told = events.filter(({ type }) => type === 'presence');
      expect(topics(told)).toEqual(['presence.online.user:ada', 'presence.offline.user:ada']);
      const [online, offline] = told.map(({ object }) => object);
      expect(online).toEqual({
        principal: 'user:ada',
        online: true,
        since: a.CreateTime,
        lastSeen: expect.stringMatching(/Z$/) as string,
      });
      const { connections, ...seen } = await node.presence('user:ada');
      expect(connections).toEqual([]);
      expect(seen).toEqual(offline);
      expect(seen).toMatchObject({ online: false, since: seen.lastSeen });
      expect(seen.lastSeen).toMatch(/Z$/);
    });

    it('tells nothing when a principal comes back within the grace', async () => {
      const { world, node } = await start(makeWorld);
      const first = aRecord();
      await node.add(first, NO_LIMITS);
      node.remove(first.Id, 'closed');
      await world.recorder.count(3);
      world.pass(5_000);
      expect(await node.presence('user:ada')).toMatchObject({ online: true, connections: [] });
      await node.add(aRecord({ CreateTime: '2025-01-15T10:31:00.000Z' }), NO_LIMITS);
      world.pass(20_000);
      await node.add(aRecord({ Principal: 'unknown' }), NO_LIMITS);
      const events = await world.recorder.count(5);
      expect(topics(events).filter((topic) => topic.startsWith('presence'))).toEqual([
        'presence.online.user:ada',
      ]);
      expect(await node.presence('user:ada')).toMatchObject({ online: true, since: first.CreateTime });
    });

    it('removes the connections of its node when it stops', async () => {
      const { world, node } = await start(makeWorld);
      await node.add(aRecord(), NO_LIMITS);
      await node.add(aRecord({ Principal: 'unknown' }), NO_LIMITS);
      await node.stop();
      const events = await world.recorder.count(5);
      expect(topics(events.slice(-2))).toEqual(['connections.delete.user:ada', 'connections.delete.unknown']);
      expect(events.at(-1)?.object).toMatchObject({ Reason: 'node stopped' });
    });

    it('lists a principal with any characters', async () => {
      const { world, node } = await start(makeWorld);
      const odd = ['user:"\\', 'user:\n\t ', 'user:{belfry}', 'user:é🦉', 'user:a b', ':'];
      const records = odd.map((Principal) => aRecord({ Principal }));
      for (const record of records) await node.add(record, { perPrincipal: 1 });
      expect((await node.list(aQuery())).records).toEqual(records);
      for (const record of records) {
        const { online, connections } = await node.presence(record.Principal);
        expect([online, connections]).toEqual([true, [record]]);
      }
      const created = (await world.recorder.count(12)).filter(({ type }) => type === 'connections');
      expect(created.map(({ key }) => key)).toEqual(odd);
    });
  });
}

async function start(
  makeWorld: () => Promise<RegistryWorld>,
  options?: NodeOptions,
): Promise<{ readonly world: RegistryWorld; readonly node: Registry & PresenceReader & Lifecycle }> {
  const world = await makeWorld();
  return { world, node: await world.node(options) };
}
