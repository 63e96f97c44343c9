import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';

async function restarted({ world }: Stage, how: 'stop' | 'kill'): Promise<void> {
  await world.redis[how]();
  await world.noticed();
  await world.redis.restart();
}

/** What the log cannot help against: whoever missed something must be told. */
export const LOG_FAULTS = {
  logKilled: {
    fact: 'Redis without AOF is killed with -9 and comes back empty',
    state: 'no AOF',
    tellsGap: true,
    strike: (stage) => restarted(stage, 'kill'),
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
      await stage.flow(10);
    },
  },
  logTrimmed: {
    fact: 'the log is trimmed beyond the clients that are away',
    tellsGap: true,
    async strike(stage) {
      const { sites, admin } = stage.world;
      for (const { toClients, toRedis } of sites) {
        toClients.refuse();
        toRedis.refuse();
      }
      // Whoever publishes past the nodes.
      await stage.flow(
        20,
        stage.publishers.filter(({ door }) => door.passesNodes),
      );
      await admin.xtrim('{belfry}:log', 'MAXLEN', 1);
      for (const { toClients, toRedis } of sites) {
        toClients.heal();
        toRedis.heal();
      }
    },
  },
} as const satisfies Record<string, Fault>;
