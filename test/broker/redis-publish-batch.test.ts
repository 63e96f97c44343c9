import { describe, expect, it, vi } from 'vitest';
import { PublishBatch } from '../../src/broker/redis-publish-batch.ts';
import type { RedisConnection } from '../../src/broker/redis-connection.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { once } from '../support/once.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { RedisWorld } from './redis-world.ts';
import { SlowProxy } from './slow-proxy.ts';

const event = (key: string, object: NewEvent['object'] = null): NewEvent => ({
  type: 'a',
  action: 'b',
  key,
  object,
});

/** How often Redis has run a script. */
async function scriptsRun({ redis }: RedisWorld): Promise<number> {
  const stats = await redis.info('commandstats');
  const calls = [...stats.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)].map(([, count]) => Number(count));
  return calls.reduce((sum, count) => sum + count, 0);
}

const logged = async ({ redis, log }: RedisWorld): Promise<string[]> =>
  (await redis.xrange(log, '-', '+')).map(([id]) => id);

describe.skipIf(!HAS_REDIS_SERVER)('publishes of one turn', () => {
  it('share calls of Redis', async () => {
    const { url } = await startRedisServer();
    const world = new RedisWorld(url);
    const { broker, recorder } = await world.start();
    await broker.publish([event('first')]);
    const before = await scriptsRun(world);
    const ids = await Promise.all(Array.from({ length: 250 }, (_, i) => broker.publish([event(`${i}`)])));
    expect((await scriptsRun(world)) - before).toBeLessThan(25);
    expect((await logged(world)).slice(1)).toEqual(ids.flat());
    await recorder.count(251);
    expect(recorder.keys).toEqual(['first', ...ids.keys()].map(String));
  });

  it('begin before the turn ends when there are many, while Redis has nothing to do', async () => {
    const sent: number[] = [];
    const answers: (() => void)[] = [];
    const ask = async (): Promise<unknown[]> => {
      sent.push(batch.length);
      const ids = batch.splice(0).map(() => ['1-1']);
      await new Promise<void>((resolve) => void answers.push(resolve));
      return ids;
    };
    const batch: number[] = [];
    const calls = new PublishBatch({ ask } as unknown as RedisConnection, ['log', 'outcomes']);
    const accepted: number[] = [];
    const add = (number: number): void => {
      batch.push(number);
      const refused = (error: unknown): void => expect.fail(String(error));
      calls.add({
        number,
        once: undefined,
        fence: undefined,
        bodies: [],
        accepted: () => void accepted.push(number),
        refused,
      });
    };
    for (let number = 1; number <= 50; number++) add(number);
    expect(sent).toEqual([16]);
    await new Promise((resolve) => void setImmediate(resolve));
    expect(sent).toEqual([16, 34]);
    for (const answer of answers) answer();
    await vi.waitFor(() => expect(accepted).toEqual(Array.from({ length: 50 }, (_, i) => i + 1)));
  });

  it('share no call when they are long together', async () => {
    const { url } = await startRedisServer();
    const world = new RedisWorld(url);
    const { broker } = await world.start();
    await broker.publish([event('first')]);
    const before = await scriptsRun(world);
    const long = 'x'.repeat(700_000);
    await Promise.all(['1', '2', '3'].map((key) => broker.publish([event(key, long)])));
    expect((await scriptsRun(world)) - before).toBeGreaterThanOrEqual(3);
  });
});

describe('the publishes of one turn of the event loop', () => {
  it('do not fail when one of them is refused', async () => {
    const world = new RedisWorld();
    const { broker, recorder } = await world.start();
    await broker.publish([event('first')], once('used'));
    const publishes = [
      broker.publish([event('1'), event('2')]),
      broker.publish([event('refused')], once('used', 'e'.repeat(40))),
      broker.publish([event('3')], once('mine')),
    ];
    const [one, refused, three] = await Promise.allSettled(publishes);
    expect([one?.status, three?.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'idempotency_key_reused' } });
    await recorder.key('3');
    expect(recorder.keys).toEqual(['first', '1', '2', '3']);
  });

  it('happen once, and get the same answer, when they have the same idempotency key', async () => {
    const world = new RedisWorld();
    const { broker } = await world.start();
    const [first, other] = await Promise.all([
      broker.publish([event('1')], once('mine')),
      broker.publish([event('1')], once('mine')),
    ]);
    expect(first).toEqual(other);
    expect(await logged(world)).toEqual(first);
  });

  it('do not fail when Redis cannot carry out one of them', async () => {
    const world = new RedisWorld();
    const { broker } = await world.start();
    await world.redis.lpush(`{${world.prefix}}:once:broken`, 'no text');
    const [good, broken, other] = await Promise.allSettled([
      broker.publish([event('1')]),
      broker.publish([event('2')], once('broken')),
      broker.publish([event('3')]),
    ]);
    expect(broken).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect([good, other].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))).toEqual(
      await logged(world),
    );
  });
});

describe.skipIf(!HAS_REDIS_SERVER)('the publishes of a shared call whose answer is lost', () => {
  it('each get their own outcome', async () => {
    const { url, port } = await startRedisServer();
    const world = new RedisWorld(url);
    const proxy = await SlowProxy.before(port);
    const { broker } = await world.start({ url: proxy.url, commandTimeoutMs: 300 });
    const other = await world.start();
    await broker.publish([event('first')], once('used'));
    proxy.loseAnswers();
    const answers = Promise.allSettled([
      broker.publish([event('1'), event('2')]),
      broker.publish([event('refused')], once('used', 'e'.repeat(40))),
      broker.publish([event('3')], once('mine')),
    ]);
    await other.recorder.key('3');
    proxy.cut();
    const [, one, two, three] = await logged(world);
    expect(await answers).toEqual([
      { status: 'fulfilled', value: [one, two] },
      { status: 'rejected', reason: expect.objectContaining({ code: 'idempotency_key_reused' }) as unknown },
      { status: 'fulfilled', value: [three] },
    ]);
  });

  it('have no effect when Redis did not carry them out before it was asked', async () => {
    const { url, port } = await startRedisServer();
    const world = new RedisWorld(url);
    const proxy = await SlowProxy.before(port);
    const { broker, recorder } = await world.start({ url: proxy.url, commandTimeoutMs: 300 });
    const other = await world.start();
    proxy.hold();
    const answers = Promise.allSettled(['1', '2', '3'].map((key) => broker.publish([event(key)])));
    proxy.cut();
    for (const answer of await answers)
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    await proxy.release();
    await other.broker.publish([event('next')]);
    await recorder.key('next');
    expect(recorder.keys).toEqual(['next']);
  });
});
