import { describe, expect, inject, it } from 'vitest';
import type { TestClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { randomPrefix } from '../support/redis.ts';
import { anEvent, provisioningClient, publish } from './provisioning-helpers.ts';

const PAGE = { origin: 'https://console.example' };

const task = (task_id: string, status: string): object => anEvent('TaskStatusChanged', { task_id, status });

/** Two nodes of one hub. The first received how three runs began and ended, and is gone. */
async function afterARun(): Promise<TestNode> {
  const settings = {
    BELFRY_LISTEN: '127.0.0.1:0=provisioning',
    BELFRY_REDIS_URL: inject('redisUrl'),
    BELFRY_PREFIX: randomPrefix(),
  };
  const [lost, left] = [await startNode(settings), await startNode(settings)];
  await publish(lost, [
    task('a', 'Running'),
    task('b', 'Running'),
    anEvent('BatchOperationUpdate', { batch_id: 'c', status: 'Running' }),
  ]);
  await lost.stop();
  const { events } = left.hub.stats;
  await publish(left, [
    task('a', 'Completed'),
    anEvent('LogEntry', { level: 'INFO', message: 'done', component: 'runner' }),
    anEvent('WorkflowProgressUpdate', { workflow_id: 'd', status: 'Completed' }),
    anEvent('Ended', { status: 'said by a custom event' }),
  ]);
  // A page that opened before the node has heard them would hear them live.
  await expect.poll(() => left.hub.stats.events - events).toBeGreaterThanOrEqual(4);
  return left;
}

/** The statuses that the client receives before the event that is published now. */
async function statuses(node: TestNode, client: TestClient): Promise<string[]> {
  await publish(node, [task('last', 'now')]);
  const found: string[] = [];
  for (;;) {
    const { data } = (await client.next()) as { data: Record<string, string> };
    if (data['task_id'] === 'last') return found;
    found.push(
      `${data['task_id'] ?? data['batch_id'] ?? data['workflow_id'] ?? '-'} ${data['status'] ?? '-'}`,
    );
  }
}

describe('a page of the Provisioning Platform whose node was lost', () => {
  it('is sent the newest state of each task, batch operation and workflow, once and in order, and nothing else', async () => {
    const node = await afterARun();
    expect(await statuses(node, await provisioningClient(node, '/ws', undefined, PAGE))).toEqual([
      'b Running',
      'c Running',
      'a Completed',
      'd Completed',
    ]);
  });

  it('is sent no state that its token may not receive', async () => {
    const node = await afterARun();
    const token = await node.token('ann', { subscribe: ['task.*.a', 'task.*.last'] });
    const client = await provisioningClient(node, '/ws', token, PAGE);
    expect(await statuses(node, client)).toEqual(['a Completed']);
  });

  it.each([
    ['comes from no page', '/ws', undefined],
    ['names what it hears', '/ws?events=task', PAGE],
  ])('is sent nothing when it %s', async (_what, target, options) => {
    const node = await afterARun();
    expect(await statuses(node, await provisioningClient(node, target, undefined, options))).toEqual([]);
  });
});
