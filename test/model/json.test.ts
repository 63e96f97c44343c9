import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../src/model/errors.ts';
import { isJsonObject, MAX_DEPTH, parseJson } from '../../src/model/json.ts';
import { thrownBy } from '../support/thrown.ts';
import { runs } from '../support/runs.ts';

const refused: unknown = expect.objectContaining({ name: 'ProtocolError', code: 'json_invalid' });
const objects = (depth: number): string => '{"a":'.repeat(depth - 1) + '{}' + '}'.repeat(depth - 1);
const nested = (open: string, close: string, depth: number): string =>
  open.repeat(depth) + close.repeat(depth);

describe('JSON from outside', () => {
  it('is read from text and from bytes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5, stringUnit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('__proto__'));
        expect(parseJson(text)).toEqual(JSON.parse(text));
        expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('throws nothing but ProtocolError, whatever the bytes', () => {
    const input = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.json(),
    );
    fc.assert(
      fc.property(input, (given) => {
        const error = thrownBy(() => parseJson(given));
        expect(error === undefined || error instanceof ProtocolError).toBe(true);
      }),
      { numRuns: runs(2_000) },
    );
  });

  it.each([
    ['an invalid byte', Buffer.from([0x22, 0xff, 0x22])],
    ['half a character', Buffer.from('"é"').subarray(0, 2)],
    ['an overlong form', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['a surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ])('is refused when it is not UTF-8: %s', (_what, bytes) => {
    expect(() => parseJson(bytes)).toThrow(refused);
    expect(() => parseJson(bytes)).toThrow('not UTF-8');
  });

  it.each(['', ' ', '{', '[1,]', '{a:1}', 'NaN', 'undefined', '"\u0001"', '1 2'])('is not %j', (text) => {
    expect(() => parseJson(text)).toThrow(refused);
  });

  it(`is at most ${MAX_DEPTH} levels deep`, () => {
    expect(MAX_DEPTH).toBe(64);
    expect(parseJson(nested('[', ']', 64))).toBeInstanceOf(Array);
    expect(() => parseJson(nested('[', ']', 65))).toThrow('deeper than 64');
    expect(isJsonObject(parseJson(objects(64)))).toBe(true);
    expect(() => parseJson(objects(65))).toThrow(refused);
  });

  it('is refused without a stack overflow at ten thousand brackets', () => {
    expect(() => parseJson(nested('[', ']', 10_000))).toThrow(refused);
    expect(() => parseJson('['.repeat(10_000))).toThrow(refused);
    expect(() => parseJson('{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000))).toThrow(refused);
  });

  it.each([
    '{"__proto__":1}',
    '{"a":{"__proto__":{}}}',
    '[1,{"__proto__":null}]',
    '{"\\u005f_proto__":1}',
    '{"__\\u0070roto\\u005f_":1}',
  ])('may not hold the name __proto__, however it is written: %s', (text) => {
    expect(() => parseJson(text)).toThrow('__proto__');
  });

  it('may hold __proto__ as a value, and names that only look dangerous', () => {
    expect(parseJson('["__proto__",{"constructor":1,"prototype":2,"toString":3}]')).toEqual([
      '__proto__',
      { constructor: 1, prototype: 2, toString: 3 },
    ]);
  });

  it('is an object when it is neither a list nor null nor a scalar', () => {
    expect(['{}', '[]', 'null', '1', '"a"', 'true'].map((text) => isJsonObject(parseJson(text)))).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
