import { tell } from '../support/redis-groups.ts';
import type { RedisServer } from '../support/redis-server.ts';
import type { Fault } from './fault.ts';
import { clusterOf } from './faults-masters.ts';
import type { Stage } from './stage.ts';

/** So many keys are moved at a time, as `redis-cli` does it. */
const AT_ONCE = 10;

/** Moves a slot with its keys while events are published, step by step, as `redis-cli --cluster reshard` does it. */
async function moved(stage: Stage, name: string, halfway: (step: string) => Promise<void>): Promise<void> {
  const cluster = clusterOf(stage.world);
  const [slot, from] = [await cluster.slotOf(name), await cluster.ownerOf(name)];
  const to = await anotherMaster(stage, from);
  const [fromId, toId] = await Promise.all([from, to].map((each) => tell(each, 'CLUSTER', 'MYID')));
  await tell(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId));
  await tell(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId));
  await halfway('before the first key is moved');
  for (let batch = 0; ; batch++) {
    const keys = (await tell(from, 'CLUSTER', 'GETKEYSINSLOT', slot, AT_ONCE)) as string[];
    if (keys.length === 0) break;
    await tell(from, 'MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys);
    if (batch === 0) await halfway('when some keys are moved');
  }
  await halfway('when all keys are moved');
  for (const each of [to, from]) await tell(each, 'CLUSTER', 'SETSLOT', slot, 'NODE', String(toId));
  stage.over();
}

async function anotherMaster({ world }: Stage, from: RedisServer): Promise<RedisServer> {
  const cluster = clusterOf(world);
  for (const shard of world.layout.shards.slice(1)) {
    const owner = await cluster.ownerOf(`belfry:${shard}`);
    if (owner !== from) return owner;
  }
  throw new Error('One master has all shards.');
}

/** Faults of the slots of a Cluster, which move from one master to another. */
export const SLOT_FAULTS = {
  slotMoves: {
    fact: 'the slot of a shard moves to another master and back, while events are published in it',
    state: 'Cluster',
    async strike(stage) {
      for (let time = 0; time < 2; time++) {
        await moved(stage, 'belfry:3', async () => undefined);
        await stage.flow(5);
      }
    },
  },
  slotMovesSlowly: {
    fact: 'the slot of a shard moves so slowly that publishes are refused at each step',
    state: 'Cluster',
    async strike(stage) {
      await moved(stage, 'belfry:3', () => stage.refused());
      await stage.flow(5);
    },
  },
  ownSlotMoves: {
    fact: 'the slot of the registry moves to another master',
    state: 'Cluster',
    async strike(stage) {
      await moved(stage, 'belfry', async () => undefined);
      await stage.flow(5);
    },
  },
} as const satisfies Record<string, Fault>;
