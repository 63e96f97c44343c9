import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { httpEntry, redisEntry, socketEntry, type Entry } from './entries.ts';
import { programInC } from './native.ts';
import { end, endAll, LOAD_CORE } from './processes.ts';
import { Replay, type Replayed, type ReplayOptions } from './replay.ts';
import { NativeReplayer } from './replayer.ts';

const program = programInC('replay');
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  // A server closes once its clients are gone, so the last that was opened goes first.
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(endAll);

type Replaying = (options: ReplayOptions, last: string) => Promise<Replayed>;

/** Both clients do the same. */
const CLIENTS: readonly (readonly [string, (entry: Entry) => Promise<Replaying>])[] = [
  [
    'in Node',
    async (entry) => {
      const replay = await Replay.open([entry]);
      closing.push(() => Promise.resolve(replay.end()));
      return async (options, last) => {
        const replayed = await replay.run(options);
        await replay.once(Buffer.from(last, 'latin1'));
        return replayed;
      };
    },
  ],
  [
    'in C',
    async (entry) => {
      const replayer = new NativeReplayer(LOAD_CORE, program ?? '');
      closing.push(() => end(replayer.child));
      await replayer.open([entry]);
      return (options, last) => replayer.replay(options, last);
    },
  ],
];

/** A server that answers each request of this many bytes, and tells what it received. */
async function answering(
  entryAt: (port: number) => Entry,
  answerTo: (count: number) => string,
): Promise<{ entry: Entry; received: () => string }> {
  let received = '';
  let count = 0;
  const listen = (socket: Socket, { request, handshake = '' }: Entry): void => {
    let bytes = '';
    let isOpen = handshake === '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      bytes += chunk;
      if (!isOpen && bytes.length >= handshake.length) {
        isOpen = true;
        bytes = bytes.slice(handshake.length);
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      }
      if (!isOpen) return;
      for (; bytes.length >= request.length; bytes = bytes.slice(request.length)) {
        received += bytes.slice(0, request.length);
        // Each answer is cut in two, so that a client has to wait for its end.
        const answer = answerTo(++count);
        socket.write(answer.slice(0, 3), 'latin1');
        socket.write(answer.slice(3), 'latin1');
      }
    });
    socket.on('error', () => undefined);
  };
  const server = createServer((socket) => listen(socket, entry)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => once(server.close(), 'close'));
  const entry = entryAt((server.address() as AddressInfo).port);
  return { entry, received: () => received };
}

const ENTRIES: readonly (readonly [string, (port: number) => Entry, string, string])[] = [
  ['Redis', (port) => redisEntry(port, 'FCALL', 'f', '1', 'x'), '$3\r\n1-0\r\n', '-ERR no\r\n'],
  [
    'HTTP',
    (port) => httpEntry(port, '/', {}, '{"a":1}'),
    'HTTP/1.1 204 No Content\r\nA: b\r\n\r\n',
    'HTTP/1.1 503 Away\r\ncontent-length: 2\r\n\r\n{}',
  ],
  [
    'a socket',
    (port) => socketEntry(port, '/', '{"a":1}'),
    '\x81\x09{"a":"b"}',
    '\x81\x12{"action":"error"}',
  ],
];

describe.each(CLIENTS)('the client %s that replays a request', (where, open) => {
  it.skipIf(where === 'in C' && program === undefined).each(ENTRIES)(
    'to %s sends exactly as many as asked for, and tells accepted from refused ones',
    async (_name, entryAt, accepts, refuses) => {
      const { entry, received } = await answering(entryAt, (count) => (count % 10 === 0 ? refuses : accepts));
      const replay = await open(entry);
      const last = entry.request.replace(/.$/, '!');
      const replayed = await replay({ requests: 200, ms: 60_000 }, last);
      expect(replayed).toMatchObject({ accepted: 180, refusals: 20 });
      expect(replayed.refused).toMatch(/ERR no|503 Away|action.:.error/);
      expect(received()).toBe(entry.request.repeat(200) + last);
      expect(replayed.p99).toBeGreaterThan(0);
    },
  );

  it.skipIf(where === 'in C' && program === undefined)(
    'keeps to a rate, and sends what was due when the time is over',
    async () => {
      const { entry } = await answering(
        (port) => redisEntry(port, 'PING'),
        () => '+PONG\r\n',
      );
      const replay = await open(entry);
      const options = { requests: Number.MAX_SAFE_INTEGER, ms: 200, rate: 1_000 };
      expect((await replay(options, entry.request)).accepted).toBe(200);
    },
  );

  it.skipIf(where === 'in C' && program === undefined)(
    'sends at a rate by all of its connections in turn',
    async () => {
      const counts: number[] = [];
      const server = createServer((socket) => {
        const index = counts.push(0) - 1;
        socket
          .on('error', () => undefined)
          .on('data', (chunk) => {
            const requests = chunk.toString('latin1').split('PING').length - 1;
            counts[index] = (counts[index] ?? 0) + requests;
            socket.write('+PONG\r\n'.repeat(requests));
          });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      closing.push(() => once(server.close(), 'close'));
      const { port } = server.address() as AddressInfo;
      const entry = { ...redisEntry(port, 'PING'), connections: 4 };
      const replay = await open(entry);
      await replay({ requests: Number.MAX_SAFE_INTEGER, ms: 200, rate: 2_000 }, entry.request);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(401);
      expect(Math.min(...counts)).toBeGreaterThan(60);
    },
  );
});
