import { replicated, tell } from '../support/redis-groups.ts';
import type { RedisServer } from '../support/redis-server.ts';
import type { Fault } from './fault.ts';
import type { FaultCluster } from './fault-cluster.ts';
import type { Publisher } from './publisher.ts';
import type { Stage } from './stage.ts';
import { until } from './wait.ts';
import type { Site, World } from './world.ts';

/** A failover takes less time than this. */
const PAUSE_MS = 30_000;
type Pair = readonly [master: RedisServer, replica: RedisServer];

/** What stands in the braces of the keys of shard 0, in which the registry is. */
const REGISTRY = 'belfry';

export function clusterOf({ cluster }: World): FaultCluster {
  if (cluster === undefined) throw new Error('This world has no Cluster.');
  return cluster;
}

/** The master of the registry with its replica. */
async function registryPairOf(world: World): Promise<Pair> {
  const cluster = clusterOf(world);
  const master = await cluster.ownerOf(REGISTRY);
  return [master, await cluster.replicaOf(master)];
}

/** A master of some events, which has not the registry, with its replica. */
async function pairOf(world: World): Promise<Pair> {
  const cluster = clusterOf(world);
  const registry = await cluster.ownerOf(REGISTRY);
  for (const shard of world.layout.shards.slice(1)) {
    const master = await cluster.ownerOf(`${REGISTRY}:${shard}`);
    if (master !== registry) return [master, await cluster.replicaOf(master)];
  }
  throw new Error('One master has all shards.');
}

/** The publishers whose events need no more than masters other than this one. */
async function publishersPast({ world, publishers }: Stage, master: RedisServer): Promise<Publisher[]> {
  const cluster = clusterOf(world);
  const owners = new Map<string, RedisServer>();
  for (const shard of world.layout.shards) {
    const name = shard === 0 ? 'belfry' : `belfry:${shard}`;
    owners.set(name, await cluster.ownerOf(name));
  }
  return publishers.filter(
    ({ part: { type }, entryPoint }) =>
      entryPoint.isPerShard &&
      (entryPoint.needsOwnShard !== true || owners.get('belfry') !== master) &&
      world.layout.shardsOfType(type).every((shard) => owners.get(`belfry:${shard}`) !== master),
  );
}

/** Waits until this server has taken the place of its master. */
async function promoted({ world }: Stage, server: RedisServer): Promise<void> {
  await until(`the server on port ${server.port} is a master`, () => clusterOf(world).isMaster(server));
}

/** Waits until the events of publishers past a fault go on without a refusal, and reach the clients that want them. */
async function goesOnPast(stage: Stage, master: RedisServer, count: number): Promise<void> {
  const others = await publishersPast(stage, master);
  if (others.length === 0) throw new Error('All publishers need this master.');
  const refusedBy = (): number => others.reduce((sum, { refused }) => sum + refused, 0);
  const before = refusedBy();
  await stage.flow(count, others);
  if (refusedBy() > before)
    throw new Error(`publishes past the fault were refused ${refusedBy() - before} times`);
  await stage.hears(others);
}

/** Breaks the network between some nodes and a master, until the events of the other masters have gone on and it was felt. */
async function cutFrom(
  stage: Stage,
  sites: readonly Site[],
  [master]: Pair,
  felt: () => Promise<void>,
): Promise<void> {
  for (const { toServer } of sites) toServer.get(master)?.refuse();
  await goesOnPast(stage, master, 10);
  await felt();
  for (const { toServer } of sites) toServer.get(master)?.heal();
  stage.over();
}

/** One node does not reach a master. It says that it is not ready, since the other node is. */
function cutFromOne(stage: Stage, pair: Pair): Promise<void> {
  const sites = stage.world.sites.slice(0, 1);
  return cutFrom(stage, sites, pair, () => stage.world.noticed(sites));
}

