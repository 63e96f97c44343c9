import { Redis } from 'ioredis';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RedisBroker } from '../../src/broker/redis-broker.ts';
import type { Deliver } from '../../src/broker/broker.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { ManualClock } from '../support/clock.ts';
import { settled, startHub, TestBroker } from '../support/connection.ts';
import { formats, parseEvent, parseLogged } from '../support/formats.ts';

const CLIENTS = 5_000;

describe.skipIf(!HAS_REDIS_SERVER)('five thousand clients that come back at once with their cursors', () => {
  it('each hear what they missed in one write, and Redis is read for none of them', async () => {
    const server = await startRedisServer();
    const redis = new Redis(server.url);
    onTestFinished(() => redis.disconnect());
    const broker = new RedisBroker({
      url: server.url,
      prefix: 'storm',
      node: 'one',
      clock: new ManualClock(),
      bounds: { maxEvents: 10_000, maxBytes: 268_435_456, maxAgeMs: 86_400_000 },
      maxIngressBytes: 268_435_456,
      maxRetainedBytes: 268_435_456,
      formats: formats.all,
      parse: (body) => parseEvent(body),
      parseLogged: (body) => parseLogged(body),
      maxEventBytes: 1_048_576,
      report: () => undefined,
      log: pino({ level: 'silent' }),
    });
    const { hub, connect } = await startHub({ broker: new RelayBroker(broker), history: broker });
    const ids: string[] = [];
    for (let n = 0; n < 10; n++) {
      const events = Array.from({ length: 20 }, (_, i) => n * 20 + i);
      ids.push(
        ...(await broker.publish(
          events.map((key) => ({ type: 'jobs', action: 'save', key: `${key}`, object: null })),
        )),
      );
    }
    while (hub.eventLog.position !== ids.at(-1)) await settled();

    const before = await readsOf(redis);
    const clients = Array.from({ length: CLIENTS }, (_, n) => {
      const client = connect();
      client.subscribe(['jobs.*.*'], { since: ids[n % 200] });
      return client;
    });
    await settled();
    for (const [n, client] of clients.entries()) {
      const missed = Array.from({ length: 199 - (n % 200) }, (_, i) => `${(n % 200) + 1 + i}`);
      expect(client.takeKeys()).toEqual(missed);
      // One write is the reply, and the other one is what the client missed.
      expect(client.transport.writes.length).toBeLessThanOrEqual(2);
    }
    expect(await readsOf(redis)).toBe(before);
  });
});

/** A test broker that hands everything to the real one. */
class RelayBroker extends TestBroker {
  readonly #broker: RedisBroker;

  constructor(broker: RedisBroker) {
    super();
    this.#broker = broker;
  }

  override start(deliver: Deliver): Promise<void> {
    return this.#broker.start(deliver);
  }

  override follow(): Promise<string> {
    return this.#broker.follow(0);
  }

  override stop(): Promise<void> {
    return this.#broker.stop();
  }
}

/** How many reads Redis has answered. Reads of the ingress, which a node repeats all the time, are not counted. */
async function readsOf(redis: Redis): Promise<number> {
  const calls = /^cmdstat_(?:get|hget|hgetall|xrange|xrevrange|zrange|evalsha|fcall):calls=(\d+)/gm;
  const found = [...(await redis.info('commandstats')).matchAll(calls)];
  return found.reduce((sum, [, count]) => sum + Number(count), 0);
}
