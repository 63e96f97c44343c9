import { createHmac } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { HubError } from '../../../src/clients/sdk/errors.ts';
import { rawConnection } from '../../support/raw-http.ts';
import { startHooks, type Options } from './hooks.ts';

const SECRET = 'a secret of the hook';
const BODY = '{"repository":{"full_name":"octo/repo"}}';

function headersOf(body: string | Buffer, id = 'delivery-1'): Record<string, string> {
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  return { 'X-Hub-Signature-256': `sha256=${signature}`, 'X-GitHub-Delivery': id, 'X-GitHub-Event': 'push' };
}

const start = (options: Options = {}) =>
  startHooks({ github: { check: 'github', secrets: SECRET } }, options);

describe('a delivery', () => {
  it('is published once when it is repeated, and the repetition is answered with the same id', async () => {
    const { post, heard, clock } = await start();
    const first = await post('/hooks/github', BODY, headersOf(BODY));
    clock.advance(23 * 3_600_000);
    const second = await post('/hooks/github', BODY, headersOf(BODY));
    expect([first.status, second.status, second.body]).toEqual([
      202,
      200,
      { id: first.body.id, duplicate: true },
    ]);
    expect(await heard()).toHaveLength(1);
    expect((await post('/hooks/github', BODY, headersOf(BODY, 'delivery-2'))).status).toBe(202);
    expect(await heard()).toHaveLength(2);
  });

  it('is published once when two sources with one name get it at a time', async () => {
    const one = await start();
    const other = await startHooks(
      { github: { check: 'github', secrets: SECRET } },
      {
        publish: async (body, key) => {
          const response = await fetch(`${one.node.url}/api/v3/events`, {
            method: 'POST',
            headers: {
              Authorization: `Bearer ${await one.node.token()}`,
              'Content-Type': 'application/json',
              'Idempotency-Key': key,
            },
            body,
          });
          return (response.headers.get('Belfry-Event-Ids') ?? '').split(',');
        },
      },
    );
    const answers = await Promise.all(
      [one, other].map(({ post }) => post('/hooks/github', BODY, headersOf(BODY))),
    );
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(await one.heard()).toHaveLength(1);
  });

  it('is answered with 503 and Retry-After while the hub is away, and is accepted once it is back', async () => {
    let isAway = true;
    const { post, heard, behind } = await start({
      publish: async () => {
        if (isAway) throw new HubError('lost', 'No answer came from the hub: ECONNREFUSED');
        return ['1-1'];
      },
    });
    const refused = await post('/hooks/github', BODY, headersOf(BODY));
    expect([refused.status, refused.headers.get('Retry-After'), refused.body.error]).toEqual([
      503,
      '5',
      expect.stringContaining('The hub cannot be reached now.'),
    ]);
    expect(behind.get('hub')).toContain('ECONNREFUSED');
    isAway = false;
    expect((await post('/hooks/github', BODY, headersOf(BODY))).status).toBe(202);
    expect([behind.size, (await heard()).length]).toEqual([0, 0]);
  });

  it('is answered with 503 where the hub does not answer in time', async () => {
    const { post, clock } = await start({
      publish: (_body, _key, request) =>
        new Promise((_resolve, reject) => {
          request?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    });
    const answer = post('/hooks/github', BODY, headersOf(BODY));
    await vi.waitFor(() => expect(clock.timers).toBe(1));
    clock.advance(10_000);
    expect((await answer).status).toBe(503);
  });

  it('of 25 MB is taken where that is permitted, and one byte more is refused with 413 before it is read', async () => {
    const maxBytes = 25_000_000;
    const { post, heard, url } = await start({ maxBytes, settings: { BELFRY_EVENT_MAX_BYTES: '33554432' } });
    const frame = '{"repository":{"full_name":"octo/repo"},"x":""}';
    const big = frame.replace('""', `"${'ü'.repeat((maxBytes - frame.length) / 2)}"`);
    const body = Buffer.from(`${big}${' '.repeat(maxBytes - Buffer.byteLength(big))}`);
    expect((await post('/hooks/github', body, headersOf(body))).status).toBe(202);
    expect(await heard()).toHaveLength(1);

    const connection = await rawConnection(url);
    const head = ['POST /hooks/github HTTP/1.1', 'Host: x', 'Content-Type: application/json'];
    const answer = await connection.ask([...head, `Content-Length: ${maxBytes + 1}`]);
    expect([answer.status, answer.headers['connection']]).toEqual([413, 'close']);
  }, 60_000);

  it('without a length is refused with 413 once it is larger than it may be', async () => {
    const { url } = await start({ maxBytes: 1_000 });
    const connection = await rawConnection(url);
    const head = [
      'POST /hooks/github HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
      ...Object.entries(headersOf(BODY)).map(([name, value]) => `${name}: ${value}`),
    ];
    const chunk = `3e8\r\n${' '.repeat(1_000)}\r\n`;
    const answer = await connection.ask(head, chunk + chunk);
    expect([answer.status, answer.body]).toEqual([
      413,
      expect.stringContaining('Expected 1000 bytes at most.'),
    ]);
  });

  it('with a wrong signature in its head is refused before its body comes', async () => {
    const { url } = await start();
    const connection = await rawConnection(url);
    const head = [
      'POST /hooks/github HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      'Content-Length: 900',
    ];
    expect((await connection.ask([...head, 'X-GitHub-Delivery: 1'])).status).toBe(401);
    expect(await connection.ended).toBe('end');
  });

  it.each([
    ['/hooks/github', 'x', {}, 415, 'Expected Content-Type: application/json.'],
    ['/hooks/github', BODY, { 'Content-Encoding': 'gzip' }, 415, 'The body is compressed.'],
    ['/hooks/nothing', BODY, {}, 404, 'There is no hook at this path.'],
    ['/hooks/__proto__', BODY, {}, 404, 'There is no hook'],
    ['/', BODY, {}, 404, 'Expected /hooks/<name>.'],
    ['/hooks/github', '{"repository":{}}', {}, 202, ''],
    ['/hooks/github', '{"repository":', {}, 400, 'Not usable as JSON'],
    ['/hooks/github', Buffer.from([0x7b, 0xff, 0x7d]), {}, 400, 'The body is not UTF-8.'],
    ['/hooks/github', '{"a":"\\ud800"}', {}, 400, 'Not usable as JSON'],
    ['/hooks/github', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, {}, 400, 'Not usable as JSON'],
  ])(
    'at %s with the body %.20s is answered as it deserves (%#)',
    async (path, body, headers, status, says) => {
      const { post } = await start();
      const type = body === 'x' ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {};
      const answer = await post(path, body, { ...headersOf(body), ...headers, ...type });
      expect([answer.status, answer.body.error ?? '']).toEqual([status, expect.stringContaining(says)]);
    },
  );

  it('whose body or head comes too slowly ends with 408, and takes nothing from the others', async () => {
    const { url, post } = await start({ withinMs: 300 });
    const slow = await rawConnection(url);
    slow.write('POST /hooks/github HTTP/1.1', 'Host: x');
    const head = Object.entries(headersOf(BODY)).map(([name, value]) => `${name}: ${value}`);
    const body = await rawConnection(url);
    const type = ['Content-Type: application/json', `Content-Length: ${BODY.length}`];
    const answer = body.ask(['POST /hooks/github HTTP/1.1', 'Host: x', ...type, ...head], BODY.slice(0, 5));
    expect((await post('/hooks/github', BODY, headersOf(BODY))).status).toBe(202);
    expect((await answer).status).toBe(408);
    expect(await slow.ended).toBe('end');
  });

  it('by GET is answered with 405 and what is allowed', async () => {
    const { url } = await start();
    const answer = await fetch(`${url}/hooks/github`);
    expect([answer.status, answer.headers.get('Allow')]).toEqual([405, 'POST']);
  });

  it('never shows the secret of its hook, whatever it is answered with', async () => {
    const { post, refused } = await start();
    const answers = [
      await post('/hooks/github', BODY, headersOf('other')),
      await post('/hooks/github', '{', headersOf('{')),
    ];
    const said = JSON.stringify([answers, refused]);
    expect(refused).toHaveLength(2);
    expect(said).not.toContain(SECRET);
    expect(said).not.toContain(headersOf(BODY)['X-Hub-Signature-256']);
  });
});
