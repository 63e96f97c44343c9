import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import type { NewEvent } from '../../src/model/event.ts';
import type { TestClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { randomPrefix } from '../support/redis.ts';
import { container, deployment, post, running, streamOf } from './mist-helpers.ts';

const CLIENTS = 20;
/** The number of lines that are published before any client connects, so that a tail must be cut. */
const BEFORE = 150;

async function nodesOn(broker: string): Promise<readonly [TestNode, TestNode]> {
  if (broker === 'memory') {
    const node = await startNode();
    return [node, node];
  }
  const prefix = randomPrefix();
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(async () => {
    const keys = await redis.keys(`*${prefix}*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  });
  const settings = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: prefix };
  return [await startNode(settings), await startNode(settings)];
}

/**
 * Publishes line after line, a few at a time, as fast as they are accepted. The returned function ends this and says
 * how many there were.
 */
function publishOn(node: TestNode, lineOf: (n: number) => NewEvent): () => Promise<number> {
  let published = BEFORE;
  const stop = new AbortController();
  const done = (async () => {
    while (!stop.signal.aborted) await post(node, ...numbers(1, 8).map(() => lineOf(++published)));
  })();
  return async () => {
    stop.abort();
    await done;
    return published;
  };
}

/** Everything that a client receives until it is closed: types, and the numbers of its lines. */
async function heardBy(client: TestClient): Promise<{ types: string[]; lines: number[] }> {
  const heard = { types: [] as string[], lines: [] as number[] };
  for (;;) {
    const message = await client.next().catch(() => undefined);
    if (message === undefined) return heard;
    const { type, data } = message as { type: string; data: { line: string } };
    if (type === 'log') heard.lines.push(Number(data.line));
    else heard.types.push(type);
  }
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function connectWhilePublishing(
  broker: string,
  paths: readonly [string, string],
  events: { first: NewEvent; lineOf: (n: number) => NewEvent; last: NewEvent },
): Promise<{ count: number; heard: { types: string[]; lines: number[] }[] }> {
  const nodes = await nodesOn(broker);
  await post(nodes[0], events.first, ...numbers(1, BEFORE).map((n) => events.lineOf(n)));
  const stop = publishOn(nodes[0], events.lineOf);
  const clients: TestClient[] = [];
  for (let n = 0; n < CLIENTS; n++) {
    clients.push(await streamOf(nodes[n % 2 === 0 ? 0 : 1], paths[n % 3 === 0 ? 0 : 1]));
  }
  const count = await stop();
  await post(nodes[0], events.last);
  return { count, heard: await Promise.all(clients.map(heardBy)) };
}

describe.each(['memory', 'redis'])('clients that connect while lines are published, on %s', (broker) => {
  it('each receive the last lines of a container and all that follow, without gap or duplicate', async () => {
    const { count, heard } = await connectWhilePublishing(
      broker,
      ['/ws/container/logs?appId=7', '/api/ws/container/logs?appId=7'],
      {
        first: running(),
        lineOf: (n) => container('log', { line: `${n}` }),
        last: container('end', {}),
      },
    );
    expect(count).toBeGreaterThan(BEFORE + CLIENTS);
    expect(heard).toHaveLength(CLIENTS);
    const begins: number[] = [];
    for (const { types, lines } of heard) {
      const [begin = 0] = lines;
      expect(types).toEqual(['status', 'end']);
      expect(lines).toEqual(numbers(begin, count));
      expect(lines.length).toBeGreaterThanOrEqual(100);
      begins.push(begin);
    }
    expect(new Set(begins).size).toBeGreaterThan(CLIENTS / 2);
  });

  it('each receive the whole log of a deployment, without gap or duplicate', async () => {
    const { count, heard } = await connectWhilePublishing(
      broker,
      ['/ws/deployment/logs?deploymentId=15', '/api/deployments/logs/stream?id=15'],
      {
        first: deployment('status', { status: 'building' }),
        lineOf: (n) => deployment('log', { line: `${n}` }),
        last: deployment('status', { status: 'success' }),
      },
    );
    for (const { types, lines } of heard) {
      expect(types).toEqual(['status', 'status']);
      expect(lines).toEqual(numbers(1, count));
    }
    expect(heard).toHaveLength(CLIENTS);
  });
});
