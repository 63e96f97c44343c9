import { deflateRawSync, constants } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FrameReader, OPCODES, Tally } from '../../src/clients/load/frames.ts';
import { markOf } from '../../src/clients/load/mark.ts';

const NOW = 1_000_000;

function frame(payload: Buffer | string, first = 0x81): Buffer {
  const body = Buffer.from(payload);
  const header = Buffer.alloc(body.length < 126 ? 2 : body.length < 65_536 ? 4 : 10);
  header[0] = first;
  header[1] = body.length < 126 ? body.length : body.length < 65_536 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(body.length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([header, body]);
}

const event = (ageMicros: number, before = 'x', after = 'y'): string =>
  `{"${before}":{"at":"${markOf(NOW - ageMicros)}"},"${after}":1}`;

function reader(options: { batches?: boolean; inflates?: boolean } = {}) {
  const tally = new Tally();
  tally.now = NOW;
  const others: [number, string][] = [];
  const other = (opcode: number, payload: Buffer): void => void others.push([opcode, payload.toString()]);
  return { tally, others, reader: new FrameReader({ tally, other, ...options }) };
}

describe('the frame reader of the load client', () => {
  it('counts events in frames of all three length forms, wherever the bytes are cut', () => {
    const texts = [event(10), event(20, 'x'.repeat(300)), event(30, 'x'.repeat(66_000)), event(40, 'xx')];
    const bytes = Buffer.concat(texts.map((text) => frame(text)));
    for (const cut of [61, 1_000, 65_537, bytes.length]) {
      const { tally, others, reader: read } = reader();
      for (let at = 0; at < bytes.length; at += cut) read.take(bytes.subarray(at, at + cut));
      expect([cut, tally.frames, tally.events, tally.bytes]).toEqual([cut, 4, 4, bytes.length]);
      expect([tally.latency.percentile(0), tally.latency.max]).toEqual([10, 40]);
      expect(others).toEqual([]);
    }
  });

  it('finds the mark again when the text after it changes its width', () => {
    const { tally, reader: read } = reader();
    for (const after of ['y', 'yyyy', 'y']) read.take(frame(event(50, 'x', after)));
    expect([tally.events, tally.latency.percentile(0), tally.latency.max]).toEqual([3, 50, 50]);
  });

  it('hands over each frame that holds no event', () => {
    const { tally, others, reader: read } = reader();
    read.take(Buffer.concat([frame('hello'), frame('p', 0x89), frame(event(1)), frame('', 0x81)]));
    expect(others).toEqual([
      [OPCODES.text, 'hello'],
      [OPCODES.ping, 'p'],
      [OPCODES.text, ''],
    ]);
    expect([tally.frames, tally.events]).toEqual([1, 1]);
  });

  it('keeps the beginning of a frame when the buffer in which it came is overwritten', () => {
    const { tally, reader: read } = reader();
    const bytes = frame(event(60));
    const shared = Buffer.from(bytes.subarray(0, 20));
    read.take(shared);
    shared.fill(0);
    read.take(bytes.subarray(20));
    expect([tally.events, tally.latency.max]).toEqual([1, 60]);
  });

  it('counts all events of a frame when events come in batches', () => {
    const batch = `[${event(1)},${event(2)},${event(3)}]`;
    const { tally, reader: read } = reader({ batches: true });
    read.take(Buffer.concat([frame(batch), frame(batch), frame(event(4))]));
    expect([tally.frames, tally.events, tally.latency.count]).toEqual([3, 7, 7]);
  });

  it('counts a compressed frame as one event, and inflates it only when it is told to measure', () => {
    const stream = deflateRawSync(event(70, 'x'.repeat(2_000)), { finishFlush: constants.Z_SYNC_FLUSH });
    const compressed = frame(stream.subarray(0, -4), 0xc1);
    const counted = reader();
    counted.reader.take(compressed);
    expect([counted.tally.events, counted.tally.latency.count]).toEqual([1, 0]);
    const measured = reader({ inflates: true });
    measured.reader.take(compressed);
    expect([measured.tally.events, measured.tally.latency.max]).toEqual([1, 70]);
  });
});
