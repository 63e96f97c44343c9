import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/model/event.ts';
import { digestOf, IDEMPOTENCY_MS, keyOf, onceOf } from '../../src/model/idempotency.ts';
import { thrownBy } from '../support/thrown.ts';

const NOW = Date.parse('2026-01-15T10:30:00Z');
const ATTEMPT = { boot: 'bootbootboot', number: 7, at: NOW };
const event = (key: string): NewEvent => ({ type: 'a', action: 'b', key, object: null });

describe('an idempotency key', () => {
  it('belongs to one publisher, however publisher and key are spelled together', () => {
    const joined = ([principal, key]: readonly [string, string]) => onceOf(key, principal, 'd', NOW).key;
    expect(joined(['user:ann', 'ci:42'])).not.toBe(joined(['user:ann:ci', '42']));
    const pair = fc.tuple(fc.string(), fc.string());
    fc.assert(
      fc.property(pair, pair, (one, two) => {
        expect(joined(one) === joined(two)).toBe(one[0] === two[0] && one[1] === two[1]);
      }),
    );
  });

  it('that the hub gave out says which attempt it repeats', () => {
    const digest = digestOf('user:ann', [event('1')]);
    expect(onceOf(keyOf(ATTEMPT, digest), 'user:ann', digest, NOW)).toMatchObject({
      digest,
      repeats: ATTEMPT,
    });
    expect(onceOf('belfry.x', 'user:ann', digest, NOW)).not.toHaveProperty('repeats');
  });

  it('that the hub gave out is refused for other events, for another publisher, and after five minutes', () => {
    const digest = digestOf('user:ann', [event('1')]);
    const key = keyOf(ATTEMPT, digest);
    for (const other of [digestOf('user:ann', [event('2')]), digestOf('user:eve', [event('1')])])
      expect(thrownBy(() => onceOf(key, 'user:ann', other, NOW))).toMatchObject({
        code: 'idempotency_key_reused',
      });
    const late = NOW + IDEMPOTENCY_MS + 1;
    expect(thrownBy(() => onceOf(key, 'user:ann', digest, late))).toMatchObject({
      code: 'idempotency_key_invalid',
    });
  });
});

describe('the digest of what is published', () => {
  it('differs with any event, with their order and with their number', () => {
    const of = (...keys: string[]) => digestOf('user:ann', keys.map(event));
    const all = [of(), of('1'), of('2'), of('1', '2'), of('2', '1'), of('1', '1')];
    expect(new Set(all).size).toBe(all.length);
    expect(of('1', '2')).toBe(of('1', '2'));
  });
});
