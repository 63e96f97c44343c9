import { describe, expect, it } from 'vitest';
import { ask } from './connections-helpers.ts';
import { nativeClient } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';

interface DryRun {
  readonly event: Record<string, unknown>;
  readonly topic: string;
  readonly total: number;
  readonly connections?: readonly { readonly node: string; readonly outcome: string }[];
  readonly silent: readonly string[];
}

async function post(
  node: TestNode,
  query: string,
  events: object | string,
  token?: string,
): Promise<Response> {
  return fetch(`${node.url}/api/v3/events${query}`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token ?? (await node.token())}`,
      'Content-Type': 'application/json',
    },
    body: typeof events === 'string' ? events : JSON.stringify(events),
  });
}

const dryRun = async (node: TestNode, events: object | string, token?: string): Promise<DryRun[]> =>
  (await (await post(node, '?dry=true', events, token)).json()) as DryRun[];

async function publishedKeys(node: TestNode): Promise<string[]> {
  const { body } = await ask<{ events: { key: string }[] }>(
    node.url,
    '/events?pattern=jobs.*.*',
    await node.token(),
  );
  return body.events.map(({ key }) => key);
}

const job = (key: string, object: object = { n: 1 }) => ({ type: 'jobs', action: 'save', key, object });

describe('a publish with ?dry=true', () => {
  it('answers the event as it would be and who would hear it, and publishes nothing', async () => {
    const node = await startNode({ BELFRY_NODE: 'alone' });
    const client = await nativeClient(node.url, await node.token(), ['jobs.*.*'], {
      filters: { 'object.n': 1 },
    });
    const [answer] = await dryRun(node, job('dry', { n: 1, password: 'secret' }));
    expect(answer?.event).toEqual({
      ...job('dry', { n: 1, password: '[redacted]' }),
      time: expect.stringMatching(/^2\d{3}-/) as string,
      principal: 'user:admin',
    });
    expect(answer).toMatchObject({
      topic: 'jobs.save.dry',
      total: 1,
      connections: [{ node: 'alone', outcome: 'sent' }],
      silent: [],
    });
    await post(node, '', job('real'));
    expect(await client.next()).toMatchObject({ key: 'real' });
    expect(await publishedKeys(node)).toEqual(['real']);
    const { body: topics } = await ask<{ type: string; events: number }[]>(
      node.url,
      '/topics',
      await node.token(),
    );
    expect(topics.find(({ type }) => type === 'jobs')?.events).toBe(1);
  });

  it('takes no idempotency key, so that the publish itself can have it', async () => {
    const node = await startNode();
    const headers = {
      Authorization: `Bearer ${await node.token()}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': 'k',
    };
    for (const [query, key] of [
      ['?dry=true', 'tried'],
      ['', 'real'],
    ])
      await fetch(`${node.url}/api/v3/events${query}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(job(key ?? '')),
      });
    expect(await publishedKeys(node)).toEqual(['real']);
  });

  it('keeps numbers to the digit, and answers for each event of a list', async () => {
    const node = await startNode();
    const list = `[{"type":"jobs","action":"save","key":"a","object":12345678901234567890},${JSON.stringify(job('b'))}]`;
    const text = await (await post(node, '?dry=true', list)).text();
    expect(text).toContain('"object":12345678901234567890');
    expect((JSON.parse(text) as DryRun[]).map(({ topic }) => topic)).toEqual(['jobs.save.a', 'jobs.save.b']);
  });

  it('asks filters about what the client would see', async () => {
    const node = await startNode();
    await nativeClient(node.url, await node.token(), ['jobs.*.*'], {
      filters: { 'object.password': 'secret' },
    });
    expect(await dryRun(node, job('a', { password: 'secret' }))).toMatchObject([{ total: 0 }]);
  });

  it('tells a caller who is no administrator how many would hear it, and not who', async () => {
    const node = await startNode();
    await nativeClient(node.url, await node.token(), ['jobs.*.*']);
    const token = await node.token('publisher', { publish: ['jobs.*.*'], roles: [] });
    const [answer] = await dryRun(node, job('a'), token);
    expect(answer).toMatchObject({ total: 1 });
    expect(answer).not.toHaveProperty('connections');
  });

  it.each([
    ['without a grant', job('a'), { publish: ['machines.*.*'], roles: [] }, 'forbidden'],
    ['of a reserved type', { ...job('a'), type: 'presence' }, undefined, 'type_reserved'],
    ['that is no event', { n: 1 }, undefined, 'event_invalid'],
    ['that is too big', job('a', { text: 'x'.repeat(1_048_560) }), undefined, 'event_too_big'],
  ])('of an event %s is refused like the publish itself', async (_what, event, grants, code) => {
    const node = await startNode();
    const token = grants === undefined ? undefined : await node.token('someone', grants);
    const [dry, real] = [await post(node, '?dry=true', event, token), await post(node, '', event, token)];
    const text = await dry.text();
    expect([dry.status, text]).toEqual([real.status, await real.text()]);
    expect(text).toContain(`#${code}`);
  });

  it('with any other value than true and false is refused, and publishes nothing', async () => {
    const node = await startNode();
    expect((await post(node, '?dry=yes', job('a'))).status).toBe(400);
    expect((await post(node, '?dry=false', job('b'))).status).toBe(204);
    expect(await publishedKeys(node)).toEqual(['b']);
  });
});
