import { describe, expect, it } from 'vitest';
import { httpEntry, redisEntry, socketEntry } from './entries.ts';
import { replyCounter, type Protocol } from './replies.ts';

/** The sum of all replies, fed in pieces of this size. */
function counted(
  protocol: Protocol,
  bytes: Buffer,
  size: number,
): { accepted: number; refusals: number; refused: string[] } {
  const count = replyCounter(protocol);
  const sum = { accepted: 0, refusals: 0, refused: [] as string[] };
  for (let at = 0; at < bytes.length; at += size) {
    const { accepted, refusals, refused } = count(bytes.subarray(at, at + size));
    sum.accepted += accepted;
    sum.refusals += refusals;
    if (refused !== undefined) sum.refused.push(refused);
  }
  return sum;
}

const textFrame = (text: string): Buffer => {
  const payload = Buffer.from(text);
  const header =
    payload.length < 126 ? [0x81, payload.length] : [0x81, 126, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from(header), payload]);
};

const REPLIES: Readonly<Record<Protocol, { bytes: Buffer; accepted: number; refused: string }>> = {
  resp: {
    bytes: Buffer.from(
      ':1\r\n$3\r\n1-0\r\n*2\r\n$3\r\n1-1\r\n*1\r\n:7\r\n+OK\r\n$-1\r\n-ERR too much\r\n*0\r\n',
    ),
    accepted: 6,
    refused: '-ERR too much\r\n',
  },
  http: {
    bytes: Buffer.from(
      'HTTP/1.1 204 No Content\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}' +
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n' +
        'HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"error":1}',
    ),
    accepted: 3,
    refused: 'HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n',
  },
  websocket: {
    bytes: Buffer.concat([textFrame('{"a":1}'), textFrame('x'.repeat(300)), textFrame('{"action":"error"}')]),
    accepted: 2,
    refused: textFrame('{"action":"error"}').toString(),
  },
};

describe.each(Object.keys(REPLIES) as Protocol[])('the replies of %s', (protocol) => {
  const { bytes, accepted, refused } = REPLIES[protocol];

  it.each([1, 2, 7, 1_000])('are counted once each when they arrive in pieces of %i bytes', (size) => {
    const found = counted(protocol, bytes, size);
    expect(found.accepted).toBe(accepted);
    expect(found.refused[0]).toBe(refused);
    expect(found.refusals).toBe(protocol === 'http' ? 2 : 1);
  });
});

describe('the request of an entry point', () => {
  it('of Redis states the bytes of each word', () => {
    expect(redisEntry(1, 'PUBLISH', 'c', 'é').request).toBe('*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$2\r\né\r\n');
  });

  it('of HTTP states the bytes of the body', () => {
    const { request } = httpEntry(1, '/x', { A: 'b' }, '{"a":1}');
    expect(request).toMatch(/^POST \/x HTTP\/1\.1\r\n[\s\S]*\r\nA: b\r\nContent-Length: 7\r\n\r\n\{"a":1\}$/);
  });

  it('of a socket is one masked text', () => {
    const bytes = Buffer.from(socketEntry(1, '/', 'x'.repeat(200)).request, 'latin1');
    expect([...bytes.subarray(0, 8)]).toEqual([0x81, 0x80 | 126, 0, 200, 0, 0, 0, 0]);
    expect(bytes.toString('latin1', 8)).toBe('x'.repeat(200));
  });
});
