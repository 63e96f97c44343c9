import { Cluster } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { START } from '../../src/model/cursor.ts';
import { Retention } from '../../src/model/retention.ts';
import { startCluster, startSentinels, replicated, tell } from '../support/redis-groups.ts';
import { HAS_REDIS_SERVER, randomPrefix, type RedisServer } from '../support/redis.ts';
import { all, event } from './contract.ts';
import { flood } from './flood.ts';
import { publishRefusalOf, unavailable, unknown } from './refusal.ts';
import { RedisWorld } from './redis-world.ts';

const NEEDS = '(needs a redis-server on the PATH)';
/** The time that Redis needs to notice that a master is gone, and to agree on another. */
const FAILOVER = { timeout: 25_000 };
const QUICK = { commandTimeoutMs: 400 };

/** A master that can be lost, with a replica, behind Sentinel and on a Cluster. */
interface Group {
  readonly world: RedisWorld;
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** Replaces a healthy master, as an operator does. */
  readonly replace: () => Promise<unknown>;
  /** From now on no replica replaces a silent master. */
  readonly hold: () => Promise<unknown>;
}

async function sentinelGroup(): Promise<Group> {
  const group = await startSentinels();
  const { url, master, replica, sentinels } = group;
  return {
    world: new RedisWorld(url, master.url),
    master,
    replica,
    replace: () => tell(sentinels[0] as RedisServer, 'SENTINEL', 'FAILOVER', 'hub'),
    hold: () => group.setPatience(600_000),
  };
}

async function clusterGroup(): Promise<Group> {
  const cluster = await startCluster();
  const prefix = randomPrefix();
  const master = await cluster.ownerOf(prefix);
  const replica = await cluster.addReplicaOf(prefix);
  return {
    world: new RedisWorld(cluster.url, master.url, prefix),
    master,
    replica,
    replace: () => tell(replica, 'CLUSTER', 'FAILOVER'),
    hold: () => replica.kill(),
  };
}

/** The connections of the nodes. */
async function namesOn(server: RedisServer): Promise<string[]> {
  const list = String(await tell(server, 'CLIENT', 'LIST'));
  return [...list.matchAll(/ name=(belfry-\S+)/g)].map(([, name = '']) => name).toSorted();
}

const isReady = (node: { ready: () => Promise<void> }): Promise<unknown> => publishRefusalOf(node.ready());

describe.skipIf(!HAS_REDIS_SERVER).each([
  ['Sentinel', sentinelGroup],
  ['a Cluster', clusterGroup],
])(`a node of %s ${NEEDS}`, { timeout: 60_000 }, (_name, makeGroup) => {
  it('neither loses nor repeats a replicated event when its master is killed, and goes on by itself', async () => {
    const { world, master, replica } = await makeGroup();
    const [one, two] = [await world.start(QUICK), await world.start(QUICK)];
    const end = flood(one.broker);
    await two.recorder.count(200);
    const before = await end();
    await replicated(master, replica);
    await master.kill();
    await expect.poll(() => isReady(one.broker)).toEqual(unavailable(''));
    expect(await publishRefusalOf(one.broker.publish([event('meanwhile')]))).toEqual(unavailable(''));
    for (const { broker } of [one, two]) await expect.poll(() => isReady(broker), FAILOVER).toBe('accepted');
    const after = await two.broker.publish([event('after')]);
    const called = await tell(
      replica,
      'FCALL',
      'belfry_publish',
      1,
      world.log,
      JSON.stringify(event('called')),
    );
    const ids = [...before, ...after, ...(called as string[])];
    for (const { broker, recorder } of [one, two]) {
      await recorder.key('called');
      expect(recorder.ids).toEqual(ids);
      expect((await all(broker.after(START))).map(({ id }) => id)).toEqual(ids);
    }
    const lost = world.said(40).filter((line) => line.includes('is lost')).length;
    // The connections for commands, reads and the subscriber; that of the ingress may not have had its first answer
    // yet.
    expect([6, 7, 8]).toContain(lost);
  });

  it('tells a gap when the new master lacks events that were heard', async () => {
    const { world, master, replica } = await makeGroup();
    const { broker, recorder } = await world.start(QUICK);
    const [kept] = await broker.publish([event('kept')]);
    await replicated(master, replica);
    // Writes on their way to a replica would still arrive, so the replica is cut off first.
    replica.freeze();
    await tell(master, 'CLIENT', 'KILL', 'TYPE', 'replica');
    const [lost] = await broker.publish([event('lost')]);
    await recorder.key('lost');
    await master.kill();
    replica.thaw();
    await expect.poll(() => isReady(broker), FAILOVER).toBe('accepted');
    await broker.publish([event('new')]);
    await recorder.key('new');
    expect(recorder.events).toMatchObject([
      { key: 'kept', id: kept },
      { key: 'lost', id: lost },
      { type: 'belfry', action: 'gap', key: lost, object: { from: lost, to: kept, reason: 'log lost' } },
      { key: 'new', previous: kept },
    ]);
  });

  it('moves all its connections when an operator names another master', async () => {
    const { world, master, replica, replace } = await makeGroup();
    const { broker, recorder } = await world.start(QUICK);
    await broker.publish([event('before')]);
    await replicated(master, replica);
    await replace();
    const names = ['belfry-commands', 'belfry-ingress', 'belfry-reads', 'belfry-subscriber'];
    await expect
      .poll(() => publishRefusalOf(broker.publish([event('x')])).then(() => namesOn(replica)), FAILOVER)
      .toEqual(names);
    await expect.poll(() => isReady(broker), FAILOVER).toBe('accepted');
    await broker.publish([event('end')]);
    await recorder.key('end');
    expect(new Set(recorder.ids).size).toBe(recorder.ids.length);
  });

  it('is not ready while its master hangs, waits for it no longer than the time limit, and goes on when it is back', async () => {
    const { world, master, hold } = await makeGroup();
    await hold();
    const retention = new Retention([{ pattern: 'x.*.*', latest: true }]);
    const { broker, recorder } = await world.start({ ...QUICK, retention });
    master.freeze();
    expect(await publishRefusalOf(broker.publish([event('hangs')]))).toEqual(unknown);
    const refusals = [
      isReady(broker),
      publishRefusalOf(broker.latest('x')),
      publishRefusalOf(all(broker.after(START))),
    ];
    for (const refusal of await Promise.all(refusals)) expect(refusal).toEqual(unavailable(''));
    master.thaw();
    await expect.poll(() => isReady(broker), FAILOVER).toBe('accepted');
    await broker.publish([event('after')]);
    expect((await recorder.key('after')).map(({ key }) => key)).toContain('after');
  });
});

