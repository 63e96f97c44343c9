import { replicated, tell, type RedisSentinels } from '../support/redis-groups.ts';
import type { RedisServer } from '../support/redis-server.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';
import { until } from './wait.ts';
import type { World } from './world.ts';

/** A failover takes less time than this. */
const PAUSE_MS = 30_000;

/** The two Redis processes by their present roles, which each failover swaps. */
interface Pair {
  readonly master: RedisServer;
  readonly replica: RedisServer;
}

async function pairOf({ master, replica }: RedisSentinels): Promise<Pair> {
  const [role] = (await tell(master, 'ROLE')) as [string];
  return role === 'master' ? { master, replica } : { master: replica, replica: master };
}

function sentinelsOf({ sentinels }: World): RedisSentinels {
  if (sentinels === undefined) throw new Error('This world has no Sentinels.');
  return sentinels;
}

/** Kills the master, waits for the failover, and brings the old master back as the replica of the new one. */
async function replaced(stage: Stage, { master, replica }: Pair, ready?: () => void): Promise<void> {
  const { world } = stage;
  await master.kill();
  stage.over();
  ready?.();
  await world.noticed();
  await world.recovered();
  await master.restart();
  await tell(master, 'REPLICAOF', '127.0.0.1', replica.port);
  await until('the Sentinels know a replica again', () => knowReplica(sentinelsOf(world)));
  await replicated(replica, master);
}

async function knowReplica({ sentinels }: RedisSentinels): Promise<boolean> {
  const known = await Promise.all(sentinels.map((each) => tell(each, 'SENTINEL', 'REPLICAS', 'hub')));
  return (known as string[][][]).every(([fields = []]) => fields[fields.indexOf('flags') + 1] === 'slave');
}

/** Faults that Sentinels repair. Redis replicates after it has answered, so the new master may lack the latest writes. */
export const FAILOVER_FAULTS = {
  masterKilled: {
    fact: 'a master is killed with -9 when its replica has everything, and Sentinels promote the replica',
    state: 'Sentinel',
    async strike(stage) {
      const pair = await pairOf(sentinelsOf(stage.world));
      await tell(pair.master, 'CLIENT', 'PAUSE', PAUSE_MS, 'WRITE');
      await replicated(pair.master, pair.replica);
      await replaced(stage, pair);
    },
  },
  masterKilledAhead: {
    fact: 'a master is killed with -9 when its replica lacks the latest events, and Sentinels promote the replica',
    state: 'Sentinel',
    tellsGap: true,
    async strike(stage) {
      const pair = await pairOf(sentinelsOf(stage.world));
      // Data under way to a replica would still arrive, so the replica is suspended and its connection is ended.
      pair.replica.freeze();
      await tell(pair.master, 'CLIENT', 'KILL', 'TYPE', 'replica');
      await stage.flow(10);
      await replaced(stage, pair, () => pair.replica.thaw());
    },
  },
} as const satisfies Record<string, Fault>;
