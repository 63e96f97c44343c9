import { replicated, tell, type RedisSentinels } from '../support/redis-groups.ts';
import type { RedisServer } from '../support/redis-server.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';
import { until } from './wait.ts';
import type { World } from './world.ts';

/** More than a failover takes. */
const PAUSE_MS = 30_000;

/** Each failover turns them round. */
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

/** Ends the master as soon as that can be told from a hang, and brings it back as the replica of the other. */
async function replaced({ world }: Stage, { master, replica }: Pair, ready?: () => void): Promise<void> {
  await master.kill();
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

/** What Sentinels mend. Redis replicates after it has answered, so that what the new master has is a matter of time. */
export const FAILOVER_FAULTS = {
  masterKilled: {
    fact: 'a master is killed with -9 when its replica has everything, and Sentinels name that one',
    state: 'Sentinel',
    async strike(stage) {
      const pair = await pairOf(sentinelsOf(stage.world));
      await tell(pair.master, 'CLIENT', 'PAUSE', PAUSE_MS, 'WRITE');
      await replicated(pair.master, pair.replica);
      await replaced(stage, pair);
    },
  },
  masterKilledAhead: {
    fact: 'a master is killed with -9 when its replica lacks the latest events, and Sentinels name that one',
    state: 'Sentinel',
    tellsGap: true,
    async strike(stage) {
      const pair = await pairOf(sentinelsOf(stage.world));
      // What is on its way to a replica would still arrive, so there must be no way.
      pair.replica.freeze();
      await tell(pair.master, 'CLIENT', 'KILL', 'TYPE', 'replica');
      await stage.flow(10);
      await replaced(stage, pair, () => pair.replica.thaw());
    },
  },
} as const satisfies Record<string, Fault>;
