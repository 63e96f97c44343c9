import { expect, it } from 'vitest';
import { byNumber, byTime } from '../../src/sources/positions.ts';

it('times are ordered to the last digit, where zeros at the end are left out and zones differ', () => {
  const times = [
    '2026-01-15T10:29:59.999999999Z',
    '2026-01-15T10:30:00Z',
    '2026-01-15T10:30:00.000000001Z',
    '2026-01-15T10:30:00.1Z',
    '2026-01-15T10:30:00.100000001Z',
    '2026-01-15T12:30:00.2+02:00',
  ];
  expect(times.toReversed().toSorted(byTime)).toEqual(times);
  expect(byTime('2026-01-15T10:30:00.10Z', '2026-01-15T11:30:00.1+01:00')).toBe(0);
});

it('numbers are ordered by their value, however long they are', () => {
  expect(['10', '9', '100000000000000000001', '100000000000000000000'].toSorted(byNumber)).toEqual([
    '9',
    '10',
    '100000000000000000000',
    '100000000000000000001',
  ]);
});
