import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { DIALECTS } from '../../src/dialects/index.ts';
import { startNode, type TestNode } from '../support/node.ts';

const startNorn = (settings: Record<string, string> = {}): Promise<TestNode> =>
  startNode({ BELFRY_LISTEN: '127.0.0.1:0=norn,127.0.0.1:0=dorgu', ...settings });
const socketOf = (node: TestNode): string => `${node.url.replace('http', 'ws')}/ws`;

/** Sends a handshake, or with another method or headers some other request, and returns the answer. */
function shake(url: string, headers: Record<string, string> = {}, method = 'GET') {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number | undefined;
    version?: string | string[] | undefined;
    body?: string;
    agreed?: string[];
  }>();
  const upgrade = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const asked = request(url.replace(/^ws/, 'http'), { method, headers: { ...upgrade, ...headers } });
  asked.on('upgrade', (response, socket) => {
    socket.destroy();
    const agreed = Object.keys(response.headers).filter((name) => /protocol|extensions/.test(name));
    resolve({ status: response.statusCode, ...(agreed.length > 0 && { agreed }) });
  });
  asked.on('response', (response) => {
    let body = '';
    response.on('data', (data: Buffer) => (body += data.toString()));
    response.on('end', () =>
      resolve({ status: response.statusCode, version: response.headers['sec-websocket-version'], body }),
    );
  });
  asked.on('error', reject);
  asked.end();
  return promise;
}

describe('the origin of a page', () => {
  it.each([
    ['', 101],
    ['http://localhost:5173', 101],
    ['http://localhost:3000', 101],
    ['https://localhost', 101],
    ['http://127.0.0.1:9', 101],
    ['http://[::1]:3', 101],
    ['https://norn.example.com', 101],
    ['https://extra.example.com', 101],
    ['https://NORN.example.com', 403],
    ['http://localhost.evil.com', 403],
    ['https://evil.example', 403],
    ['null', 403],
    ['file://', 403],
  ])('"%s" gets the status %d', async (origin, status) => {
    const node = await startNorn({
      NORN_ALLOWED_ORIGINS: 'https://norn.example.com, https://extra.example.com',
    });
    const answer = await shake(socketOf(node), origin === '' ? {} : { Origin: origin });
    expect(answer).toEqual(status === 101 ? { status } : { status, version: '13', body: 'Forbidden' });
  });

  it('may be empty or absent', async () => {
    const node = await startNorn();
    expect(await shake(socketOf(node), { Origin: '' })).toEqual({ status: 101 });
  });

  it("is checked by norn's own rule only, which does not except the host of the node", async () => {
    const node = await startNorn({ BELFRY_ALLOWED_ORIGINS: 'https://hub.example.com' });
    const from = async (origin: string, path: string): Promise<number | undefined> =>
      (await shake(node.url + path, { Origin: origin, Host: 'hub.example.com' })).status;
    expect(await from('http://localhost:3000', '/norn/ws')).toBe(101);
    expect(await from('https://hub.example.com', '/norn/ws')).toBe(403);
    expect(await from('https://hub.example.com', '/dorgu/ws')).toBe(101);
    expect(await from('http://localhost:3000', '/dorgu/ws')).toBe(403);
  });
});

describe('a handshake that offers a subprotocol and compression', () => {
  it.each(['norn', 'dorgu'])(
    'is accepted by %s without either of them, as by its own server',
    async (name) => {
      const node = await startNorn();
      const offer = { 'Sec-WebSocket-Protocol': 'a, b', 'Sec-WebSocket-Extensions': 'permessage-deflate' };
      expect(await shake(`${node.url}/${name}/ws`, offer)).toEqual({ status: 101 });
    },
  );

  it('is accepted by drp in the same way', async () => {
    const node = await startNorn();
    const offer = { 'Sec-WebSocket-Protocol': 'a, b', 'Sec-WebSocket-Extensions': 'permessage-deflate' };
    const url = `${node.url}/api/v3/ws?token=${await node.token()}`;
    expect(await shake(url, offer)).toEqual({ status: 101 });
  });
});

describe('a request without a handshake', () => {
  it.each([
    ['a plain GET', { Connection: 'close', Upgrade: '' }],
    ['one without key', { 'Sec-WebSocket-Key': '' }],
    ['one of another version', { 'Sec-WebSocket-Version': '12' }],
  ])('gets 400 as from norn: %s', async (_what, headers) => {
    const node = await startNorn();
    expect(await shake(socketOf(node), headers)).toEqual({ status: 400, version: '13', body: 'Bad Request' });
  });

  it.each(DIALECTS.map(({ name }) => name))(
    'gets 405 at the socket of %s when its method is not GET',
    async (name) => {
      const node = await startNorn();
      const url = `${node.url}/${name}/ws`;
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const expected = { status: 405, version: '13', body: 'Method Not Allowed' };
        expect([method, await shake(url, {}, method)]).toEqual([method, expected]);
        const plain = await fetch(url, { method });
        expect([plain.status, plain.headers.get('allow')]).toEqual([405, 'GET']);
      }
    },
  );
});