describe.skipIf(!HAS_REDIS_SERVER)(`behind Sentinel ${NEEDS}`, { timeout: 60_000 }, () => {
  it('a node leaves the old master as soon as another is named, though the old one still answers', async () => {
    const { world, master, replica, replace } = await sentinelGroup();
    await world.start(QUICK);
    await replace();
    await expect.poll(() => namesOn(replica), FAILOVER).toHaveLength(4);
    expect(await tell(master, 'ROLE')).toContain('master');
  });

  it('a node never takes a replica for the master, whoever names it', async () => {
    const { world, master, hold } = await sentinelGroup();
    await hold();
    const { broker, recorder } = await world.start(QUICK);
    await tell(master, 'REPLICAOF', '127.0.0.1', 1);
    await expect
      .poll(() => publishRefusalOf(broker.publish([event('x')])))
      .toEqual(unavailable('is not connected'));
    expect(await isReady(broker)).toEqual(unavailable('is not connected'));
    const late = world.node({ connectTimeoutMs: 500 });
    const refusal = await publishRefusalOf(late.start(() => false));
    expect(refusal).toEqual(unavailable('What was named as the master is a slave'));
    await tell(master, 'REPLICAOF', 'NO', 'ONE');
    await expect.poll(() => isReady(broker), FAILOVER).toBe('accepted');
    await broker.publish([event('after')]);
    await recorder.key('after');
  });

  it('a Sentinel that hangs or is gone does not delay a node', async () => {
    const { url, master, sentinels } = await startSentinels();
    sentinels[0]?.freeze();
    await sentinels[1]?.kill();
    const world = new RedisWorld(url, master.url);
    const { broker } = await world.start({ commandTimeoutMs: 60_000 });
    expect(await isReady(broker)).toBe('accepted');
    sentinels[0]?.thaw();
  });

  it('a node lets its process end by itself, whether the Sentinels answer or hang', async () => {
    const { url, master, sentinels } = await startSentinels();
    const world = new RedisWorld(url, master.url);
    expect(await world.shortLife()).toBe('stopped');
    for (const sentinel of sentinels) sentinel.freeze();
    expect(await world.shortLife({ connectTimeoutMs: 300 })).toMatch(/^unavailable: /);
    for (const sentinel of sentinels) sentinel.thaw();
  });

  it('a node does not start when no Sentinel knows the master, and says so without a password', async () => {
    const { url, sentinels } = await startSentinels();
    await sentinels[1]?.kill();
    const world = new RedisWorld(`${url.replace('//', '//:geheim@')}2&sentinelPassword=`, sentinels[0]?.url);
    const refusal = await publishRefusalOf(world.node({ connectTimeoutMs: 500 }).start(() => false));
    expect(refusal).toEqual(unavailable('nobody knows the master (127.0.0.1:'));
    expect(refusal).toEqual(unavailable('knows no master "hub2"'));
    expect(refusal).toEqual(unavailable('connect ECONNREFUSED'));
    expect(`${String(refusal)} ${JSON.stringify(world.logged)}`).not.toContain('geheim');
  });
});

