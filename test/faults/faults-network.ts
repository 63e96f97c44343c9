import type { Fault } from './fault.ts';
import type { Networks } from './networks.ts';
import type { FaultProxy } from './proxy.ts';
import type { Stage } from './stage.ts';
import { until } from './wait.ts';
import type { Site } from './world.ts';

type Network = (site: Site) => FaultProxy | Networks;

const toRedis: Network = (site) => site.toRedis;
const toClients: Network = (site) => site.toClients;

/** Breaks the network of every node, and heals it once `felt` has seen the effect. */
function each(
  network: Network,
  breakIt: (network: FaultProxy | Networks) => void,
  felt: (stage: Stage) => Promise<void>,
) {
  return async (stage: Stage): Promise<void> => {
    const proxies = stage.world.sites.map(network);
    for (const proxy of proxies) breakIt(proxy);
    await felt(stage);
    for (const proxy of proxies) proxy.heal();
    stage.over();
  };
}

const goesOn = (stage: Stage): Promise<void> => stage.flow(10);
const isNoticed = ({ world }: Stage): Promise<void> => world.noticed();

/** Breaks something, and waits until every client has subscribed anew. */
async function resubscribed(stage: Stage, breakIt: () => void): Promise<void> {
  const { clients } = stage;
  const before = clients.map(({ subscribed }) => subscribed);
  breakIt();
  stage.over();
  await until('every client has subscribed anew', () =>
    clients.every(({ subscribed }, index) => subscribed > (before[index] ?? 0)),
  );
}

/** The faults of the networks between a node and its Redis, and between a node and its clients. */
export const NETWORK_FAULTS = {
  redisCut: {
    fact: 'every connection between nodes and Redis is cut, again and again',
    async strike(stage) {
      for (let time = 0; time < 5; time++) {
        for (const { toRedis: proxy } of stage.world.sites) proxy.cut();
        stage.over();
        await stage.flow(3);
      }
    },
  },
  redisUnreachable: {
    fact: 'Redis cannot be reached for a while',
    strike: each(toRedis, (proxy) => proxy.refuse(), isNoticed),
  },
  redisUnreachableForOne: {
    fact: 'Redis cannot be reached by one node, while the other publishes',
    async strike(stage) {
      const [site] = stage.world.sites;
      site.toRedis.refuse();
      await stage.world.noticed([site]);
      await stage.flow(20);
      site.toRedis.heal();
      stage.over();
    },
  },
  redisSlow: {
    fact: 'every exchange between nodes and Redis takes 200 ms longer',
    strike: each(toRedis, (proxy) => proxy.delay(100), goesOn),
  },
  redisThrottled: {
    fact: 'each connection between nodes and Redis carries only 20 kB a second',
    strike: each(toRedis, (proxy) => proxy.throttle(20_000), goesOn),
  },
  redisHalfClosed: {
    fact: 'Redis ends its half of every connection',
    strike: each(toRedis, (proxy) => proxy.halfClose('near'), goesOn),
  },
  nodeHalfClosed: {
    fact: 'nodes end their half of every connection to Redis',
    strike: each(toRedis, (proxy) => proxy.halfClose('far'), goesOn),
  },
  redisSwallowed: {
    fact: 'all data between nodes and Redis is swallowed while the connections stay open',
    strike: each(toRedis, (proxy) => proxy.swallow(), isNoticed),
  },
  clientsCut: {
    fact: 'every connection of a client is cut, again and again',
    async strike(stage) {
      for (let time = 0; time < 3; time++) {
        await resubscribed(stage, () => {
          for (const { toClients: proxy } of stage.world.sites) proxy.cut();
        });
      }
    },
  },
  clientsSlow: {
    fact: 'every exchange between nodes and clients takes 300 ms longer',
    strike: each(toClients, (proxy) => proxy.delay(150), goesOn),
  },
  clientsThrottled: {
    fact: 'each connection between nodes and clients carries only 20 kB a second',
    strike: each(toClients, (proxy) => proxy.throttle(20_000), goesOn),
  },
  clientsOverwhelmed: {
    fact: 'publishers send more than clients read, so that clients are closed as too slow, and resume',
    async strike(stage) {
      const { world, publishers } = stage;
      for (const { toClients: proxy } of world.sites) proxy.throttle(500_000);
      for (const publisher of publishers) publisher.ballastBytes = 50_000;
      await until('clients are closed as too slow', async () => {
        const closes = world.sites.map(({ hub }) => hub.metric('belfry_slow_closes_total'));
        return (await Promise.all(closes)).some((count) => count > 0);
      });
      for (const publisher of publishers) publisher.ballastBytes = 0;
      for (const { toClients: proxy } of world.sites) proxy.heal();
      stage.over();
    },
  },
  clientsHalfClosed: {
    fact: 'nodes end their half of every connection of a client',
    strike: (stage) =>
      resubscribed(stage, () => {
        for (const { toClients: proxy } of stage.world.sites) proxy.halfClose('near');
      }),
  },
  hubHalfClosed: {
    fact: 'clients end their half of every connection',
    strike: (stage) =>
      resubscribed(stage, () => {
        for (const { toClients: proxy } of stage.world.sites) proxy.halfClose('far');
      }),
  },
  clientsSwallowed: {
    fact: 'all data between one node and its clients is swallowed while the connections stay open',
    async strike(stage) {
      const [{ toClients: proxy, url }] = stage.world.sites;
      proxy.swallow();
      stage.over();
      await until('every client has gone to the other node', () =>
        stage.clients.every((client) => client.url !== undefined && client.url !== url),
      );
      proxy.heal();
    },
  },
} as const satisfies Record<string, Fault>;
