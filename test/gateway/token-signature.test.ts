import * as fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { Tokens } from '../../src/gateway/auth/tokens.ts';
import { base64url, bytes, clock, NOW_S, refusal, SECRET } from './tokens-helpers.ts';

function signed(header: object, claims: object): string {
  const text = `${base64url(header)}.${base64url(claims)}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

const OPTIONS = { algorithms: ['HS256', 'HS384', 'HS512'], currentDate: new Date(clock.now()) };

async function isAcceptedByJose(token: string): Promise<boolean> {
  return jwtVerify(token, bytes(SECRET), OPTIONS).then(
    () => true,
    () => false,
  );
}

const header = fc.constantFrom<object>(
  { alg: 'HS256' },
  { alg: 'HS256', crit: ['b64'], b64: true },
  { alg: 'HS256', crit: ['exp'], exp: NOW_S },
  { alg: 'HS256', crit: [] },
  { alg: 'HS512' },
);
const change = fc.constantFrom<(token: string) => string>(
  (token) => token,
  (token) => `${token}=`,
  (token) => token.slice(0, -1),
  (token) => `${token}A`,
  (token) => token.replace('.', '..'),
  (token) => `${token}.`,
  (token) => token.replaceAll('_', '/').replaceAll('-', '+'),
);
const claims = fc.record(
  { exp: fc.constantFrom<unknown>(NOW_S + 9, NOW_S, 'never'), nbf: fc.constantFrom(NOW_S, NOW_S + 9) },
  { requiredKeys: [] },
);

test('a token is accepted exactly where jose accepts it, however it is written', async () => {
  const tokens = new Tokens({ jwtSecret: SECRET }, clock);
  await fc.assert(
    fc.asyncProperty(header, claims, change, async (head, own, changed) => {
      const token = changed(signed(head, { sub: 'x', ...own }));
      const isAccepted = await tokens.verify(token).then(
        () => true,
        () => false,
      );
      expect(isAccepted).toBe(await isAcceptedByJose(token));
    }),
    { numRuns: 300 },
  );
});

test('a well signed token is refused when its header demands what nobody here understands', async () => {
  const token = signed({ alg: 'HS256', crit: ['exp'], exp: NOW_S + 60 }, { sub: 'x' });
  expect(await refusal({ jwtSecret: SECRET }, token)).toMatchObject({ code: 'token_invalid' });
});
