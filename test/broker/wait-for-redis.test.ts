import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { waitForRedis } from '../../src/broker/wait-for-redis.ts';
import { systemClock } from '../../src/model/clock.ts';
import { spawnRedisServer } from '../support/redis-server.ts';

interface Said {
  readonly level: number;
  readonly reason: string;
  readonly advice: string;
}

/** The log and the error for a Redis that does not let a node in. */
async function refusedBy(url: string): Promise<{ lines: Said[]; message: string }> {
  const lines: Said[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as Said) });
  const thrown = await waitForRedis({ url, log, clock: systemClock, withinMs: 600 }).catch(
    (error: unknown) => error,
  );
  return { lines, message: (thrown as Error).message };
}

/** A server that is not a Redis, or plays a Redis in a state that is hard to reach with a real one. */
async function listening(talk: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    talk(socket);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a Redis that does not let the node in', () => {
  it('is logged once with its own words and with advice, and is named in the final error', async () => {
    const redis = await spawnRedisServer();
    onTestFinished(() => redis.dispose());
    const { host } = new URL(redis.url);
    const admin = new Redis(redis.url);
    await admin.config('SET', 'requirepass', 'geheim');
    admin.disconnect();
    const open = await refusedBy(`redis://${host}`);
    expect(open.lines).toMatchObject([
      {
        level: 40,
        reason: expect.stringMatching(/^NOAUTH/) as string,
        advice: expect.stringContaining('wants a password') as string,
      },
    ]);
    expect(open.message).toMatch(/NOAUTH.*wants a password/);
    const wrong = await refusedBy(`redis://:falsch@${host}`);
    expect(wrong.lines).toMatchObject([{ reason: expect.stringMatching(/^WRONGPASS/) as string }]);
    expect(JSON.stringify(wrong)).not.toContain('falsch');
  });

  it.each([
    ['protected mode', '-DENIED Redis is running in protected mode because …\r\n', 'in protected mode'],
    ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'is not a Redis'],
  ])('is known by its answer: %s', async (_name, answer, advice) => {
    const url = await listening((socket) => socket.end(answer));
    expect((await refusedBy(url)).lines).toMatchObject([
      { advice: expect.stringContaining(advice) as string },
    ]);
  });

  it.each([
    [
      'after a whole sentence',
      'DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode.',
      'DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface',
    ],
    [
      'after a whole word, if it is one long sentence',
      `ERR ${'word '.repeat(60)}`,
      `ERR ${'word '.repeat(39)}…`,
    ],
  ])('is repeated %s, if its explanation is long', async (_where, explanation, reason) => {
    const url = await listening((socket) => socket.end(`-${explanation}\r\n`));
    const { lines, message } = await refusedBy(url);
    expect(lines).toMatchObject([{ reason }]);
    expect(message).toContain(`: ${reason}. `);
  });

  it('is waited for where nothing listens', async () => {
    expect((await refusedBy('redis://127.0.0.1:1')).lines).toMatchObject([
      {
        reason: expect.stringContaining('ECONNREFUSED') as string,
        advice: expect.stringContaining('Nothing listens') as string,
      },
    ]);
  });
});

describe('a Redis that lets the node in', () => {
  it('is not mentioned in the log, except for a password that it does not need', async () => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const { host } = new URL(inject('redisUrl'));
    for (const url of [inject('redisUrl'), `redis://:needless@${host}`]) {
      await waitForRedis({ url, log, clock: systemClock, withinMs: 5_000 });
    }
    expect(lines.map((line) => JSON.parse(line) as Said)).toMatchObject([
      { level: 40, advice: expect.stringContaining('wants no password') as string },
    ]);
  });

  it('may still be loading its data', async () => {
    const url = await listening((socket) =>
      socket.write('-LOADING Redis is loading the dataset in memory\r\n'),
    );
    const log = pino({ enabled: false });
    await expect(waitForRedis({ url, log, clock: systemClock, withinMs: 0 })).resolves.toBeUndefined();
  });
});
