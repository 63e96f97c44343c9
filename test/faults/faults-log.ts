import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';
import type { World } from './world.ts';

async function restarted(stage: Stage, how: 'stop' | 'kill'): Promise<void> {
  const { world } = stage;
  await world.redis[how]();
  await world.noticed();
  await world.redis.restart();
  stage.over();
}

/** Waits until publishers that write to Redis directly have published more, while the nodes are cut off. */
async function flowPast(stage: Stage, count: number): Promise<void> {
  await stage.flow(
    count,
    stage.publishers.filter(({ entryPoint }) => entryPoint.passesNodes),
  );
}

/** Keeps every client away while something happens, so that none of them hears it live. */
async function whileAway(stage: Stage, happens: () => Promise<void>): Promise<void> {
  const proxies = stage.world.sites.map(({ toClients }) => toClients);
  for (const proxy of proxies) proxy.refuse();
  await flowPast(stage, 10);
  await happens();
  for (const proxy of proxies) proxy.heal();
  stage.over();
}

/** Copies the files of Redis on its disk. The returned function puts them back in their place. */
async function backup({ admin }: World): Promise<() => Promise<void>> {
  const [, directory = ''] = await admin.config('GET', 'dir');
  const [kept, copy] = [join(directory, 'appendonlydir'), join(directory, 'backup')];
  await rm(copy, { recursive: true, force: true });
  await cp(kept, copy, { recursive: true });
  return async () => {
    await rm(kept, { recursive: true });
    await cp(copy, kept, { recursive: true });
  };
}

/** Faults against which the log cannot help, so that each client that missed something must be told. */
export const LOG_FAULTS = {
  logKilled: {
    fact: 'Redis without AOF is killed with -9 and comes back empty',
    state: 'no AOF',
    tellsGap: true,
    strike: (stage) => restarted(stage, 'kill'),
  },
  logKilledWhileAway: {
    fact: 'Redis without AOF is killed with -9 and comes back empty while all clients are away',
    state: 'no AOF',
    tellsGap: true,
    strike: (stage) =>
      whileAway(stage, async () => {
        await restarted(stage, 'kill');
        await stage.world.recovered();
        await flowPast(stage, 10);
      }),
  },
  logStopped: {
    fact: 'Redis without AOF is stopped and comes back empty',
    state: 'no AOF',
    tellsGap: true,
    strike: (stage) => restarted(stage, 'stop'),
  },
  logFlushed: {
    fact: 'somebody empties Redis by FLUSHALL',
    tellsGap: true,
    async strike(stage) {
      await stage.world.admin.flushall();
      stage.over();
      await stage.flow(10);
    },
  },
  logRestored: {
    fact: 'Redis comes back from a backup that lacks the latest events, as after a failover with loss',
    state: 'AOF',
    tellsGap: true,
    async strike(stage) {
      const { world } = stage;
      const restore = await backup(world);
      await stage.flow(10);
      await whileAway(stage, async () => {
        await world.redis.kill();
        await world.noticed();
        await restore();
        await world.redis.restart();
        await world.recovered();
        await flowPast(stage, 10);
        // This node has to read all its events from the log, while the other node has them in memory.
        await world.sites[0].hub.kill();
        await world.sites[0].hub.start();
      });
    },
  },
  logTrimmed: {
    fact: 'the log is trimmed beyond the clients and nodes that are away',
    tellsGap: true,
    strike: (stage) =>
      whileAway(stage, async () => {
        for (const { toRedis } of stage.world.sites) toRedis.refuse();
        await flowPast(stage, 10);
        await stage.world.admin.xtrim('{belfry}:log', 'MAXLEN', 1);
        for (const { toRedis } of stage.world.sites) toRedis.heal();
      }),
  },
} as const satisfies Record<string, Fault>;
