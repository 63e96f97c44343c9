import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { startNode, type TestNode } from '../support/node.ts';
import { rawConnection, rawRequest } from '../support/raw-http.ts';

const EVENT = JSON.stringify({ type: 'jobs', action: 'save', key: 'ä', object: { n: 1 } });

async function post(node: TestNode, headers: Record<string, string>, body: string | Buffer = EVENT) {
  return fetch(`${node.url}/api/v3/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await node.token()}`, ...headers },
    body: new Uint8Array(Buffer.from(body)),
  });
}

async function get(node: TestNode, path: string, headers: Record<string, string> = {}, method = 'GET') {
  return fetch(`${node.url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${await node.token()}`, ...headers },
  });
}

describe('a published body', () => {
  it('is refused when its client leaves in the middle of it, and counted', async () => {
    const node = await startNode();
    const connection = await rawConnection(node.url);
    connection.write(
      'POST /api/v3/events HTTP/1.1',
      'Host: a',
      `Authorization: Bearer ${await node.token()}`,
      'Content-Type: application/json',
      'Content-Length: 100',
      '',
      '{"type":',
    );
    await expect.poll(async () => connection.socket.bytesWritten).toBeGreaterThan(100);
    connection.socket.destroy();
    await expect
      .poll(async () => (await fetch(`${node.url}/metrics`)).text())
      .toContain('belfry_rejected_total{source="http",reason="request_invalid"} 1');
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/json ; odata=verbose; charset=us-ascii',
    'text/json',
    'application/vnd.example+json; charset=utf8',
  ])('is accepted when its type is %s', async (type) => {
    expect((await post(await startNode(), { 'Content-Type': type })).status).toBe(204);
  });

  it.each([
    'text/plain',
    'text/plain; x=application/json',
    'application/jsonp',
    'application/json-seq',
    'application/json; charset=utf-16',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
  ])('is refused when its type is %s', async (type) => {
    const response = await post(await startNode(), { 'Content-Type': type });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(`Invalid content type: ${type.replaceAll('"', '\\"')}`);
  });

  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', (text: string) => text],
  ])('may be compressed with %s', async (encoding, compress) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': encoding };
    expect((await post(await startNode(), headers, compress(EVENT))).status).toBe(204);
  });

  it.each([
    ['compress', EVENT, 415, 'encoding_unsupported'],
    ['gzip', EVENT, 400, 'request_invalid'],
    ['gzip', gzipSync('1'.repeat(20_000_000)), 413, 'event_too_big'],
  ])(
    'is refused when its Content-Encoding is %s and it cannot be decoded, or is too large',
    async (encoding, body, status, code) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Encoding': encoding };
      const response = await post(await startNode(), headers, body);
      expect([response.status, await response.text()]).toEqual([status, expect.stringContaining(`#${code}`)]);
    },
  );

  it.each([
    ['a byte order mark', `\ufeff${EVENT}`, 204],
    ['space around', ` \r\n\t${EVENT}\n`, 204],
    ['nothing', '', 400],
    ['a second mark', `\ufeff\ufeff${EVENT}`, 400],
  ])('is read with %s', async (_what, body, status) => {
    expect((await post(await startNode(), { 'Content-Type': 'application/json' }, body)).status).toBe(status);
  });

  it('may come in chunks', async () => {
    const node = await startNode();
    const head = [
      'POST /api/v3/events HTTP/1.1',
      'Host: a',
      `Authorization: Bearer ${await node.token()}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ];
    const text = Buffer.from(EVENT).toString('latin1');
    const chunks = [text.slice(0, 20), text.slice(20)].map(
      (part) => `${part.length.toString(16)};x=1\r\n${part}\r\n`,
    );
    const connection = await rawConnection(node.url);
    expect((await connection.ask(head, `${chunks.join('')}0\r\nX-Trailer: 1\r\n\r\n`)).status).toBe(204);
  });
});

describe('a body whose headers announce that it is too large', () => {
  it.each([[[]], [['Expect: 100-continue']]])(
    'is refused before the client sends any of it, with the headers %j',
    async (more) => {
      const node = await startNode();
      const head = [
        'POST /api/v3/events HTTP/1.1',
        'Host: a',
        `Authorization: Bearer ${await node.token()}`,
        'Content-Type: application/json',
        'Content-Length: 999999999',
        ...more,
      ];
      expect((await rawRequest(node.url, head)).status).toBe(413);
    },
  );
});

describe('an answer', () => {
  it.each([
    ['no Accept', undefined, 200],
    ['an empty one', '', 200],
    ['anything', '*/*', 200],
    ['any application', 'application/*;q=0.1', 200],
    ['what a browser takes', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 200],
    ['JSON in capitals, among others', 'text/html, Application/JSON;q=0.5', 200],
    ['HTML only', 'text/html', 406],
    ['anything but JSON', 'application/json;q=0, text/html', 406],
  ])('is JSON for %s', async (_what, accept, status) => {
    const { url, token } = await startNode();
    const lines = ['GET /api/v3/info HTTP/1.1', 'Host: a', `Authorization: Bearer ${await token()}`];
    const answer = await rawRequest(url, accept === undefined ? lines : [...lines, `Accept: ${accept}`]);
    expect(answer.status).toBe(status);
  });

  it.each([
    ['text/event-stream', 'text/event-stream; charset=utf-8'],
    ['text/event-stream, */*;q=0.1', 'text/event-stream; charset=utf-8'],
    ['application/json;q=0.5, text/event-stream', 'text/event-stream; charset=utf-8'],
    ['text/event-stream;q=0.5, application/json', 'application/json; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8'],
  ])('to GET /api/v3/events is a stream or a page, as Accept: %s prefers', async (Accept, type) => {
    const response = await get(await startNode(), '/api/v3/events', { Accept }, 'HEAD');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
  });

  it('to HEAD is the answer to GET without its body', async () => {
    const node = await startNode();
    for (const path of [
      '/healthz',
      '/readyz',
      '/openapi.json',
      '/api/v3/connections?Id=x',
      '/api/v3/nothing',
    ]) {
      const [got, head] = [await get(node, path), await get(node, path, {}, 'HEAD')];
      expect([path, head.status, head.headers.get('content-type')]).toEqual([
        path,
        got.status,
        got.headers.get('content-type'),
      ]);
      expect(await head.text()).toBe('');
    }
  });

  it.each(['/openapi.json', '/asyncapi.json'])(
    'for %s is made once, and sent again only to a client that does not have it',
    async (path) => {
      const node = await startNode();
      const first = await get(node, path);
      const etag = first.headers.get('etag') ?? '';
      expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'no-cache']);
      expect(await first.json()).toMatchObject({ info: { title: 'Belfry' } });
      for (const known of [etag, `"x", W/${etag}`, '*']) {
        // `fetch` would ask for the document even if it knows it, so the test does not use it.
        const again = await rawRequest(node.url, [
          `GET ${path} HTTP/1.1`,
          'Host: a',
          `If-None-Match: ${known}`,
        ]);
        expect([again.status, again.headers['etag'], again.body]).toEqual([304, etag, '']);
      }
      expect((await get(node, path, { 'If-None-Match': '"x"' })).status).toBe(200);
    },
  );
});

describe('a method', () => {
  it.each([
    ['DELETE', '/api/v3/events', 'GET, HEAD, POST, OPTIONS'],
    ['PUT', '/api/v3/info', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/api/v3/connections/x', 'GET, HEAD, DELETE, OPTIONS'],
    ['GET', '/api/v3/dead-letters/1-0/retry', 'POST, OPTIONS'],
    ['GET', '/api/v3/tokens/x', 'DELETE, OPTIONS'],
    ['POST', '/api/v3/machines/a', 'GET, HEAD, OPTIONS'],
    ['PROPFIND', '/api/clusters/', 'GET, HEAD, OPTIONS'],
    ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
  ])('%s is refused with 405 at %s, and Allow names the methods of the path', async (method, path, allow) => {
    const node = await startNode();
    const refused = await get(node, path, {}, method);
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, allow]);
    expect(await refused.text()).toContain('#method_not_allowed');
    const asked = await get(node, path, {}, 'OPTIONS');
    expect([asked.status, asked.headers.get('allow')]).toEqual([204, allow]);
  });

  it('is refused with 404 at a path that does not exist', async () => {
    const node = await startNode();
    expect((await get(node, '/nowhere', {}, 'DELETE')).status).toBe(404);
    expect((await get(node, '/api/v3/a/b/c', {}, 'OPTIONS')).status).toBe(404);
  });
});

describe('a handshake', () => {
  const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  it.each([
    ['in the letters of the RFC', ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']],
    ['in others', ['CONNECTION: keep-alive, UPGRADE', 'UPGRADE: WebSocket', 'SEC-WEBSOCKET-VERSION: 13']],
    [
      'that offers more protocols',
      ['Connection: Upgrade', 'Upgrade: h2c, websocket', 'Sec-WebSocket-Version: 13'],
    ],
    [
      'that offers more versions',
      ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 25, 13'],
    ],
  ])('is accepted %s', async (_how, lines) => {
    const { url } = await startNode();
    const answer = await rawRequest(url, ['GET /norn/ws HTTP/1.1', 'Host: a', KEY, ...lines]);
    expect([answer.status, answer.headers['sec-websocket-accept']]).toEqual([
      101,
      's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    ]);
  });

  it('is refused with 400 when it offers only another version of WebSocket, and the answer names version 13', async () => {
    const { url } = await startNode();
    const lines = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 25'];
    const answer = await rawRequest(url, ['GET /norn/ws HTTP/1.1', 'Host: a', KEY, ...lines]);
    expect([answer.status, answer.headers['sec-websocket-version']]).toEqual([400, '13']);
  });

  it('to another protocol than WebSocket is ignored, and the request is served', async () => {
    const { url } = await startNode();
    const lines = [
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
    ];
    expect((await rawRequest(url, ['GET /healthz HTTP/1.1', 'Host: a', ...lines])).status).toBe(200);
  });
});
