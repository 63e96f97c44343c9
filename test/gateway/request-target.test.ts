import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { toOneForm } from '../../src/gateway/http/request-target.ts';
import { startNode, type TestNode } from '../support/node.ts';

/** Sends a request unchanged, and returns the response as soon as its head is complete. */
async function headOf(node: TestNode, lines: readonly string[]): Promise<string> {
  const socket: Socket = connect(Number(new URL(node.url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let heard = '';
  for await (const data of socket as AsyncIterable<Buffer>) {
    heard += data.toString('latin1');
    if (heard.includes('\r\n\r\n')) break;
  }
  return heard;
}

const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

describe('the target of a request', () => {
  it.each([
    ['http://hub.example/native/ws?token=a', '/native/ws?token=a', 'hub.example'],
    ['HTTPS://hub.example:8443/api/v3/events', '/api/v3/events', 'hub.example:8443'],
    ['http://[::1]:8800/ws', '/ws', '[::1]:8800'],
    ['http://ann@hub.example/ws', '/ws', 'hub.example'],
    ['ws://hub.example/ws', '/ws', 'hub.example'],
    ['http://hub.example', '/', 'hub.example'],
    ['http://hub.example?since=1-0', '/?since=1-0', 'hub.example'],
    ['/ws?of=http://other.example/x', '/ws?of=http://other.example/x', 'as sent'],
    ['//other.example/ws', '//other.example/ws', 'as sent'],
    ['*', '*', 'as sent'],
    ['/ws?since=1-0#top', '/ws?since=1-0', 'as sent'],
    ['http://hub.example#top', '/', 'hub.example'],
    ['/n%61tive/%77s?token=%61', '/native/ws?token=%61', 'as sent'],
    ['/api/%2f%2565%C3%a9%7e', '/api/%2f%2565%C3%a9~', 'as sent'],
    ['/%2d%2E%39%5f%5A%40%5b%60%7b%zz', '/-.9_Z%40%5b%60%7b%zz', 'as sent'],
  ])('%s is read as %s at the host %s', (url, target, host) => {
    const request = { url, headers: { host: 'as sent' } };
    toOneForm(request);
    expect([request.url, request.headers.host]).toEqual([target, host]);
  });

  it.each(['/native/ws', '/api/v3/ws', '/norn/ws', '/dorgu/ws', '/provisioning/ws', '/ws', '/ws/metrics'])(
    'is accepted in absolute form at the upgrade of %s, with its token',
    async (path) => {
      const node = await startNode({ BELFRY_LISTEN: '127.0.0.1:0=norn' });
      const target = `http://hub.example${path}?token=${await node.token()}`;
      const head = await headOf(node, [`GET ${target} HTTP/1.1`, 'Host: hub.example', ...UPGRADE]);
      expect(head).toMatch(/^HTTP\/1\.1 101 /);
    },
  );

  it.each(['/healthz', '/api/v3/connections', '/api/clusters', '/openapi.json'])(
    'is accepted in absolute form by GET %s, with its query',
    async (path) => {
      const node = await startNode();
      const target = `http://hub.example${path}?token=${await node.token()}`;
      const head = await headOf(node, [`GET ${target} HTTP/1.1`, 'Host: hub.example', 'Connection: close']);
      expect(head).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it('names in absolute form the host that the origin of a page with a cookie must equal', async () => {
    const node = await startNode();
    const ask = async (host: string): Promise<string> =>
      headOf(node, [
        `GET http://${host}/api/ws/stats HTTP/1.1`,
        'Host: whatever.example',
        'Origin: https://mist.example',
        `Cookie: mist_token=${await node.token()}`,
        ...UPGRADE,
      ]);
    expect(await ask('mist.example')).toMatch(/^HTTP\/1\.1 101 /);
    expect(await ask('other.example')).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('is refused in absolute form with 404 at a path that does not exist', async () => {
    const node = await startNode();
    const head = await headOf(node, [
      'GET http://hub.example/no/ws HTTP/1.1',
      'Host: hub.example',
      ...UPGRADE,
    ]);
    expect(head).toMatch(/^HTTP\/1\.1 404 /);
  });

  it.each(['/native/ws', '/dorgu/ws', '/healthz', '/api/v3/info'])(
    'is refused with two Host headers: %s',
    async (path) => {
      const node = await startNode();
      const target = `GET ${path}?token=${await node.token()} HTTP/1.1`;
      const headers = path.endsWith('ws') ? UPGRADE : ['Connection: close'];
      const answer = await headOf(node, [target, 'Host: a', 'HOST: b', ...headers]);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  it('means the same when it is percent-encoded without need, or has a fragment', async () => {
    const node = await startNode();
    const token = await node.token();
    const upgrade = await headOf(node, [
      `GET /%6eative/ws?token=${token}#top HTTP/1.1`,
      'Host: a',
      ...UPGRADE,
    ]);
    expect(upgrade).toMatch(/^HTTP\/1\.1 101 /);
    const get = [`GET /api/v3/%65vents?token=${token}#top HTTP/1.1`, 'Host: a', 'Connection: close'];
    expect(await headOf(node, get)).toMatch(/^HTTP\/1\.1 200 /);
  });
});
