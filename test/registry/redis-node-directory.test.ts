import { describe, expect, it } from 'vitest';
import { SEEN_MS, type ConnectionRecord } from '../../src/registry/registry.ts';
import { aQuery, aRecord, idsOf } from './records.ts';
import { RedisRegistryWorld, waitForTruth, type RegistryNode } from './redis-world.ts';

const NO_LIMITS = {};

/** Three nodes with this many connections each, of principals that are on all of them. */
async function threeNodes(
  perNode: number,
  principals: number,
): Promise<{ world: RedisRegistryWorld; nodes: RegistryNode[]; truth: ConnectionRecord[][] }> {
  const world = await RedisRegistryWorld.make();
  const names = ['one', 'two', 'three'];
  const nodes = await Promise.all(names.map((name) => world.start({ name, graceMs: 100 })));
  const truth = names.map((Node) =>
    Array.from({ length: perNode }, (_, i) => aRecord({ Node, Principal: `user:${i % principals}` })),
  );
  await Promise.all(
    nodes.flatMap(({ registry }, i) => truth[i]!.map((record) => registry.add(record, NO_LIMITS))),
  );
  return { world, nodes, truth };
}

describe('three registries on one Redis', () => {
  it('list the same 3,000 connections of 300 principals', async () => {
    const { world, nodes, truth } = await threeNodes(1_000, 300);
    const records = truth.flat();
    await world.recorder.count(3_300);
    expect(world.told('connections.create').toSorted()).toEqual(idsOf(records).toSorted());
    expect(new Set(world.told('presence.online')).size).toBe(300);
    for (const { registry } of nodes) {
      expect((await registry.list(aQuery())).records).toEqual(records);
      const { records: ten } = await registry.list(aQuery('Principal=user:299'));
      expect(ten).toEqual(records.filter(({ Principal }) => Principal === 'user:299'));
      expect((await registry.presence('user:299')).connections).toEqual(ten);
      expect((await registry.list(aQuery('sort=Principal&limit=1'))).records[0]?.Principal).toBe('user:0');
    }
    nodes.forEach(({ registry }, i) => truth[i]!.forEach(({ Id }) => registry.remove(Id, 'closed')));
    await world.recorder.count(6_600, 10_000);
    expect(world.told('connections.delete').toSorted()).toEqual(idsOf(records).toSorted());
    expect(new Set(world.told('presence.offline')).size).toBe(300);
    const untilForgotten = await world.world.redis.pttl(`{${world.world.prefix}}:presence:user:7`);
    expect(untilForgotten).toBeGreaterThan(SEEN_MS - 60_000);
    expect(untilForgotten).toBeLessThanOrEqual(SEEN_MS);
    expect((await world.keys()).filter((key) => !/^(presence|outcomes|ingress):/.test(key))).toEqual([
      'conn:done',
      'conn:quota',
      'conn:steady',
      'ingress',
      'last',
      'log',
      'nodes',
      'nodes:reports',
      'nodes:settings',
      'rules',
      'shards',
    ]);
  });

  it('remove the connections of a dead node when its lease has expired, and tell each removal once', async () => {
    const { world, nodes, truth } = await threeNodes(1_000, 1_000);
    await nodes[0]!.kill();
    const survivors = nodes.slice(1).map(({ registry }) => registry);
    await waitForTruth(survivors, truth.slice(1).flat());
    expect(world.told('connections.delete').toSorted()).toEqual(idsOf(truth[0]!).toSorted());
    expect(world.told('presence.offline')).toEqual([]);
    truth[1]!.forEach(({ Id }) => survivors[0]!.remove(Id, 'closed'));
    truth[2]!.forEach(({ Id }) => survivors[1]!.remove(Id, 'closed'));
    await world.recorder.count(3_000 + 1_000 + 3_000 + 1_000, 10_000);
    expect(world.told('connections.delete').length).toBe(3_000);
    expect(new Set(world.told('presence.offline')).size).toBe(1_000);
    expect(world.told('presence.offline').length).toBe(1_000);
  });

  it('remove nothing of a new node that has the name of a dead one', async () => {
    const { world, nodes, truth } = await threeNodes(100, 50);
    await nodes[0]!.kill();
    const again = await world.start({ name: 'one' });
    const back = Array.from({ length: 100 }, () => aRecord({ Node: 'one' }));
    await Promise.all(back.map((record) => again.registry.add(record, NO_LIMITS)));
    await waitForTruth([again.registry, nodes[1]!.registry], [...truth.slice(1).flat(), ...back]);
    expect(world.told('connections.delete').toSorted()).toEqual(idsOf(truth[0]!).toSorted());
  });

  it('enter the connections of a node again that was taken for dead, and tell that', async () => {
    const { world, nodes, truth } = await threeNodes(300, 50);
    const [paused, ...others] = nodes.map(({ registry }) => registry);
    nodes[0]!.pause();
    await waitForTruth(others, truth.slice(1).flat());
    const [gone, ...kept] = truth[0]!;
    paused!.remove(gone!.Id, 'closed meanwhile');
    nodes[0]!.goOn();
    await waitForTruth([paused!, ...others], [...kept, ...truth.slice(1).flat()]);
    expect(world.told('connections.delete').toSorted()).toEqual(idsOf(truth[0]!).toSorted());
    expect(world.told('connections.create').slice(900).toSorted()).toEqual(idsOf(kept).toSorted());
    expect(world.told('presence.offline')).toEqual([]);
    paused!.remove(kept[0]!.Id, 'closed');
    await world.recorder.until((events) => events.at(-1)?.action === 'delete', 'a delete');
    expect(world.told('connections.delete').length).toBe(301);
  });

  it('accept exactly as many connections of one principal as the limit says, however they race', async () => {
    const world = await RedisRegistryWorld.make();
    const nodes = await Promise.all(['one', 'two', 'three'].map((name) => world.node({ name })));
    const adds = Array.from({ length: 20 }, (_, i) => nodes[i % 3]!.add(aRecord(), { perPrincipal: 5 }));
    const results = await Promise.allSettled(adds);
    const refusals = results.filter((result) => result.status === 'rejected');
    expect(refusals.map(({ reason }) => (reason as { code: string }).code)).toEqual(
      Array.from({ length: 15 }, () => 'limit_reached'),
    );
    expect((await nodes[0]!.list(aQuery())).total).toBe(5);
    await world.recorder.count(6);
    expect(world.told('connections.create').length).toBe(5);
  });
});
