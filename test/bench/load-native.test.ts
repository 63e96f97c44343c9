import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { markOf, micros } from '../../src/clients/load/mark.ts';
import { NativeLoad } from './load-native.ts';
import { programInC } from './native.ts';
import { end, endAll } from './processes.ts';

const file = programInC('main');
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(endAll);

const frame = (opcode: number, payload: Buffer | string): Buffer => {
  const bytes = Buffer.from(payload);
  const { length } = bytes;
  const head =
    length < 126
      ? [length]
      : length < 65_536
        ? [126, length >> 8, length & 0xff]
        : [127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...head]), bytes]);
};
const event = (agoMs: number, filler = 10): string =>
  `{"at":"${markOf(micros() - agoMs * 1_000)}","pad":"${'x'.repeat(filler)}"}`;

/** A server that answers each handshake, and the client in C, whose clients are of the peer ws, nats or centrifugo. */
async function connected(
  peer: string,
  count = 1,
  dialect?: 'event stream',
): Promise<{ load: NativeLoad; sockets: Socket[]; received: () => Buffer }> {
  const sockets: Socket[] = [];
  let received = Buffer.alloc(0);
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.once('data', () => {
      socket.write(
        dialect === undefined
          ? 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'
          : 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (received.includes('SUB ')) socket.write(frame(2, 'PONG\r\n'));
      });
      socket.on('error', () => undefined);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const load = new NativeLoad(file ?? '');
  closing.push(() => end(load.child));
  closing.push(() => once(server.close(), 'close'));
  const { port } = server.address() as AddressInfo;
  const groups = [{ count, topics: 1, ...(dialect !== undefined && { dialect }) }];
  const { opened } = await load.connect({
    peer,
    ports: [port],
    tls: false,
    word: 'bench.tick',
    groups,
    first: count,
  });
  expect(opened).toBe(count);
  await load.clear();
  return { load, sockets, received: () => received };
}

const heard = (load: NativeLoad, events: number): Promise<number> =>
  load.settle({ events, withinMs: 5_000, quietMs: 60_000 });

describe.skipIf(file === undefined)('the load client in C', () => {
  it('counts each event once when frames of all sizes arrive cut at every byte', async () => {
    const { load, sockets } = await connected('ws');
    const frames = Buffer.concat([10, 200, 70_000].map((filler) => frame(1, event(5, filler))));
    for (const byte of frames.subarray(0, 300)) sockets[0]?.write(Buffer.from([byte]));
    sockets[0]?.write(frames.subarray(300));
    await heard(load, 3);
    expect(await load.report()).toMatchObject({
      events: 3,
      frames: 3,
      bytes: frames.length,
      open: 1,
      ended: {},
    });
  });

  it('measures the latency from the mark in an event to the read', async () => {
    const { load, sockets } = await connected('ws');
    const texts = Array.from({ length: 100 }, (_, n) => frame(1, event(n === 99 ? 60_000 : 1_000)));
    sockets[0]?.write(Buffer.concat(texts));
    await heard(load, 100);
    const { p50, p99, max } = await load.report();
    expect(p50).toBeGreaterThan(1_000);
    expect(p50).toBeLessThan(30_000);
    expect(p99).toBeLessThan(30_000);
    expect(max).toBeGreaterThan(60_000);
  });

  it('counts all events of a frame when a peer sends them in batches', async () => {
    const { load, sockets } = await connected('nats');
    sockets[0]?.write(frame(2, [event(1), event(1, 100), event(1)].join('\n')));
    await heard(load, 3);
    expect(await load.report()).toMatchObject({ events: 3, frames: 1 });
  });

  it('counts each event of an event stream once when it arrives cut at every byte', async () => {
    const { load, sockets } = await connected('belfry', 1, 'event stream');
    const messages = [
      `id: 1-0\ndata: ${event(1)}\n\n`,
      'id: 2-0\n\n',
      `data: ${event(1)}\n\ndata: ${event(1)}\n\n`,
    ];
    const chunks = messages.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('');
    for (const byte of Buffer.from(chunks)) sockets[0]?.write(Buffer.from([byte]));
    await heard(load, 3);
    expect(await load.report()).toMatchObject({ events: 3, frames: 3, open: 1, ended: {} });
  });

  it('waits for the answer that its rules name, and replies as they say', async () => {
    const { load, sockets, received } = await connected('nats');
    expect(received().toString('latin1')).toContain('SUB t00000 1\r\nPING\r\n');
    sockets[0]?.write(frame(2, 'PING\r\n'));
    await expect.poll(() => received().toString('latin1')).toMatch(/PONG\r\n$/);
    expect((await load.report()).events).toBe(0);
  });

  it('answers a ping with a masked pong of the same payload', async () => {
    const { sockets, received } = await connected('ws');
    sockets[0]?.write(frame(9, 'hello'));
    await expect
      .poll(() => received())
      .toEqual(Buffer.from([0x8a, 0x85, 0, 0, 0, 0, ...Buffer.from('hello')]));
  });

  it('counts for each reason how many connections ended', async () => {
    const { load, sockets } = await connected('ws', 3);
    sockets[0]?.write(frame(8, Buffer.from([0x0f, 0xa8, ...Buffer.from('too "slow"')])));
    sockets[1]?.destroy();
    await expect.poll(async () => (await load.report()).open).toBe(1);
    expect((await load.report()).ended).toEqual({ "closed with 4008 too 'slow'": 1, 'connection lost': 1 });
  });

  it('names the reason why a connection could not be opened', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 429 Too Many\r\nA: b\r\n\r\nlater'));
    }).listen(0);
    await once(server, 'listening');
    const load = new NativeLoad(file ?? '');
    closing.push(() => end(load.child));
    closing.push(() => once(server.close(), 'close'));
    const { port } = server.address() as AddressInfo;
    const groups = [{ count: 1, topics: 1 }];
    await expect(
      load.connect({ peer: 'ws', ports: [port], tls: false, word: 'bench.tick', groups, first: 1 }),
    ).rejects.toThrow(/refused: HTTP\/1\.1 429 Too Many later\.$/);
  });
});
