import { tell, type RedisSentinels } from '../support/redis-groups.ts';
import type { RedisServer } from '../support/redis-server.ts';
import type { Fault } from './fault.ts';
import { until } from './wait.ts';

async function masterPort({ sentinels: [first] }: RedisSentinels): Promise<number> {
  if (first === undefined) throw new Error('There is no Sentinel.');
  const [, port] = (await tell(first, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'hub')) as string[];
  return Number(port);
}

async function replicates(server: RedisServer): Promise<boolean> {
  return String(await tell(server, 'INFO', 'replication')).includes('master_link_status:up');
}

/** What can happen to a Redis that others replace; what they had not replicated yet is lost with it. */
export const SENTINEL_FAULTS = {
  masterReplaced: {
    fact: 'the master is killed with -9, Sentinel puts its replica in its place, and it comes back as a replica',
    state: 'Sentinel',
    tellsGap: 'maybe',
    async strike(stage) {
      const { group } = stage.world;
      if (group === undefined) throw new Error('There are no Sentinels.');
      const port = await masterPort(group);
      const master = group.master.port === port ? group.master : group.replica;
      await master.kill();
      await until('the replica is the master', async () => (await masterPort(group)) !== port);
      await stage.flow(10);
      await master.restart();
      await until('the old master replicates', () => replicates(master), 60_000);
    },
  },
} as const satisfies Record<string, Fault>;
