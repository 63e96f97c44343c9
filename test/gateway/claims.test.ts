import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkedClaims, plainClaims } from '../../src/gateway/auth/claims.ts';
import { runs } from '../support/runs.ts';

const text = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('ann', 'user:ann') },
  fc.constantFrom('', 'a'.repeat(256), 'Ж', 'a\nb', '\u0000'),
);
const odd = fc.constantFrom<unknown>(null, 7, 7.5, Number.MAX_VALUE, Infinity, {}, [], ['x'], true, '9');
const list = fc.array(fc.oneof({ weight: 19, arbitrary: text }, fc.constant(null)), { maxLength: 3 });

/** Claims that are mostly of the form of most tokens, each with a fault now and then. */
const claims = fc.record(
  {
    sub: fc.oneof({ weight: 19, arbitrary: text }, odd),
    roles: fc.oneof({ weight: 19, arbitrary: list }, odd),
    jti: fc.oneof({ weight: 19, arbitrary: text }, odd),
    sid: fc.oneof({ weight: 19, arbitrary: text }, odd),
    exp: fc.oneof({ weight: 19, arbitrary: fc.nat() }, odd),
    iat: fc.oneof({ weight: 19, arbitrary: fc.double({ noNaN: true }) }, odd),
    auth_time: fc.oneof({ weight: 19, arbitrary: fc.nat() }, odd),
    email: text,
  },
  { requiredKeys: ['sub'] },
);

function checked(payload: unknown): object | undefined {
  try {
    const { sub, role, roles, jti, sid, exp, iat, auth_time, subscribe, publish } = checkedClaims(payload);
    return { sub, role, roles, jti, sid, exp, iat, auth_time, subscribe, publish };
  } catch {
    return undefined;
  }
}

test.each(['role', 'subscribe', 'publish'])('a token with the claim %s is left to the schema', (name) => {
  expect(plainClaims({ sub: 'ann', [name]: [] })).toBeUndefined();
  expect(plainClaims({ sub: 'ann' })).toBeDefined();
});

test('claims that are read without the schema are those that the schema reads', () => {
  let plain = 0;
  fc.assert(
    fc.property(claims, (payload) => {
      const found = plainClaims(payload);
      if (found === undefined) return;
      plain++;
      expect(found).toEqual(checked(payload));
    }),
    { numRuns: runs(3_000) },
  );
  expect(plain).toBeGreaterThan(runs(1_000));
});
