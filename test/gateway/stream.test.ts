import { describe, expect, it, onTestFinished } from 'vitest';
import { pino } from 'pino';
import { startApp } from '../../src/app.ts';
import { CLOSE } from '../../src/model/close-codes.ts';
import { ManualClock } from '../support/clock.ts';
import { CommandProcess } from '../support/process.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { openStream, type TestStream } from '../support/stream.ts';

/** The code of a page that stays open while its stream is closed. */
const PAGE = `
  setInterval(() => {}, 60_000);
  const source = new EventSource(process.argv[1]);
  source.onopen = () => console.log('open');
  source.onmessage = ({ data }) => console.log(JSON.parse(data).key);
  source.addEventListener('close', ({ data }) => console.log('close', JSON.parse(data).code));
`;

async function publish(node: TestNode, ...keys: readonly string[]): Promise<string[]> {
  const events = keys.map((key) => ({ type: 'jobs', action: 'save', key, object: { n: key } }));
  const response = await fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
  return (response.headers.get('belfry-event-ids') ?? '').split(',');
}

async function listen(
  node: TestNode,
  query = 'pattern=jobs.*.*',
  headers: Record<string, string> = {},
): Promise<TestStream> {
  return openStream(`${node.url}/api/v3/events?token=${await node.token()}&${query}`, headers);
}

