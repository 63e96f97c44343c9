import { inject } from 'vitest';
import { startConsoleNode } from '../../support/console.ts';
import type { TestNode } from '../../support/node.ts';
import { randomPrefix } from '../../support/redis.ts';

/** Starts two nodes, `n1` and `n2`, that share a Redis and serve the console. */
export async function startTwoNodes(): Promise<readonly [TestNode, TestNode]> {
  const shared = { BELFRY_REDIS_URL: inject('redisUrl'), BELFRY_PREFIX: randomPrefix() };
  return [
    await startConsoleNode({ ...shared, BELFRY_NODE: 'n1' }),
    await startConsoleNode({ ...shared, BELFRY_NODE: 'n2' }),
  ];
}

/** Publishes an event, and resolves with its id. */
export async function publishOn(
  node: TestNode,
  topic: string,
  object: object,
  time?: string,
): Promise<string> {
  const [type, action, key] = topic.split('.');
  const response = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token('publisher')}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ type, action, key, object, time }),
  });
  if (response.status !== 204) throw new Error(await response.text());
  return response.headers.get('Belfry-Event-Ids') ?? '';
}
