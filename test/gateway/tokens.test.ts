import * as fc from 'fast-check';
import { exportSPKI, generateKeyPair, type JWTPayload } from 'jose';
import { describe, expect, test } from 'vitest';
import { Tokens } from '../../src/gateway/auth/tokens.ts';
import type { Grants } from '../../src/model/principal.ts';
import { base64url, bytes, clock, NOW_S, refusal, SECRET, tokenOf } from './tokens-helpers.ts';

const written = (grants: Grants): string[] => grants.patterns.map(({ text }) => text);

describe('a token signed by the secret', () => {
  const tokens = new Tokens({ jwtSecret: SECRET }, clock);

  test.each(['HS256', 'HS384', 'HS512'])('names the principal with %s', async (alg) => {
    const claims = { sub: 'ann', role: 'reader', exp: NOW_S + 60, subscribe: ['a.*.*'], publish: ['b.*.*'] };
    const identity = await tokens.verify(await tokenOf(claims, { alg }));
    expect(identity).toMatchObject({
      principal: 'user:ann',
      roles: ['reader'],
      expiresAt: (NOW_S + 60) * 1_000,
    });
    expect([identity.subscribe, identity.publish].map(written)).toEqual([['a.*.*'], ['b.*.*']]);
  });

  test('may name any kind of principal, several roles, no end and no patterns', async () => {
    const identity = await tokens.verify(await tokenOf({ sub: 'runner:7', role: 'a', roles: ['b', 'c'] }));
    expect(identity).toMatchObject({ principal: 'runner:7', roles: ['a', 'b', 'c'] });
    expect(identity).not.toHaveProperty('expiresAt');
    expect(identity.subscribe.patterns).toEqual([]);
    expect((await tokens.verify(await tokenOf({ sub: 'x', roles: 'b' }))).roles).toEqual(['b']);
  });

  test('of the Provisioning Platform, whose role is a list, names the roles', async () => {
    const identity = await tokens.verify(await tokenOf({ sub: 'ann', role: ['admin', 'developer'] }));
    expect(identity).toMatchObject({ principal: 'user:ann', roles: ['admin', 'developer'] });
  });

  test('of Mist, which has no sub, names the principal by the e-mail address or else the number', async () => {
    const claims = { user_id: 3, email: 'ada@example.com', role: 'admin', exp: NOW_S + 60 };
    const identity = await tokens.verify(await tokenOf(claims));
    // An admin of Mist is not an admin of the hub.
    expect(identity).toMatchObject({ principal: 'user:ada@example.com', roles: [] });
    expect(identity.subscribe.patterns).toEqual([]);
    const { email: _none, ...rest } = claims;
    expect((await tokens.verify(await tokenOf({ ...rest, subscribe: ['a.*.*'] }))).principal).toBe('user:3');
    expect(await tokens.verify(await tokenOf({ ...claims, sub: 'ann' }))).toMatchObject({
      principal: 'user:ann',
      roles: ['admin'],
    });
  });

  test('may hold anything in the claims in which Mist has a number and an e-mail address', async () => {
    const identity = await tokens.verify(await tokenOf({ sub: 'ann', user_id: 'auth|7', email: null }));
    expect(identity.principal).toBe('user:ann');
    const { message } = await refusal({ jwtSecret: SECRET }, await tokenOf({ user_id: 'auth|7' }));
    expect(message).toContain('wrong form: sub.');
  });

  test('is refused when it has expired, and not a second before', async () => {
    expect(await tokens.verify(await tokenOf({ sub: 'x', exp: NOW_S + 1 }))).toMatchObject({
      principal: 'user:x',
    });
    const error = await refusal({ jwtSecret: SECRET }, await tokenOf({ sub: 'x', exp: NOW_S }));
    expect(error).toMatchObject({ code: 'token_invalid', status: 403 });
    expect(error.message).toContain('it has expired');
  });

  test('is refused before its time, except for the leeway that clocks are given', async () => {
    const token = await tokenOf({ sub: 'x', nbf: NOW_S + 30, iat: NOW_S + 30 });
    const { message } = await refusal({ jwtSecret: SECRET, jwtLeewayS: 29 }, token);
    expect(message).toContain('its claim nbf');
    const lenient = new Tokens({ jwtSecret: SECRET, jwtLeewayS: 30 }, clock);
    expect(await lenient.verify(token)).toMatchObject({ principal: 'user:x' });
    await expect(lenient.verify(await tokenOf({ sub: 'x', exp: NOW_S }))).rejects.toThrow('it has expired');
  });

  test('may name its times with fractions, an end beyond all calendars, and its type as RFC 9068 does', async () => {
    const claims = { sub: 'x', nbf: NOW_S - 0.5, iat: NOW_S - 0.5, exp: NOW_S + 1.25 };
    expect(await tokens.verify(await tokenOf(claims, { typ: 'at+jwt' }))).toMatchObject({
      expiresAt: NOW_S * 1_000 + 1_250,
      signedInAt: NOW_S * 1_000 - 500,
    });
    const { expiresAt = 0 } = await tokens.verify(await tokenOf({ sub: 'x', exp: 1e15 }));
    expect(new Date(expiresAt).getTime()).toBe(8.64e15);
  });

  test('without a sub belongs to the program that it names, or else to nobody', async () => {
    for (const claim of ['client_id', 'azp']) {
      const identity = await tokens.verify(await tokenOf({ [claim]: 'billing', roles: ['reader'] }));
      expect(identity).toMatchObject({ principal: 'client:billing', roles: ['reader'] });
    }
    expect((await tokens.verify(await tokenOf({ sub: 7 as unknown as string }))).principal).toBe('user:7');
    const { message } = await refusal({ jwtSecret: SECRET }, await tokenOf({ roles: ['admin'] }));
    expect(message).toContain('wrong form: sub.');
  });

  test('says nothing by a claim that is null', async () => {
    const claims = { sub: 'x', role: null, roles: null, subscribe: null, publish: null };
    expect(await tokens.verify(await tokenOf(claims))).not.toHaveProperty('limited');
  });

  test('is restricted to the patterns that it names, even if it names none', async () => {
    for (const claims of [{ subscribe: [] }, { publish: ['a.*.*'] }])
      expect(await tokens.verify(await tokenOf({ sub: 'x', ...claims }))).toHaveProperty('limited', true);
  });

  test.each(['exp', 'jti', 'iat', 'sid'])(
    'is refused without %s when the settings demand it',
    async (claim) => {
      const settings = { jwtSecret: SECRET, jwtRequire: ['exp', 'jti', 'iat', 'sid'] };
      const all = { sub: 'x', exp: NOW_S + 60, jti: 'a', iat: NOW_S, sid: 'b' };
      expect(await new Tokens(settings, clock).verify(await tokenOf(all))).toBeDefined();
      const { message } = await refusal(settings, await tokenOf({ ...all, [claim]: undefined }));
      expect(message).toContain(`its claim ${claim} is missing or not acceptable`);
      expect(message).toContain('BELFRY_JWT_REQUIRE');
      const own = new Tokens(settings, clock);
      expect(await own.verify(await own.sign({ subject: 'x', roles: [], ttlS: 5 }))).toBeDefined();
    },
  );

  test('is refused with an id that cannot be revoked, when the settings demand an id', async () => {
    const token = await tokenOf({ sub: 'x', jti: 'a\nb' });
    expect((await refusal({ jwtSecret: SECRET, jwtRequire: ['jti'] }, token)).message).toContain('claim jti');
  });

  test('is refused when another secret signed it, or when somebody changed it', async () => {
    const stolen = await tokenOf({ sub: 'x' }, { key: bytes(`${SECRET}.`) });
    expect((await refusal({ jwtSecret: SECRET }, stolen)).message).toContain('its signature fits no key');
    const [header, , signature] = (await tokenOf({ sub: 'x' })).split('.');
    const changed = [header, base64url({ sub: 'root', role: 'admin' }), signature].join('.');
    expect((await refusal({ jwtSecret: SECRET }, changed)).message).toContain('its signature fits no key');
  });

  test.each<[string, JWTPayload & Record<string, unknown>]>([
    ['sub', {}],
    ['sub', { sub: { name: 'x' } as unknown as string }],
    ['sub', { sub: '' }],
    ['sub', { sub: 'a\nb' }],
    ['sub', { sub: 'a'.repeat(256) }],
    ['role', { sub: 'x', role: [7] }],
    ['roles', { sub: 'x', roles: { admin: true } }],
    ['subscribe', { sub: 'x', subscribe: '*.*.*' }],
    ['publish', { sub: 'x', publish: ['nonsense'] }],
  ])('is refused when its claim %s is not usable', async (claim, claims) => {
    const error = await refusal({ jwtSecret: SECRET }, await tokenOf(claims));
    expect(error.code).toBe('token_invalid');
    expect(error.message).toContain(`wrong form: ${claim}. Expected sub (text)`);
    expect(error.message).not.toContain('nonsense');
  });

  test('is refused when exp is not a number', async () => {
    const token = await tokenOf({ sub: 'x', exp: 'never' as unknown as number });
    expect((await refusal({ jwtSecret: SECRET }, token)).message).toContain('its claim exp');
  });

  test('is accepted only from the configured issuer and for the configured audience', async () => {
    const settings = { jwtSecret: SECRET, jwtIssuer: 'issuer', jwtAudience: 'belfry' };
    const good = { sub: 'x', iss: 'issuer', aud: ['other', 'belfry'] };
    expect(await new Tokens(settings, clock).verify(await tokenOf(good))).toMatchObject({
      principal: 'user:x',
    });
    expect((await refusal(settings, await tokenOf({ ...good, iss: 'eve' }))).message).toContain(
      'its claim iss',
    );
    expect((await refusal(settings, await tokenOf({ ...good, aud: 'eve' }))).message).toContain(
      'its claim aud',
    );
    expect((await refusal(settings, await tokenOf({ sub: 'x', aud: 'belfry' }))).message).toContain(
      'its claim iss',
    );
  });
});

