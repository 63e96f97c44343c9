import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { START } from '../../src/model/cursor.ts';
import { Retention } from '../../src/model/retention.ts';
import { startCluster, tell } from '../support/redis-groups.ts';
import { HAS_REDIS_SERVER, randomPrefix, type RedisServer } from '../support/redis.ts';
import { all, event } from './contract.ts';
import { publishRefusalOf, unavailable } from './refusal.ts';
import { RedisWorld } from './redis-world.ts';

/** What is kept of an event has a key of its own, which does not exist yet when the slot begins to move. */
const RETENTION = new Retention([{ pattern: '*.*.*', last: 2 }]);

interface MovingSlot {
  readonly world: RedisWorld;
  readonly from: RedisServer;
  readonly to: RedisServer;
  /** Moves the slot; `halfway` is called while some keys are at the one master and some at the other, and when all are. */
  readonly move: (halfway: () => Promise<void>) => Promise<void>;
  /** Starts a node of another hub there, which loads the function. */
  readonly anotherHubOn: (master: RedisServer) => Promise<void>;
}

async function movingSlot(): Promise<MovingSlot> {
  const cluster = await startCluster();
  const prefix = randomPrefix();
  const from = await cluster.ownerOf(prefix);
  const to = cluster.masters.find((master) => master !== from) as RedisServer;
  return {
    world: new RedisWorld(cluster.url, from.url, prefix),
    from,
    to,
    move: (halfway) => cluster.moveSlot(prefix, to, halfway),
    anotherHubOn: async (master) => {
      let other = randomPrefix();
      while ((await cluster.ownerOf(other)) !== master) other = randomPrefix();
      await new RedisWorld(cluster.url, master.url, other).start();
    },
  };
}

/** Calls the function at a server, as a library for a Cluster does that follows ASK. */
async function askedCall(server: RedisServer, log: string, key: string): Promise<unknown> {
  const redis = new Redis(server.url);
  onTestFinished(() => redis.disconnect());
  const results = await redis
    .pipeline()
    .asking()
    .call('FCALL', 'belfry_publish', 1, log, JSON.stringify(event(key)))
    .exec();
  const [error, answer] = results?.[1] ?? [];
  return error?.message ?? answer;
}

describe.skipIf(!HAS_REDIS_SERVER)(
  'while the slot of a hub moves to another master of a Cluster (needs a redis-server on the PATH)',
  { timeout: 60_000 },
  () => {
    it('a publish waits until the slot is there, and is accepted once and in order', async () => {
      const { world, move } = await movingSlot();
      const { broker, recorder } = await world.start({ retention: RETENTION });
      await broker.publish([event('before')]);
      const waiting: Promise<string[]>[] = [];
      await move(async () => {
        for (let i = 0; i < 3; i++) waiting.push(broker.publish([event(`${waiting.length}`)]));
      });
      const ids = (await Promise.all(waiting)).flat();
      await recorder.key('5');
      expect(recorder.keys).toEqual(['before', '0', '1', '2', '3', '4', '5']);
      expect(recorder.ids.slice(1)).toEqual(ids);
      expect(recorder.events).toEqual(await all(broker.after(START)));
    });

    it('a publish that has waited for two seconds is refused, and nothing of it was accepted', async () => {
      const { world, move } = await movingSlot();
      const { broker, recorder } = await world.start({ retention: RETENTION });
      await broker.publish([event('before')]);
      const refusals: unknown[] = [];
      await move(async () => {
        refusals.push(await publishRefusalOf(broker.publish([event('refused')]), 10_000));
      });
      expect(refusals).toEqual([unavailable('Nothing was accepted'), unavailable('Nothing was accepted')]);
      await expect.poll(() => publishRefusalOf(broker.publish([event('after')]))).toBe('accepted');
      await recorder.key('after');
      expect((await all(broker.after(START))).map(({ key }) => key)).toEqual(['before', 'after']);
    });

    it('the function refuses at both masters, also for a caller that follows ASK', async () => {
      const { world, from, to, move, anotherHubOn } = await movingSlot();
      const { broker, recorder } = await world.start({ retention: RETENTION });
      await broker.publish([event('before')]);
      await anotherHubOn(to);
      const answers: unknown[] = [];
      await move(async () => {
        for (const server of [from, to]) answers.push(await askedCall(server, world.log, 'refused'));
      });
      expect(answers).toHaveLength(4);
      for (const answer of answers) expect(answer).toMatch(/^(?:TRYAGAIN|ASK) /);
      await expect
        .poll(() =>
          publishRefusalOf(tell(to, 'FCALL', 'belfry_publish', 1, world.log, JSON.stringify(event('after')))),
        )
        .toBe('accepted');
      await recorder.key('after');
      const log = (): Promise<unknown> =>
        all(broker.after(START)).then((events) => events.map(({ key }) => key), String);
      await expect.poll(log).toEqual(['before', 'after']);
      expect(recorder.keys).toEqual(['before', 'after']);
    });
  },
);
