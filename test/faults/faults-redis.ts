import { execFileSync } from 'node:child_process';
import type { Fault } from './fault.ts';
import { until } from './wait.ts';
import type { Stage } from './stage.ts';
import type { World } from './world.ts';

/** Waits until both nodes listen to Redis again. */
async function listening(world: World): Promise<void> {
  await until('every node listens again', async () => {
    const told = (await world.tellMasters('PUBSUB', 'NUMSUB', 'belfry:events')) as [string, number][];
    return told.reduce((sum, [, count]) => sum + count, 0) === 2;
  });
}

/** Ends every connection of this type, except the one that gives the command. */
async function ended(world: World, type: 'pubsub' | 'normal'): Promise<void> {
  await world.tellMasters('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
}

async function subscribers({ admin }: World): Promise<readonly string[]> {
  const list = String(await admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
  return [...list.matchAll(/^id=(\d+)/gm)].map(([, id = '']) => id);
}

async function restarted(stage: Stage, how: 'stop' | 'kill'): Promise<void> {
  const { world } = stage;
  await world.redis[how]();
  await world.noticed();
  await world.redis.restart();
  stage.over();
}

/** The faults of a Redis by which it loses no data. */
export const REDIS_FAULTS = {
  redisKilled: {
    fact: 'Redis is killed with -9 and comes back with its AOF',
    state: 'AOF',
    strike: (stage) => restarted(stage, 'kill'),
  },
  redisStopped: {
    fact: 'Redis is stopped and comes back with its AOF',
    state: 'AOF',
    strike: (stage) => restarted(stage, 'stop'),
  },
  redisHangs: {
    fact: 'Redis hangs by SIGSTOP and goes on',
    async strike(stage) {
      const { world } = stage;
      world.redis.freeze();
      await world.noticed();
      world.redis.thaw();
      stage.over();
    },
  },
  redisPauses: {
    fact: 'Redis keeps every command waiting by CLIENT PAUSE',
    async strike(stage) {
      await stage.world.tellMasters('CLIENT', 'PAUSE', 1_000, 'ALL');
      stage.over();
      await stage.flow(10);
    },
  },
  subscribersKilled: {
    fact: 'Redis ends all subscribers by CLIENT KILL TYPE pubsub, three times',
    async strike(stage) {
      for (let time = 0; time < 3; time++) {
        await ended(stage.world, 'pubsub');
        stage.over();
        await stage.flow(5);
        await listening(stage.world);
      }
    },
  },
  connectionsKilled: {
    fact: 'Redis ends all connections by CLIENT KILL, three times',
    async strike(stage) {
      for (let time = 0; time < 3; time++) {
        await ended(stage.world, 'pubsub');
        await ended(stage.world, 'normal');
        stage.over();
        await stage.flow(5);
        await listening(stage.world);
      }
    },
  },
  subscriberDropped: {
    fact: 'Redis drops a subscriber whose output buffer is full',
    async strike(stage) {
      const { world } = stage;
      const [{ toRedis }] = world.sites;
      await listening(world);
      const before = await subscribers(world);
      const ballast = JSON.stringify({
        type: 'ballast',
        action: 'weigh',
        key: 'x',
        object: 'x'.repeat(100_000),
      });
      await world.admin.config('SET', 'client-output-buffer-limit', 'pubsub 256kb 256kb 1');
      toRedis.throttle(50_000);
      await until('a subscriber is dropped', async () => {
        await world.admin.publish('belfry:events', ballast);
        const now = await subscribers(world);
        return before.some((id) => !now.includes(id));
      });
      await world.admin.config('SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60');
      toRedis.heal();
      stage.over();
    },
  },
  scriptsForgotten: {
    fact: 'Redis forgets every script and function',
    async strike(stage) {
      await stage.world.tellMasters('SCRIPT', 'FLUSH');
      await stage.world.tellMasters('FUNCTION', 'FLUSH');
      // The upkeep of the nodes puts the function back. The hub's own scripts are loaded again at their next use.
      await ended(stage.world, 'normal');
      stage.over();
      await stage.flow(10);
    },
  },
  redisReadOnly: {
    fact: 'Redis becomes a replica that accepts no writes, and then a master again',
    async strike(stage) {
      await stage.world.admin.replicaof('127.0.0.1', 1);
      await stage.refused();
      await stage.world.admin.replicaof('NO', 'ONE');
      stage.over();
    },
  },
  memoryFull: {
    fact: 'Redis has no memory left (maxmemory, noeviction), and then has some again',
    async strike(stage) {
      await stage.world.tellMasters('CONFIG', 'SET', 'maxmemory', '1');
      await stage.refused();
      await stage.world.tellMasters('CONFIG', 'SET', 'maxmemory', '0');
      stage.over();
    },
  },
  diskFull: {
    fact: 'the disk of Redis is full, and then has room again',
    state: 'AOF',
    skip: () => (canLimitFiles() ? undefined : 'there is no prlimit on the PATH to fill the disk with'),
    async strike(stage) {
      const { admin } = stage.world;
      // With `always`, Redis would end at once when it cannot write. With `everysec` it refuses writes until it can.
      await admin.config('SET', 'appendfsync', 'everysec');
      limitFiles(stage.world, '1');
      await stage.refused();
      limitFiles(stage.world, 'unlimited');
      stage.over();
      await until('Redis writes again', async () =>
        (await admin.info('persistence')).includes('aof_last_write_status:ok'),
      );
      await admin.config('SET', 'appendfsync', 'always');
    },
  },
} as const satisfies Record<string, Fault>;

/** Limits the size of the files of this Redis, as a full disk does. The hard limit stays, so that this can be undone. */
function limitFiles({ redis }: World, bytes: string): void {
  execFileSync('prlimit', ['--pid', String(redis.pid), `--fsize=${bytes}:unlimited`]);
}

function canLimitFiles(): boolean {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
