import { describe, expect, it } from 'vitest';
import { BelfryError } from '../../src/model/errors.ts';
import { registryKeys } from '../../src/registry/redis-registry-keys.ts';
import type { ConnectionRecord } from '../../src/registry/registry.ts';
import { HAS_REDIS_SERVER, startRedisServer, type RedisServer } from '../support/redis.ts';
import { aQuery, aRecord, idsOf } from './records.ts';
import { RedisRegistryWorld, waitForTruth, type RegistryNode } from './redis-world.ts';

const NO_LIMITS = {};
/**
 * Longer than a connection takes to come back, which is up to two seconds: the node that is back first must not take
 * the other for dead.
 */
const LEASE_MS = 3_000;

interface Scene {
  readonly server: RedisServer;
  readonly world: RedisRegistryWorld;
  readonly nodes: readonly RegistryNode[];
  /** The connections that each node holds. */
  readonly truth: ConnectionRecord[][];
}

/** Two nodes with 300 connections each on a Redis of their own. */
async function setScene(keeps: boolean): Promise<Scene> {
  const server = await startRedisServer({ keeps });
  const world = await RedisRegistryWorld.make(server.url);
  const nodes = [
    await world.start({ name: 'one', leaseMs: LEASE_MS }),
    await world.start({ name: 'two', leaseMs: LEASE_MS }),
  ];
  const truth = ['one', 'two'].map((Node) =>
    Array.from({ length: 300 }, (_, i) => aRecord({ Node, Principal: `user:${i % 400}` })),
  );
  await Promise.all(
    nodes.flatMap(({ registry }, i) => truth[i]!.map((record) => registry.add(record, NO_LIMITS))),
  );
  await world.recorder.count(900);
  return { server, world, nodes, truth };
}

const registries = ({ nodes }: Scene) => nodes.map(({ registry }) => registry);

/** Loses the answer of Redis after the command was done, or the command itself. */
function deafen({ connection }: RegistryNode, isDone: boolean): () => void {
  const ask = connection.ask.bind(connection);
  connection.ask = async (run) => {
    if (isDone) await ask(run);
    throw new BelfryError('unavailable', 'The answer was lost.');
  };
  return () => void (connection.ask = ask);
}

describe('a registry whose answer from Redis was lost', () => {
  it.each([true, false])('tells a removal once (done by Redis: %s)', async (isDone) => {
    const world = await RedisRegistryWorld.make();
    const node = await world.start();
    const [gone, kept] = [aRecord(), aRecord()];
    await Promise.all([node.registry.add(gone, NO_LIMITS), node.registry.add(kept, NO_LIMITS)]);
    const hear = deafen(node, isDone);
    node.registry.remove(gone.Id, 'closed');
    await new Promise(setImmediate);
    hear();
    await waitForTruth([node.registry], [kept]);
    await world.recorder.until(() => world.told('connections.delete').length > 0, 'a delete');
    await pastRenewals(world, 2);
    node.registry.remove(kept.Id, 'closed');
    await waitForTruth([node.registry], []);
    await world.recorder.until(() => world.told('connections.delete').includes(kept.Id), 'the last delete');
    expect(world.told('connections.delete')).toEqual([gone.Id, kept.Id]);
  });

  it('removes a connection again that Redis had added', async () => {
    const world = await RedisRegistryWorld.make();
    const node = await world.start();
    const hear = deafen(node, true);
    await expect(node.registry.add(aRecord(), NO_LIMITS)).rejects.toMatchObject({ code: 'unavailable' });
    hear();
    expect((await node.registry.list(aQuery())).total).toBe(1);
    await waitForTruth([node.registry], []);
    await world.recorder.until(() => world.told('connections.delete').length > 0, 'a delete');
    expect(world.told('connections.create')).toEqual(world.told('connections.delete'));
  });

  it('takes back an update that Redis had done', async () => {
    const world = await RedisRegistryWorld.make();
    const node = await world.start();
    const record = aRecord({ Principal: 'unknown' });
    await node.registry.add(record, NO_LIMITS);
    const hear = deafen(node, true);
    const update = node.registry.update({ ...record, Principal: 'user:ada' }, NO_LIMITS);
    await expect(update).rejects.toMatchObject({ code: 'unavailable' });
    hear();
    expect((await node.registry.list(aQuery())).total).toBe(1);
    await expect
      .poll(async () => (await node.registry.list(aQuery('Principal=Ne()'))).records, { timeout: 5_000 })
      .toEqual([record]);
  });
});

