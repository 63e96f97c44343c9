import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainRequestIn, type PlainHeaders } from '../../src/gateway/http/plain-request.ts';
import { runs } from '../support/runs.ts';

const HEAD = [
  'POST /api/v3/events HTTP/1.1',
  'Host: a',
  'Content-Type: application/json',
  'Content-Length: 4',
];
const bytesOf = (head: readonly string[], body = '{} \n'): Buffer =>
  Buffer.from([...head, '', body].join('\r\n'), 'latin1');
const without = (name: string): string[] => HEAD.filter((line) => !line.startsWith(name));
const plainIn = (bytes: Buffer): ReturnType<typeof plainRequestIn> => plainRequestIn(bytes, new Socket());

describe('a plain request', () => {
  it('is read with its target, the headers that handlers read, and its body', () => {
    const bytes = bytesOf([...HEAD, 'AUTHORIZATION:\t Bearer a \t', 'X-Other: 1', 'Connection: Keep-Alive']);
    const request = plainIn(bytes);
    expect(request).toMatchObject({ method: 'POST', url: '/api/v3/events', length: bytes.length });
    expect(request?.headers).toEqual({
      host: 'a',
      'content-type': 'application/json',
      'content-length': '4',
      authorization: 'Bearer a',
      connection: 'Keep-Alive',
    });
    request?.fill(bytes);
    expect(request?.body.toString()).toBe('{} \n');
  });

  it('may name a dialect in its target', () => {
    const bytes = bytesOf(['POST /api/v3/events?dialect=drp HTTP/1.1', ...HEAD.slice(1)]);
    expect(plainIn(bytes)?.url).toBe('/api/v3/events?dialect=drp');
  });

  it('is known by its head as soon as that is there as a whole', () => {
    const whole = bytesOf(HEAD);
    for (let end = 0; end < whole.length - 4; end++) expect(plainIn(whole.subarray(0, end))).toBeUndefined();
    for (let end = whole.length - 4; end <= whole.length; end++)
      expect(plainIn(whole.subarray(0, end))?.length).toBe(whole.length);
  });

  it.each([
    ['another method', ['PUT /api/v3/events HTTP/1.1', ...HEAD.slice(1)]],
    ['a method in lower case', ['post /api/v3/events HTTP/1.1', ...HEAD.slice(1)]],
    ['another version', ['POST /api/v3/events HTTP/1.0', ...HEAD.slice(1)]],
    ['another parameter', ['POST /api/v3/events?dry=true HTTP/1.1', ...HEAD.slice(1)]],
    ['a path with two forms', ['POST /api/v3/%65vents HTTP/1.1', ...HEAD.slice(1)]],
    ['a target with a host', ['POST http://a/api/v3/events HTTP/1.1', ...HEAD.slice(1)]],
    ['a fragment', ['POST /api/v3/events#a HTTP/1.1', ...HEAD.slice(1)]],
    ['two spaces in its first line', ['POST  /api/v3/events HTTP/1.1', ...HEAD.slice(1)]],
    ['an empty line before it', ['', ...HEAD]],
    ['no host', without('Host')],
    ['an empty host', [...without('Host'), 'Host: ']],
    ['two hosts', [...HEAD, 'host: b']],
    ['no length', without('Content-Length')],
    ['two lengths', [...HEAD, 'Content-Length: 4']],
    ['a list of lengths', [...without('Content-Length'), 'Content-Length: 4, 4']],
    ['no body', [...without('Content-Length'), 'Content-Length: 0']],
    ['a length with a sign', [...without('Content-Length'), 'Content-Length: +4']],
    ['a length that begins with 0', [...without('Content-Length'), 'Content-Length: 04']],
    ['a length in other digits', [...without('Content-Length'), 'Content-Length: 0x4']],
    ['a long body', [...without('Content-Length'), 'Content-Length: 49153']],
    ['a body in chunks', [...HEAD, 'Transfer-Encoding: chunked']],
    ['any other transfer encoding', [...HEAD, 'transfer-encoding: identity']],
    ['a compressed body', [...HEAD, 'Content-Encoding: gzip']],
    ['an expectation', [...HEAD, 'Expect: 100-continue']],
    ['an upgrade', [...HEAD, 'Upgrade: h2c']],
    ['a trailer', [...HEAD, 'Trailer: X']],
    ['an encoding of the answer', [...HEAD, 'TE: trailers']],
    ['a CloudEvent in binary mode', [...HEAD, 'ce-specversion: 1.0']],
    ['a connection that is to close', [...HEAD, 'Connection: close']],
    ['a connection of several words', [...HEAD, 'Connection: keep-alive, X-A']],
    ['a connection of an old proxy', [...HEAD, 'Proxy-Connection: close']],
    ['a header of a handler twice', [...HEAD, 'Authorization: a', 'authorization: b']],
    ['a folded header', [...HEAD, 'X-A: 1', ' 2']],
    ['a header without a colon', [...HEAD, 'X-A']],
    ['a header without a name', [...HEAD, ': 1']],
    ['a space before a colon', [...HEAD, 'X-A : 1']],
    ['a name that a proxy may spell in another way', [...HEAD, 'Content_Length: 9']],
    ['a line feed within a header', [...HEAD, 'X-A: 1\n2']],
    ['a carriage return within a header', [...HEAD, 'X-A: 1\r2']],
    ['a zero byte', [...HEAD, 'X-A: \0']],
    ['a character beyond ASCII', [...HEAD, 'X-A: é']],
    ['a longer head than plain clients send', [...HEAD, `X-A: ${'a'.repeat(7_168)}`]],
  ])('has not %s', (_what, head) => {
    expect(plainIn(bytesOf(HEAD))).toBeDefined();
    expect(plainIn(bytesOf(head))).toBeUndefined();
  });

  it('has nothing after it', () => {
    expect(plainIn(bytesOf(HEAD, '{} \nP'))).toBeUndefined();
  });

  it('is read in a time that grows only with its length', () => {
    const lines = `X:${' '.repeat(80)}\r\n`.repeat(80);
    const begun = performance.now();
    for (let i = 0; i < 100; i++) plainIn(Buffer.from(`POST / HTTP/1.1\r\n${lines}\n\r\n\r\n`));
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

/** What Node's own server reads in some bytes. */
interface Read {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly isKept: boolean;
}

const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Lets Node's own server read these bytes and one more request after them. */
async function readByNode(bytes: Buffer): Promise<readonly (Read | 'refused')[]> {
  const found: (Read | 'refused')[] = [];
  const server = createServer({ shouldUpgradeCallback: () => false }, (request, response) => {
    const { method, url, headers } = request;
    let body = '';
    request.setEncoding('latin1').on('data', (part: string) => (body += part));
    request.on('end', () => {
      found.push({ method, url, headers, body, isKept: response.shouldKeepAlive });
      response.end();
    });
  });
  server.on('checkContinue', (_request, response) => void response.writeHead(417).end());
  server.on('clientError', (_error, socket) => {
    found.push('refused');
    socket.destroy();
  });
  const socket = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
    final: (done) => {
      done();
      socket.destroy();
    },
  });
  server.emit('connection', socket);
  socket.push(Buffer.concat([bytes, Buffer.from(NEXT)]));
  // By then Node has read the bytes, and what it misses does not come.
  setImmediate(() => socket.push(null));
  await once(socket, 'close');
  return found;
}

const oneOf = <Value>(...values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);

/** Lines of a head, of which most are usual and some are what attackers write. */
const anyLine = fc.oneof(
  {
    weight: 4,
    arbitrary: oneOf('Accept: */*', 'accept-encoding: gzip', 'X-A:', 'X-A: \t a\t', 'Origin: https://a'),
  },
  {
    weight: 4,
    arbitrary: oneOf('Connection: keep-alive', 'User-Agent: a', 'Authorization: Bearer a', 'Cookie: a=b'),
  },
  {
    weight: 1,
    arbitrary: oneOf('Content-Length: 5', 'Content-Length : 4', 'content-length:4', 'Transfer-Encoding: chunked', 'Transfer-Encoding:\tchunked', 'Transfer-Encoding: x', 'Connection: close', 'Connection: keep-alive, close', 'Proxy-Connection: close', 'Upgrade: h2c', 'Expect: 100-continue', 'TE: trailers', 'Ce-SpecVersion: 1.0', 'Trailer: a', 'Host: b', ' folded', 'X-A: a\rb', 'X-A: a\nTransfer-Encoding: chunked', 'X-A: \u0000', 'X A: b', ':', '', 'Keep-Alive: timeout=1', 'HTTP2-Settings: a', '__proto__: a', 'Sec-WebSocket-Key: a'), // prettier-ignore
  },
);

const anyHead = fc.record({
  first: fc.oneof(
    { weight: 9, arbitrary: fc.constant('POST /api/v3/events HTTP/1.1') },
    {
      weight: 1,
      arbitrary: oneOf('POST /api/v3/events?dialect=drp HTTP/1.1', 'POST //a?b HTTP/1.1', 'POST /a HTTP/1.0', 'POST * HTTP/1.1', 'PO ST / HTTP/1.1', 'POST /a b HTTP/1.1', 'POST /\u0080 HTTP/1.1', 'POST /<a>|{b}^` HTTP/1.1'), // prettier-ignore
    },
  ),
  lines: fc.array(anyLine, { maxLength: 5 }),
  length: fc.oneof(
    { weight: 9, arbitrary: fc.constant('4') },
    oneOf('3', '5', '04', '4 ', '\t4', '', '4,4', '4e0'),
  ),
  at: fc.nat(6),
});

/** Bytes of a request, in some of which one byte was changed, taken out or put in. */
const anyBytes = fc
  .tuple(
    anyHead,
    oneOf('{} \n', 'a: b', '\r\n\r\n', 'GET '),
    fc.option(
      fc.record({
        at: fc.nat(),
        taken: fc.nat(1),
        put: oneOf('', ' ', '\t', '\r', '\n', '\0', ':', ',', ';', '-', '_', 'a', '1', '\x80'),
      }),
      { freq: 2 },
    ),
  )
  .map(([{ first, lines, length, at }, body, change]) => {
    const all = ['Host: a', `Content-Length: ${length}`, ...lines];
    all.push(...all.splice(0, at % all.length));
    const text = bytesOf([first, ...all], body).toString('latin1');
    if (change === null) return Buffer.from(text, 'latin1');
    const from = change.at % text.length;
    return Buffer.from(text.slice(0, from) + change.put + text.slice(from + change.taken), 'latin1');
  });

describe('what is read as a plain request', () => {
  it('is read by Node in the same way, with the next request right after it', async () => {
    let plain = 0;
    await fc.assert(
      fc.asyncProperty(anyBytes, async (bytes) => {
        const request = plainIn(bytes);
        if (request?.length !== bytes.length) return;
        plain++;
        request.fill(bytes);
        const { method, url, headers, body } = request;
        const [read, next, ...more] = await readByNode(bytes);
        expect(read).toMatchObject({ method, url, body: body.toString('latin1'), isKept: true });
        const { headers: all } = read as Read;
        const kept = Object.fromEntries(Object.keys(headers).map((name) => [name, all[name]]));
        expect(headers).toEqual(kept);
        for (const name of UNSEEN) expect(all[name]).toBeUndefined();
        expect(next).toMatchObject({ url: '/next' });
        expect(more).toEqual([]);
      }),
      { numRuns: runs(1_000) },
    );
    expect(plain).toBeGreaterThan(runs(1_000) / 10);
  });
});

/** Headers that handlers may ask for, and that no plain request has. */
const UNSEEN = [
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
] satisfies (keyof PlainHeaders)[];