describe('a token that the node makes', () => {
  test('is accepted by the node until it expires', async () => {
    const settings = { jwtSecret: SECRET, jwtIssuer: 'belfry', jwtAudience: 'belfry' };
    const tokens = new Tokens(settings, clock);
    const token = await tokens.sign({
      subject: 'runner:7',
      roles: ['reader'],
      subscribe: ['a.*.*'],
      ttlS: 60,
    });
    const identity = await tokens.verify(token);
    expect(identity).toMatchObject({
      principal: 'runner:7',
      roles: ['reader'],
      expiresAt: (NOW_S + 60) * 1_000,
    });
    expect([identity.subscribe, identity.publish].map(written)).toEqual([['a.*.*'], []]);
    const later = new Tokens(settings, { ...clock, now: () => (NOW_S + 60) * 1_000 });
    await expect(later.verify(token)).rejects.toThrow('it has expired');
  });

  test('carries the time when it was made, its end and an id of its own', async () => {
    const tokens = new Tokens({ jwtSecret: SECRET }, clock);
    const make = (): Promise<string> => tokens.sign({ subject: 'ann', roles: [], ttlS: 5 });
    const [one, two] = (await Promise.all([make(), make()])).map((token) => {
      const [header = '', claims = ''] = token.split('.');
      expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT' });
      return JSON.parse(Buffer.from(claims, 'base64url').toString()) as JWTPayload;
    });
    expect(one).toMatchObject({ sub: 'ann', roles: [], iat: NOW_S, exp: NOW_S + 5 });
    expect(one?.jti).not.toBe(two?.jti);
  });

  test('needs a secret', async () => {
    const { publicKey } = await generateKeyPair('ES256');
    const tokens = new Tokens({ jwtPublicKey: await exportSPKI(publicKey) }, clock);
    const made = tokens.sign({ subject: 'ann', roles: [], ttlS: 5 });
    await expect(made).rejects.toMatchObject({ code: 'signing_unavailable', status: 501 });
  });
});

test('a text that is no token is refused as such, without an echo', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.base64String(), { minLength: 3, maxLength: 3 }).map((parts) => parts.join('.')),
    fc
      .tuple(fc.json(), fc.json())
      .map((parts) => `${parts.map((part) => Buffer.from(part).toString('base64url')).join('.')}.AA`),
  );
  await fc.assert(
    fc.asyncProperty(text, async (token) => {
      expect((await refusal({ jwtSecret: SECRET }, token)).code).toBe('token_invalid');
    }),
  );
});