describe('a registry whose connection comes back', () => {
  it('finds a lost change, though the count is right', async () => {
    const world = await RedisRegistryWorld.make();
    const node = await world.start();
    const records = [aRecord(), aRecord()];
    await Promise.all(records.map((record) => node.registry.add(record, NO_LIMITS)));
    // A failover loses an addition and a removal in this way.
    const { redis, prefix } = world.world;
    const names = registryKeys(prefix);
    const [lost] = records.map(({ Id }) => Id);
    const [held = ''] = await redis.keys(`{${prefix}}:conn:node:*`);
    await redis.multi().hdel(names.rows, lost!).srem(held, lost!).sadd(held, 'ghost').exec();
    await pastRenewals(world, 2);
    expect(await redis.sismember(held, 'ghost')).toBe(1);
    node.connection.renew();
    await expect
      .poll(async () => (await redis.smembers(held)).toSorted(), { timeout: 5_000 })
      .toEqual(idsOf(records).toSorted());
    await waitForTruth([node.registry], records);
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('the registry is right again', () => {
  it('after Redis was emptied, and tells nothing of that', async () => {
    const scene = await setScene(false);
    const { world, truth } = scene;
    await world.world.redis.flushall();
    await waitForTruth(registries(scene), truth.flat());
    expect(world.told('connections.create').length).toBe(600);
    expect(world.told('presence.online').length).toBe(300);
    expect(world.told('connections.delete')).toEqual([]);
    const presence = await registries(scene)[0]!.presence('user:7');
    expect(presence).toMatchObject({ online: true, since: truth[0]![7]!.CreateTime });
    expect(presence.connections.length).toBe(2);
  });

  it('after Redis began anew without its data, and tells once which connections ended meanwhile', async () => {
    const scene = await setScene(false);
    const { server, world, truth } = scene;
    const [one, two] = registries(scene);
    await server.kill();
    await expect.poll(() => scene.nodes.every(({ connection }) => !connection.isReady)).toBe(true);
    const [gone, ...kept] = truth[0]!;
    one!.remove(gone!.Id, 'closed');
    await expect(two!.add(aRecord(), NO_LIMITS)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(two!.list(aQuery())).rejects.toMatchObject({ code: 'unavailable' });
    await expect(two!.presence('user:1')).rejects.toMatchObject({ code: 'unavailable' });
    await server.restart();
    await waitForTruth([one!, two!], [...kept, ...truth[1]!]);
    await world.recorder.until(() => world.told('connections.delete').length > 0, 'a delete');
    expect(world.told('connections.delete')).toEqual([gone!.Id]);
  });

  it('after Redis was away for longer than a lease, and takes no node for dead', async () => {
    const scene = await setScene(true);
    const { server, world, truth } = scene;
    const [one, two] = registries(scene);
    await server.stop();
    await expect.poll(() => scene.nodes.every(({ connection }) => !connection.isReady)).toBe(true);
    const gone = truth[0]!.splice(0, 50);
    for (const { Id } of gone) one!.remove(Id, 'closed');
    await pastLease();
    await server.restart();
    await waitForTruth([one!, two!], truth.flat());
    const late = aRecord();
    await two!.add(late, NO_LIMITS);
    await world.recorder.until(() => world.told('connections.create').includes(late.Id), 'the late one');
    expect(world.told('connections.create').length).toBe(601);
    expect(world.told('connections.delete').toSorted()).toEqual(idsOf(gone).toSorted());
  });

  it('after Redis hung for longer than a lease', async () => {
    const scene = await setScene(false);
    const { server, world, truth } = scene;
    const [one, two] = registries(scene);
    server.freeze();
    const late = aRecord();
    const added = two!.add(late, NO_LIMITS);
    one!.remove(truth[0]!.shift()!.Id, 'closed');
    await pastLease();
    server.thaw();
    await added;
    await waitForTruth([one!, two!], [...truth.flat(), late]);
    expect(world.told('connections.delete').length).toBe(1);
  });
});

/** Waits in real time, since leases expire by the clock of Redis, which no test can move. */
async function pastLease(): Promise<void> {
  const end = performance.now() + LEASE_MS + 300;
  await expect.poll(() => performance.now(), { timeout: 5_000 }).toBeGreaterThan(end);
}

async function pastRenewals(world: RedisRegistryWorld, count: number): Promise<void> {
  const leaseEnds = async () =>
    (await world.world.redis.zrange(`{${world.world.prefix}}:nodes`, '0', '0', 'WITHSCORES'))[1];
  for (let i = 0; i < count; i++) {
    const before = await leaseEnds();
    await expect.poll(leaseEnds, { timeout: 5_000 }).not.toBe(before);
  }
}
