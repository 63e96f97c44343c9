import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameOf, joinFrames } from '../../src/hub/frame.ts';
import { readFrames } from '../support/transport.ts';
import { runs } from '../support/runs.ts';

const MIB = 1024 * 1024;

describe('a frame', () => {
  it.each([
    [0, 0],
    [1, 0],
    [125, 0],
    [126, 2],
    [127, 2],
    [65_535, 2],
    [65_536, 8],
    [MIB, 8],
  ])('of %d bytes has %d bytes of extended length', (length, lengthBytes) => {
    const text = 'x'.repeat(length);
    const [frame, ...more] = readFrames(frameOf(text));
    expect(more).toEqual([]);
    expect(frame).toMatchObject({ final: true, opcode: 1, masked: false, lengthBytes });
    expect(frame?.payload.toString()).toBe(text);
  });

  it('counts bytes, not characters', () => {
    const text = '€'.repeat(42);
    expect(readFrames(frameOf(text))).toMatchObject([{ lengthBytes: 2, payload: Buffer.from(text) }]);
  });

  it('carries any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(readFrames(frameOf(text)).map(({ payload }) => payload)).toEqual([Buffer.from(text)]);
      }),
    );
  });
});

const frames = (...lengths: number[]): Buffer[] => lengths.map((length) => Buffer.alloc(length, 'x'));
const shape = (joined: ReturnType<typeof joinFrames>) =>
  joined.map(({ bytes, deliveries }) => [bytes.length, deliveries]);

describe('frames that are joined into writes', () => {
  it('are one write up to 1 MiB, and cut there between frames', () => {
    expect(shape(joinFrames(frames(10, 20, 30), undefined, MIB))).toEqual([[60, 3]]);
    expect(shape(joinFrames(frames(MIB - 1, 1), undefined, MIB))).toEqual([[MIB, 2]]);
    expect(shape(joinFrames(frames(MIB - 1, 2), undefined, MIB))).toEqual([
      [MIB - 1, 1],
      [2, 1],
    ]);
    expect(shape(joinFrames(frames(1, MIB, 1), undefined, MIB))).toEqual([
      [1, 1],
      [MIB, 1],
      [1, 1],
    ]);
  });

  it('are a write with one frame when that is larger than a write should be', () => {
    expect(shape(joinFrames(frames(2 * MIB), undefined, MIB))).toEqual([[2 * MIB, 1]]);
    expect(shape(joinFrames(frames(1, 2 * MIB, 1), undefined, MIB))).toEqual([
      [1, 1],
      [2 * MIB, 1],
      [1, 1],
    ]);
  });

  it('are no write when there is no frame', () => {
    expect(joinFrames([], undefined, MIB)).toEqual([]);
  });

  it('are not copied when there is one', () => {
    const [only = Buffer.alloc(0)] = frames(10);
    expect(joinFrames([only], undefined, MIB)[0]?.bytes).toBe(only);
  });

  it('are the same bytes in the same order, with every delivery counted and no write larger than necessary', () => {
    const size = fc.oneof(fc.nat(1_000), fc.integer({ min: MIB / 4, max: MIB + 10 }));
    fc.assert(
      fc.property(fc.array(size, { maxLength: 12 }), (sizes) => {
        const given = sizes.map((bytes, index) => Buffer.alloc(bytes, index));
        const joined = joinFrames(given, undefined, MIB);
        expect(Buffer.concat(joined.map(({ bytes }) => bytes)).equals(Buffer.concat(given))).toBe(true);
        expect(joined.reduce((sum, { deliveries }) => sum + deliveries, 0)).toBe(given.length);
        for (const { bytes, deliveries } of joined)
          expect(bytes.length <= MIB || deliveries === 1).toBe(true);
        const neighbours = joined
          .slice(1)
          .map(({ bytes }, before) => bytes.length + (joined[before]?.bytes.length ?? 0));
        expect(neighbours.filter((length) => length <= MIB)).toEqual([]);
      }),
      { numRuns: runs(60) },
    );
  });
});