describe('GET /api/v3/events with Accept: text/event-stream', () => {
  it('sends each event as it comes, with its cursor as the id and the native event as data', async () => {
    const node = await startNode();
    const stream = await listen(node);
    expect(await stream.next()).toMatchObject({ retry: expect.stringMatching(/^[12]\d{3}$/) as string });
    expect(await stream.next()).toEqual({ id: node.hub.eventLog.position });
    const [id = ''] = await publish(node, 'a');
    const { data, ...message } = await stream.nextEvent();
    expect(message).toEqual({ event: 'message', id });
    expect(data).toMatchObject({ id, type: 'jobs', action: 'save', key: 'a', object: { n: 'a' } });
  });

  it('has headers that forbid proxies to keep, compress or collect it', async () => {
    const { response } = await listen(await startNode(), '', { 'Accept-Encoding': 'gzip' });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      vary: 'Accept',
    });
    expect(response.headers.get('content-encoding')).toBeNull();
  });

  it('may be read by a page of another origin', async () => {
    const origin = 'https://pages.example';
    const { response } = await listen(await startNode(), '', { Origin: origin });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('vary')).toBe('Accept');
  });

  it.each([
    ['the header Last-Event-ID', (id: string) => ['', { 'Last-Event-ID': id }] as const],
    ['?lastEventId=', (id: string) => [`&lastEventId=${id}`, {}] as const],
    ['?since=', (id: string) => [`&since=${id}`, {}] as const],
    ['the header, whatever the URL says', (id: string) => ['&since=1-0', { 'Last-Event-ID': id }] as const],
  ])('resumes after %s, without gap or duplicate', async (_where, place) => {
    const node = await startNode();
    const first = await listen(node);
    await publish(node, 'a', 'b', 'c');
    await first.nextKeys(1);
    const [query, headers] = place(first.lastEventId);
    const second = await listen(node, `pattern=jobs.*.*${query}`, headers);
    await publish(node, 'd');
    expect(await second.nextKeys(3)).toEqual(['b', 'c', 'd']);
  });

  it('resumes also for a client that received nothing before', async () => {
    const node = await startNode();
    const stream = await listen(node);
    await stream.next();
    await stream.next();
    await publish(node, 'a');
    const again = await listen(node, 'pattern=jobs.*.*', { 'Last-Event-ID': stream.lastEventId });
    expect(await again.nextKeys(1)).toEqual(['a']);
  });

  it('begins at a time as well as at a cursor', async () => {
    const node = await startNode();
    await publish(node, 'a');
    const stream = await listen(node, 'pattern=jobs.*.*&since=2020-01-01T00:00:00Z');
    expect(await stream.nextKeys(1)).toEqual(['a']);
  });

  it('reports a gap when the log no longer has the events, and the cursor from which to go on', async () => {
    const node = await startNode();
    await publish(node, 'a');
    const stream = await listen(node, '', { 'Last-Event-ID': '99999999999999-0' });
    const to = node.hub.eventLog.position;
    expect(await stream.nextEvent()).toMatchObject({
      event: 'gap',
      id: to,
      data: { object: { from: '99999999999999-0', to, reason: 'unknown cursor' } },
    });
  });

  it('sends the events that grants and filters admit', async () => {
    const node = await startNode();
    const token = await node.token('someone', { subscribe: ['jobs.save.a,b,c'] });
    const filters = encodeURIComponent('{"key":["a","c","d"]}');
    const stream = await openStream(`${node.url}/api/v3/events?token=${token}&filters=${filters}`);
    await publish(node, 'a', 'b', 'c', 'd', 'a');
    expect(await stream.nextKeys(3)).toEqual(['a', 'c', 'a']);
  });

  it('masks what the caller may not see', async () => {
    const node = await startNode({ BELFRY_REDACTION: '[{"fields":["n"],"except":["hr"]}]' });
    const token = await node.token('someone', { subscribe: ['*.*.*'], roles: [] });
    const stream = await openStream(`${node.url}/api/v3/events?token=${token}&pattern=jobs.*.*`);
    await publish(node, 'a');
    expect((await stream.nextEvent()).data['object']).toEqual({ n: '[redacted]' });
  });

  it.each([
    ['no token', '', 401],
    ['an invalid pattern', '&pattern=jobs', 422],
    ['an invalid cursor', '&since=yesterday', 400],
    [
      'more topics than a connection may have',
      `&pattern=${Array.from({ length: 1_001 }, (_, i) => i).join()}.*.*`,
      422,
    ],
  ])('is refused at once for %s', async (_why, query, status) => {
    const node = await startNode();
    const token = query === '' ? '' : `token=${await node.token()}`;
    await expect(openStream(`${node.url}/api/v3/events?${token}${query}`)).rejects.toThrow(
      `refused with ${status}`,
    );
    expect(node.hub.connections.size).toBe(0);
  });

  it('is refused for a pattern that the grants do not touch', async () => {
    const node = await startNode();
    const token = await node.token('someone', { subscribe: ['jobs.*.*'] });
    const url = `${node.url}/api/v3/events?token=${token}&pattern=a.*.*`;
    await expect(openStream(url)).rejects.toThrow('403');
  });

  it('is followed by the EventSource of browsers, which reconnects by itself and misses nothing', async () => {
    const node = await startNode();
    const url = `${node.url}/api/v3/events?pattern=jobs.*.*&token=${await node.token()}`;
    const page = new CommandProcess([], {}, ['--experimental-eventsource', '--eval', PAGE, '--', url]);
    await page.line(/^open$/);
    await publish(node, 'a');
    await page.line(/^a$/);
    const first = [...node.hub.connections];
    for (const connection of first) connection.close(CLOSE.draining);
    await publish(node, 'b');
    await page.line(/^b$/);
    expect(page.lines).toEqual(['open', 'a', 'close 1001', 'open', 'b']);
  });

  it('ends with an event that names the reason, and leaves the registry', async () => {
    const node = await startNode();
    const stream = await listen(node);
    await stream.next();
    await stream.next();
    for (const connection of node.hub.connections) connection.close(CLOSE.tokenExpired);
    expect(await stream.nextEvent()).toEqual({
      event: 'close',
      data: { code: 4001, reason: 'token expired' },
    });
    expect(await stream.next()).toBeUndefined();
    expect(node.hub.connections.size).toBe(0);
  });

  it('is kept alive every 15 seconds by the id up to which its client was sent everything', async () => {
    const clock = new ManualClock(new Date().toISOString());
    const node = await startNode();
    const app = await startApp(node.config, pino({ level: 'silent' }), clock);
    onTestFinished(() => app.stop());
    const url = app.listening[0]?.url ?? '';
    const stream = await openStream(`${url}/api/v3/events?token=${await node.token()}`);
    await stream.next();
    await stream.next();
    for (let entry = 0; entry < 2; entry++) {
      clock.advance(15_000);
      expect(await stream.next()).toEqual({ id: app.hub.eventLog.position });
    }
  });
});
