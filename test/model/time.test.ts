import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goTime, isGoZeroTime, isRfc3339, momentOf } from '../../src/model/time.ts';
import { runs } from '../support/runs.ts';

const two = (max: number): fc.Arbitrary<string> => fc.nat(max).map((n) => String(n).padStart(2, '0'));

/** V8 misreads fractions of ten digits and more. */
const toMs = (text: string): string => text.replace(/(\.\d{3})\d+/, '$1');

describe('a time', () => {
  it.each([
    '2025-01-15T10:30:00Z',
    '2025-01-15T10:30:00.1Z',
    '2025-01-15T10:30:00.123456789Z',
    '2025-01-15T10:30:00.1234567890123Z',
    '2025-01-15T10:30:00+05:30',
    '2025-01-15T10:30:00-08:00',
    '2025-01-15T10:30:00+24:00',
    '2025-01-15T23:59:59.999+14:00',
    '2025-01-15t10:30:00z',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '2024-02-29T00:00:00Z',
    '2000-02-29T00:00:00Z',
    '2025-04-30T00:00:00Z',
    '2025-12-31T00:00:00Z',
  ])('is RFC 3339: %s', (text) => {
    expect(isRfc3339(text)).toBe(true);
  });

  it.each([
    '',
    '2025-01-15',
    '2025-01-15T10:30Z',
    '2025-01-15T10:30:00',
    '2025-01-15 10:30:00Z',
    '2025-1-15T10:30:00Z',
    '2025-01-15T1:30:00Z',
    '2025-01-15T10:30:00.Z',
    '2025-01-15T10:30:00,5Z',
    '2025-01-15T10:30:00+0530',
    '2025-01-15T10:30:00+05',
    '2025-01-15T10:30:00+25:00',
    '2025-01-15T10:30:00+05:60',
    '2025-00-15T10:30:00Z',
    '2025-13-15T10:30:00Z',
    '2025-01-00T10:30:00Z',
    '2025-01-32T10:30:00Z',
    '2025-04-31T10:30:00Z',
    '2025-02-29T10:30:00Z',
    '1900-02-29T10:30:00Z',
    '2024-02-30T10:30:00Z',
    '2025-01-15T24:00:00Z',
    '2025-01-15T10:60:00Z',
    '2016-12-31T23:59:60Z',
    '12025-01-15T10:30:00Z',
    '2025-01-15T10:30:00Z\n',
    ' 2025-01-15T10:30:00Z',
    '٢٠٢٥-01-15T10:30:00Z',
    'now',
    '1736937000',
  ])('is not RFC 3339: %j', (text) => {
    expect(isRfc3339(text)).toBe(false);
  });

  it.each([
    ['2025-01-15T10:30:00Z', '2025-01-15T10:30:00Z'],
    ['2025-01-15T10:30:00.000Z', '2025-01-15T10:30:00Z'],
    ['2025-01-15T10:30:00.120Z', '2025-01-15T10:30:00.12Z'],
    ['2025-01-15T10:30:00.100000000Z', '2025-01-15T10:30:00.1Z'],
    ['2025-01-15T10:30:00.001Z', '2025-01-15T10:30:00.001Z'],
    ['2025-01-15T10:30:00.123456789Z', '2025-01-15T10:30:00.123456789Z'],
    ['2025-01-15T10:30:00.1234567899Z', '2025-01-15T10:30:00.123456789Z'],
    ['2025-01-15T10:30:00.0000000001Z', '2025-01-15T10:30:00Z'],
    ['2025-01-15T10:30:00+00:00', '2025-01-15T10:30:00Z'],
    ['2025-01-15T10:30:00-00:00', '2025-01-15T10:30:00Z'],
    ['2025-01-15T10:30:00.50+05:30', '2025-01-15T10:30:00.5+05:30'],
    ['2025-01-15t10:30:00z', '2025-01-15T10:30:00Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ])('%s is written by Go as %s', (text, written) => {
    expect(goTime(text)).toBe(written);
  });

  it('that is invalid is left as it is', () => {
    expect(goTime('yesterday')).toBe('yesterday');
  });

  it('is the zero time of Go only in the form that Go writes', () => {
    expect(isGoZeroTime('0001-01-01T00:00:00Z')).toBe(true);
    expect(isGoZeroTime('0001-01-01T00:00:01Z')).toBe(false);
  });

  it('in the form of Go is RFC 3339, the same instant, and stays the same when it is written again', () => {
    const zone = fc.oneof(
      fc.constantFrom('Z', 'z'),
      fc.tuple(fc.constantFrom('+', '-'), two(23), two(59)).map(([sign, h, m]) => `${sign}${h}:${m}`),
    );
    const day = fc.date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    const fraction = fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{1,12}$/));
    const time = fc
      .tuple(day, fc.constantFrom('T', 't'), two(23), two(59), two(59), fraction, zone)
      .map(([date, t, h, m, s, f, z]) => `${date.toISOString().slice(0, 10)}${t}${h}:${m}:${s}${f}${z}`);
    fc.assert(
      fc.property(time, (text) => {
        const written = goTime(text);
        expect(isRfc3339(text)).toBe(true);
        expect(isRfc3339(written)).toBe(true);
        expect(goTime(written)).toBe(written);
        expect(Date.parse(toMs(written))).toBe(Date.parse(toMs(text).toUpperCase()));
        expect(written).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?(Z|[+-]\d\d:\d\d)$/);
      }),
      { numRuns: runs(2_000) },
    );
  });
});

describe('a moment', () => {
  const at = Date.UTC(2025, 0, 15, 10, 30);

  it.each([
    ['in lower case', '2025-01-15t10:30:00z'],
    ['of another zone', '2025-01-15T11:30:00+01:00'],
    ['whose plus a URL turned into a space', '2025-01-15T11:30:00 01:00'],
    ['with a space before the hour', '2025-01-15 10:30:00Z'],
    ['with more digits than there are', '2025-01-15T10:30:00.00000000000001Z'],
    ['in seconds', String(at / 1_000)],
    ['in milliseconds', String(at)],
  ])('is read %s', (_how, text) => {
    expect(momentOf(text)).toBe(at);
  });

  it('of a leap second is the end of the second before, in any zone', () => {
    const end = Date.UTC(2016, 11, 31, 23, 59, 59, 999);
    expect(momentOf('2016-12-31T23:59:60Z')).toBe(end);
    expect(momentOf('2017-01-01T08:59:60.5+09:00')).toBe(end);
  });

  it.each([
    '',
    'yesterday',
    '2025-01-15T10:30:60Z',
    '2025-01-15',
    '123456789012345',
    '2026',
    '20260115',
    '0',
    '012345678901',
    '-1',
    '1e3',
    '2025-02-30T00:00:00Z',
  ])('is not %j', (text) => {
    expect(momentOf(text)).toBeUndefined();
  });
});