/** Faults of one of three masters, while the others go on. */
export const MASTER_FAULTS = {
  oneMasterKilled: {
    fact: 'one of three masters is killed with -9 when its replica has everything, and the replica takes its place',
    state: 'Cluster',
    async strike(stage) {
      const { world } = stage;
      const [master, replica] = await pairOf(world);
      await tell(master, 'CLIENT', 'PAUSE', PAUSE_MS, 'WRITE');
      await replicated(master, replica);
      await master.kill();
      stage.over();
      await goesOnPast(stage, master, 3);
      await promoted(stage, replica);
      await stage.flow(5);
      await master.restart();
      await clusterOf(world).rejoined(master);
    },
  },
  oneMasterKilledAhead: {
    fact: 'one of three masters is killed with -9 when its replica lacks the latest events, and the replica takes its place',
    state: 'Cluster',
    tellsGap: true,
    async strike(stage) {
      const { world } = stage;
      const [master, replica] = await pairOf(world);
      // Data under way to a replica would still arrive, so the replica is suspended and its connection is ended.
      replica.freeze();
      await tell(master, 'CLIENT', 'KILL', 'TYPE', 'replica');
      await stage.flow(10);
      await master.kill();
      stage.over();
      replica.thaw();
      await promoted(stage, replica);
      await stage.flow(5);
      await master.restart();
      await clusterOf(world).rejoined(master);
    },
  },
  ownMasterKilled: {
    fact: 'the master of the registry is killed with -9 when its replica has everything, and the replica takes its place',
    state: 'Cluster',
    async strike(stage) {
      const { world } = stage;
      const [master, replica] = await registryPairOf(world);
      await tell(master, 'CLIENT', 'PAUSE', PAUSE_MS, 'WRITE');
      await replicated(master, replica);
      await master.kill();
      stage.over();
      await goesOnPast(stage, master, 3);
      await world.recovered();
      await master.restart();
      await clusterOf(world).rejoined(master);
    },
  },
  masterFailedOver: {
    fact: 'an operator swaps a master and its replica by CLUSTER FAILOVER, and back',
    state: 'Cluster',
    async strike(stage) {
      for (let time = 0; time < 2; time++) {
        const [master, replica] = await pairOf(stage.world);
        await tell(replica, 'CLUSTER', 'FAILOVER');
        stage.over();
        await promoted(stage, replica);
        await stage.flow(5);
        await clusterOf(stage.world).rejoined(master);
      }
    },
  },
  masterHangs: {
    fact: 'one of three masters hangs by SIGSTOP, its replica takes its place, and it goes on',
    state: 'Cluster',
    // What waits in the sockets of the master is carried out when it goes on, and then is lost.
    tellsGap: 'perhaps',
    async strike(stage) {
      const { world } = stage;
      const [master, replica] = await pairOf(world);
      master.freeze();
      await goesOnPast(stage, master, 3);
      await promoted(stage, replica);
      await stage.flow(5);
      master.thaw();
      stage.over();
      await clusterOf(world).rejoined(master);
    },
  },
  masterSlow: {
    fact: 'every exchange between nodes and one of three masters takes 200 ms longer',
    state: 'Cluster',
    async strike(stage) {
      const [master] = await pairOf(stage.world);
      const networks = stage.world.sites.map(({ toServer }) => toServer.get(master));
      for (const network of networks) network?.delay(100);
      await goesOnPast(stage, master, 10);
      await stage.flow(5);
      for (const network of networks) network?.heal();
      stage.over();
    },
  },
  masterCut: {
    fact: 'no node reaches one of three masters',
    state: 'Cluster',
    // The nodes are ready for the shards of the other masters, since no node has more.
    strike: async (stage) =>
      cutFrom(stage, stage.world.sites, await pairOf(stage.world), () => stage.world.recovered()),
  },
  nodeBeginsWithoutMaster: {
    fact: 'a node is killed with -9 and comes back while no node reaches one of three masters',
    state: 'Cluster',
    strike: async (stage) =>
      cutFrom(stage, stage.world.sites, await pairOf(stage.world), async () => {
        const [{ hub }] = stage.world.sites;
        await hub.kill();
        await hub.start();
      }),
  },
  masterCutFromOne: {
    fact: 'one node does not reach one of three masters',
    state: 'Cluster',
    strike: async (stage) => cutFromOne(stage, await pairOf(stage.world)),
  },
  ownMasterCutFromOne: {
    fact: 'one node does not reach the master of the registry',
    state: 'Cluster',
    strike: async (stage) => cutFromOne(stage, await registryPairOf(stage.world)),
  },
} as const satisfies Record<string, Fault>;