describe.skipIf(!HAS_REDIS_SERVER)(`on a Cluster ${NEEDS}`, { timeout: 60_000 }, () => {
  it('a node hears what any client publishes at any server of the Cluster', async () => {
    const cluster = await startCluster();
    const world = new RedisWorld(cluster.url, cluster.masters[0]?.url);
    const { recorder } = await world.start();
    for (const [i, master] of cluster.masters.entries()) {
      await tell(master, 'PUBLISH', `${world.prefix}:events`, JSON.stringify(event(`${i}`)));
      await recorder.key(`${i}`);
    }
    const client = new Cluster([{ host: '127.0.0.1', port: cluster.masters[0]?.port as number }]);
    onTestFinished(() => client.disconnect());
    const ids = await client.call('FCALL', 'belfry_publish', 1, world.log, JSON.stringify(event('called')));
    await recorder.key('called');
    expect(recorder.keys).toEqual(['0', '1', '2', 'called']);
    expect(recorder.ids.at(-1)).toBe((ids as string[])[0]);
  });

  it('a node waits for a Cluster that has failed, and logs that once', async () => {
    const cluster = await startCluster();
    const prefix = randomPrefix();
    const owner = await cluster.ownerOf(prefix);
    const world = new RedisWorld(cluster.url, owner.url, prefix);
    const { broker, recorder } = await world.start(QUICK);
    const others = cluster.masters.filter((master) => master !== owner);
    for (const other of others) other.freeze();
    const publish = () => publishRefusalOf(broker.publish([event('x')]));
    await expect.poll(publish, FAILOVER).toEqual(unavailable('CLUSTERDOWN'));
    await expect.poll(publish).toEqual(unavailable('is not connected'));
    expect(await isReady(broker)).toEqual(unavailable('is not connected'));
    const late = world.node({ ...QUICK, connectTimeoutMs: 1_500 });
    const refusal = await publishRefusalOf(
      late.start(() => false),
      5_000,
    );
    expect(refusal).toEqual(unavailable('sees the cluster as failed'));
    for (const other of others) other.thaw();
    await expect.poll(() => isReady(broker), FAILOVER).toBe('accepted');
    await broker.publish([event('after')]);
    await recorder.key('after');
    const saying = (words: string): Set<string | undefined> =>
      new Set(world.logged.filter(({ msg }) => msg.startsWith(words)).map(({ connection }) => connection));
    const lost = world.said().filter((line) => line.startsWith('the connection to Redis is lost'));
    expect(lost).toHaveLength(saying('the connection to Redis is lost').size);
    expect([...saying('the connection to Redis is lost')]).toEqual(
      expect.arrayContaining(['commands', 'ingress']),
    );
    await expect
      .poll(() => saying('the connection to Redis is back'))
      .toEqual(saying('the connection to Redis is lost'));
  });

  it('a node lets its process end by itself', async () => {
    const { url, masters } = await startCluster();
    expect(await new RedisWorld(url, masters[0]?.url).shortLife()).toBe('stopped');
  });

  it('a node follows its slot to another master, and loads the function there', async () => {
    const cluster = await startCluster();
    const prefix = randomPrefix();
    const owner = await cluster.ownerOf(prefix);
    const world = new RedisWorld(cluster.url, owner.url, prefix);
    const { broker, recorder } = await world.start(QUICK);
    await broker.publish([event('before')]);
    const other = cluster.masters.find((master) => master !== owner) as RedisServer;
    await cluster.moveSlot(prefix, other);
    await expect.poll(() => publishRefusalOf(broker.publish([event('after')])), FAILOVER).toBe('accepted');
    await expect.poll(() => namesOn(other), FAILOVER).toHaveLength(4);
    await expect.poll(() => isReady(broker), FAILOVER).toBe('accepted');
    const call = () => tell(other, 'FCALL', 'belfry_publish', 1, world.log, JSON.stringify(event('called')));
    await expect.poll(() => publishRefusalOf(call())).toBe('accepted');
    await recorder.key('called');
    expect(recorder.keys).toEqual(['before', 'after', 'called']);
    expect(recorder.events).toEqual(await all(broker.after(START)));
  });
});
