import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { signToken } from '../../src/app-token.ts';
import { startApp } from '../../src/app.ts';
import { ManualClock } from '../support/clock.ts';
import { connect } from '../support/client.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { CommandProcess } from '../support/process.ts';
import { HAS_REDIS_SERVER, randomPrefix, startRedisServer } from '../support/redis.ts';
import { openStream, type TestStream } from '../support/stream.ts';

async function listen(
  node: Pick<TestNode, 'url' | 'token'>,
  query = 'pattern=jobs.*.*',
  headers: Record<string, string> = {},
): Promise<TestStream> {
  return openStream(`${node.url}/api/v3/events?token=${await node.token()}&${query}`, headers);
}

/** The content of a stream that ends at once: how many seconds to wait before coming back, and the reason. */
async function endOf(stream: TestStream): Promise<{ seconds: number; code: unknown }> {
  expect([stream.response.status, stream.response.headers.get('content-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ]);
  const { retry } = (await stream.next()) ?? {};
  const { event, data } = await stream.nextEvent();
  expect([event, await stream.next()]).toEqual(['close', undefined]);
  return { seconds: Math.floor(Number(retry) / 10_000) * 10, code: data['code'] };
}

/** A page that stays open while its stream is closed. */
const PAGE = `
  setInterval(() => {}, 60_000);
  const source = new EventSource(process.argv[1]);
  source.addEventListener('close', ({ data }) => console.log('close', JSON.parse(data).code));
  source.addEventListener('gap', ({ data }) => console.log('gap', JSON.parse(data).object.reason));
  source.onerror = () => console.log(source.readyState === 2 ? 'dead' : 'coming back');
`;

describe('a stream that cannot begin now', () => {
  it('ends with 1013 when the node is full, and its page reconnects by itself', async () => {
    const node = await startNode({ BELFRY_CONNECTIONS_MAX: '1' });
    const other = await connect(`${node.url.replace('http', 'ws')}/native/ws?token=${await node.token()}`);
    expect(await endOf(await listen(node))).toEqual({ seconds: 0, code: 1013 });
    const url = `${node.url}/api/v3/events?pattern=jobs.*.*&token=${await node.token()}`;
    const page = new CommandProcess([], {}, ['--experimental-eventsource', '--eval', PAGE, '--', url]);
    await page.line(/^close 1013$/);
    other.ws.terminate();
    await expect.poll(() => node.hub.connections.size).toBe(0);
    await expect.poll(() => node.hub.connections.size, { timeout: 5_000 }).toBe(1);
    expect(page.lines).not.toContain('dead');
  });

  it('ends with 1013 when its principal has as many connections as it may have', async () => {
    const node = await startNode({ BELFRY_CONNECTIONS_PER_PRINCIPAL: '1' });
    const first = await listen(node);
    await first.next();
    expect(await endOf(await listen(node))).toEqual({ seconds: 0, code: 1013 });
  });

  it.skipIf(!HAS_REDIS_SERVER)('ends with 1013 while Redis is away', async () => {
    const redis = await startRedisServer();
    const node = await startNode({ BELFRY_REDIS_URL: redis.url, BELFRY_PREFIX: randomPrefix() });
    await redis.kill();
    await expect.poll(async () => (await fetch(`${node.url}/readyz`)).status).toBe(503);
    expect(await endOf(await listen(node))).toEqual({ seconds: 0, code: 1013 });
  });

  it('ends with 1001 when the node is going away', async () => {
    const clock = new ManualClock(new Date().toISOString());
    const node = await startNode();
    const app = await startApp(node.config, pino({ level: 'silent' }), clock);
    const url = app.listening[0]?.url ?? '';
    await connect(`${url.replace('http', 'ws')}/norn/ws`);
    const stopped = app.stop(60_000);
    onTestFinished(async () => {
      clock.advance(60_000);
      await stopped;
    });
    expect(await endOf(await listen({ url, token: node.token }))).toEqual({ seconds: 0, code: 1001 });
  });

  it('ends with 4001 when the token has expired or was revoked, and is not requested again at once', async () => {
    const node = await startNode();
    const late = new ManualClock(new Date(Date.now() + 3_600_000).toISOString());
    const app = await startApp(node.config, pino({ level: 'silent' }), late);
    onTestFinished(() => app.stop());
    const url = app.listening[0]?.url ?? '';
    expect(await endOf(await listen({ url, token: node.token }))).toEqual({ seconds: 10, code: 4001 });
    const token = await signToken(node.config, { subject: 'ann', roles: ['admin'], ttlS: 60 });
    const { jti } = JSON.parse(atob(token.split('.')[1] ?? '')) as { jti: string };
    const headers = { Authorization: `Bearer ${await node.token()}` };
    await fetch(`${node.url}/api/v3/tokens/${jti}`, { method: 'DELETE', headers });
    expect(await endOf(await openStream(`${node.url}/api/v3/events?token=${token}`))).toEqual({
      seconds: 10,
      code: 4001,
    });
  });

  it.each([
    ['a token of somebody else', 'token=x', 403],
    ['an invalid pattern', 'pattern=jobs', 422],
    ['an invalid filter', 'filters=1', 422],
  ])('is refused for ever for %s', async (_what, query, status) => {
    const node = await startNode();
    const url = `${node.url}/api/v3/events?${query}${query.startsWith('token') ? '' : `&token=${await node.token()}`}`;
    await expect(openStream(url)).rejects.toThrow(`refused with ${status}`);
  });

  it('is refused by a status when the request is HEAD, or asks for a page', async () => {
    const node = await startNode();
    const late = new ManualClock(new Date(Date.now() + 3_600_000).toISOString());
    const app = await startApp(node.config, pino({ level: 'silent' }), late);
    onTestFinished(() => app.stop());
    const url = `${app.listening[0]?.url ?? ''}/api/v3/events?token=${await node.token()}`;
    const head = await fetch(url, { method: 'HEAD', headers: { Accept: 'text/event-stream' } });
    const page = await fetch(url);
    expect([head.status, page.status]).toEqual([403, 403]);
  });
});

describe('a stream that resumes at a position that cannot be read', () => {
  it.each([
    ['undefined', (text: string) => ['', { 'Last-Event-ID': text }] as const],
    ['null', (text: string) => ['', { 'Last-Event-ID': text }] as const],
    ['{"id":1}', (text: string) => ['', { 'Last-Event-ID': text }] as const],
    ['1-0-0', (text: string) => ['&since=1-0', { 'Last-Event-ID': text }] as const],
    ['undefined', (text: string) => [`&lastEventId=${text}`, {}] as const],
  ])('%s begins with a gap and is live from there', async (text, place) => {
    const node = await startNode();
    const [query, headers] = place(text);
    const stream = await listen(node, `pattern=jobs.*.*${query}`, headers);
    const to = node.hub.eventLog.position;
    expect(await stream.nextEvent()).toMatchObject({
      event: 'gap',
      id: to,
      data: { object: { from: null, to, reason: 'unknown cursor' } },
    });
    const event = JSON.stringify({ type: 'jobs', action: 'save', key: 'a', object: null });
    await fetch(`${node.url}/api/v3/events`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
      body: event,
    });
    expect(await stream.nextKeys(1)).toEqual(['a']);
  });
});
