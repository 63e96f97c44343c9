import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { constants, inflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { deflatedFrameOf, frameOf } from '../../src/hub/frame.ts';
import { aConnection, startHub, TestConnection } from '../support/connection.ts';
import { connect } from '../support/client.ts';
import { readFrames, TestTransport } from '../support/transport.ts';

const COMPRESSED = 0b0100_0000;
/** These bytes are appended to a message before it is inflated (RFC 7692 §7.2.2). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

const isCompressed = (frame: Buffer): boolean => ((frame[0] ?? 0) & COMPRESSED) !== 0;

/** What a client reads that inflates each message by itself, as RFC 7692 describes it. */
function inflated(frame: Buffer): string {
  const copy = Buffer.from(frame);
  copy[0] = (copy[0] ?? 0) & ~COMPRESSED;
  const [{ payload }, ...more] = readFrames(copy) as [ReturnType<typeof readFrames>[number]];
  if (more.length > 0) throw new Error('more than one frame');
  if (!isCompressed(frame)) return payload.toString();
  return inflateRawSync(Buffer.concat([payload, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH }).toString();
}

/** A text of this many bytes that does not compress well. */
const textOf = (bytes: number): string =>
  Array.from({ length: Math.ceil(bytes / 8) }, (_, index) => String(index * 7_919 + 10_000_000))
    .join('')
    .slice(0, bytes);

describe('a deflated frame', () => {
  it.each([0, 1, 125, 126, 1_023])('of %d bytes is not compressed', (bytes) => {
    const text = textOf(bytes);
    expect(deflatedFrameOf(text)).toEqual(frameOf(text));
  });

  it.each([1_024, 1_025, 65_536, 1_000_000])('of %d bytes is compressed, and smaller for it', (bytes) => {
    const text = textOf(bytes);
    const frame = deflatedFrameOf(text);
    expect(isCompressed(frame)).toBe(true);
    expect(frame.length).toBeLessThan(bytes);
    expect(inflated(frame)).toBe(text);
  });

  it('is decided by the bytes of a text, and not by its characters', () => {
    expect(isCompressed(deflatedFrameOf('é'.repeat(511)))).toBe(false);
    expect(isCompressed(deflatedFrameOf('é'.repeat(512)))).toBe(true);
  });

  it('is one complete text message, whose stream ends without its tail', () => {
    const frame = deflatedFrameOf(textOf(2_000));
    expect(frame[0]).toBe(0x81 | COMPRESSED);
    expect(frame.subarray(-4)).not.toEqual(TAIL);
  });

  it('is read without the frames before it', () => {
    const [one, two] = [deflatedFrameOf(textOf(5_000)), deflatedFrameOf(textOf(5_000))];
    expect(one).toEqual(two);
    expect(inflated(two)).toBe(textOf(5_000));
  });

  it('carries any text', () => {
    const text = fc.string({ unit: 'binary', minLength: 300, maxLength: 3_000 });
    fc.assert(
      fc.property(text, (given) => {
        expect(Buffer.from(inflated(deflatedFrameOf(given)))).toEqual(Buffer.from(given));
      }),
    );
  });

  it('is read by a client that agreed to compression at the handshake', async () => {
    const server = createServer();
    const sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true },
    });
    const texts = [textOf(100), textOf(5_000), 'short', 'ü'.repeat(40_000), textOf(5_000)];
    server.on('upgrade', (request, socket, head) =>
      sockets.handleUpgrade(
        request,
        socket,
        head,
        () => void socket.write(Buffer.concat(texts.map(deflatedFrameOf))),
      ),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const client = await connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(client.ws.extensions).toContain('permessage-deflate');
    for (const text of texts) expect(await client.nextText()).toBe(text);
  });
});

describe('a connection that agreed to compression', () => {
  /** Two connections that agreed, and one that did not. All hear the same. */
  async function three() {
    const test = await startHub();
    const clients = [true, true, false].map((deflate, index) => {
      const transport = new TestTransport();
      const connection = test.hub.connections.attach(aConnection(`192.0.2.2:${index}`), transport, deflate);
      const client = new TestConnection(connection, transport, test.commands);
      client.subscribe(['*.*.*']);
      return client;
    });
    return { ...test, clients };
  }

  it('shares a frame that is compressed once with all that agreed, and with no other', async () => {
    const { clients, hub, publish } = await three();
    const { encodes, frames } = hub.stats;
    publish({ object: textOf(3_000) });
    const [one, two, other] = clients.map(({ transport }) => transport.writes.at(-1) ?? Buffer.alloc(0)) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    expect(one).toBe(two);
    expect([isCompressed(one), isCompressed(other)]).toEqual([true, false]);
    expect(inflated(one)).toBe(inflated(other));
    expect(hub.stats.encodes - encodes).toBe(1);
    expect(hub.stats.frames - frames).toBe(2);
  });

  it('is answered in compressed frames from 1 KiB on, and in plain ones below', async () => {
    const { clients } = await three();
    const [client] = clients as [TestConnection];
    client.send({ id: 'x'.repeat(200), command: 'ping' });
    expect(isCompressed(client.transport.writes.at(-1) ?? Buffer.alloc(0))).toBe(false);
    client.subscribe(Array.from({ length: 100 }, (_, index) => `type-${index}.*.*`));
    const reply = client.transport.writes.at(-1) ?? Buffer.alloc(0);
    expect(isCompressed(reply)).toBe(true);
    expect(JSON.parse(inflated(reply))).toMatchObject({ type: 'belfry', action: 'subscribe' });
  });
});
