import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { nativeClient } from '../support/client.ts';
import { startNode } from '../support/node.ts';
import { randomPrefix } from '../support/redis.ts';

interface Letter {
  readonly id: string;
  readonly sink?: string;
}

type Grants = { subscribe?: string[]; publish?: string[]; roles?: string[] };

const EVENT =
  '{"id":"1768473000000-7","time":"2026-01-15T10:30:00Z","type":"a","action":"b","key":"c","object":{"n":12345678901234567890}}';
const SINK: Grants = { subscribe: [], publish: ['dead-letters.add.billing'] };
const OPERATOR: Grants = { subscribe: ['dead-letters.list.*'], publish: ['dead-letters.retry.*'] };

async function start(broker: 'memory' | 'redis', more: Record<string, string> = {}) {
  const settings: Record<string, string> = { ...more };
  if (broker === 'redis') {
    settings['BELFRY_REDIS_URL'] = inject('redisUrl');
    settings['BELFRY_PREFIX'] = randomPrefix();
    const redis = new Redis(inject('redisUrl'));
    onTestFinished(async () => {
      const keys = await redis.keys(`{${settings['BELFRY_PREFIX']}}:*`);
      if (keys.length > 0) await redis.del(keys);
      redis.disconnect();
    });
  }
  const node = await startNode(settings);
  const call = async (method: string, path: string, grants: Grants, body?: string): Promise<Response> =>
    fetch(`${node.url}/api/v3/dead-letters${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${await node.token('someone', grants)}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
    });
  const add = async (body = EVENT): Promise<string> => {
    const response = await call('POST', '?sink=billing&message=The+answer+was+500.', SINK, body);
    expect(response.status).toBe(201);
    return ((await response.json()) as Letter).id;
  };
  const list = async (): Promise<Letter[]> => (await (await call('GET', '', OPERATOR)).json()) as Letter[];
  return { node, call, add, list };
}

describe.each(['memory', 'redis'] as const)('a dead letter of a sink, with the broker %s', (broker) => {
  it('stands in the list with the name of the sink, the reason, and the event as it was posted', async () => {
    const { add, list } = await start(broker);
    const id = await add();
    expect(await list()).toEqual([
      {
        id,
        entry: '1768473000000-7',
        time: expect.stringMatching(/Z$/) as string,
        reason: 'delivery_failed',
        message: 'The answer was 500.',
        event: EVENT,
        sink: 'billing',
      },
    ]);
  });

  it('asks its sink to deliver it again when it is retried, once however often, and publishes nothing else', async () => {
    const { node, call, add, list } = await start(broker);
    const id = await add();
    const client = await nativeClient(node.url, await node.token(), ['*.*.*']);
    expect((await call('POST', `/${id}/retry`, OPERATOR)).status).toBe(204);
    expect((await call('POST', `/${id}/retry`, OPERATOR)).status).toBe(204);
    const marked = await fetch(`${node.url}/api/v3/events`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
      body: '{"type":"x","action":"y","key":"z"}',
    });
    expect(marked.status).toBe(204);
    const heard: unknown[] = [];
    for (let type: unknown; type !== 'x';) {
      const event = await client.next();
      ({ type } = event);
      if (!['connections', 'presence'].includes(String(type))) heard.push(event);
    }
    expect(heard).toMatchObject([
      {
        type: 'sink',
        action: 'redeliver',
        key: 'billing',
        principal: 'user:someone',
        object: { letter: id },
      },
      { type: 'x' },
    ]);
    expect((await list()).map((letter) => letter.id)).toEqual([id]);
  });

  it('is read and deleted by its sink, and by no other sink', async () => {
    const { call, add, list } = await start(broker);
    const id = await add();
    const other: Grants = { subscribe: [], publish: ['dead-letters.add.other'] };
    for (const method of ['GET', 'DELETE']) expect((await call(method, `/${id}`, other)).status).toBe(403);
    expect((await call('POST', `/${id}/retry`, SINK)).status).toBe(403);
    expect(await (await call('GET', `/${id}`, SINK)).json()).toMatchObject({ id, event: EVENT });
    expect((await call('DELETE', `/${id}`, SINK)).status).toBe(204);
    expect(await list()).toEqual([]);
    expect((await call('GET', `/${id}`, OPERATOR)).status).toBe(404);
  });

  it.each([
    ['?sink=other&message=m', EVENT, 403, 'dead-letters.add.<name>'],
    ['?sink=a.b&message=m', EVENT, 400, 'The parameter sink is not usable. Expected the name of a sink'],
    ['?sink=billing', EVENT, 400, 'The parameter message is not usable.'],
    ['?sink=billing&message=m', '{"type":"a"}', 422, 'action'],
    ['?sink=billing&message=m', '[]', 422, 'event'],
    [
      '?sink=billing&message=m',
      `{"type":"a","action":"b","key":"${'x'.repeat(2_000)}"}`,
      413,
      'at most 1024',
    ],
  ])('is refused at %s (%#)', async (query, body, status, says) => {
    const { call } = await start(broker, { BELFRY_EVENT_MAX_BYTES: '1024' });
    const response = await call('POST', query, SINK, body);
    expect([response.status, await response.text()]).toEqual([status, expect.stringContaining(says)]);
  });
});
