import { createHmac, createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { Tokens } from '../../src/gateway/auth/tokens.ts';
import type { BelfryError } from '../../src/model/errors.ts';
import { algorithmsOf } from '../../src/model/signature-algorithms.ts';
import { ManualClock } from '../support/clock.ts';
import { base64url, clock, refusal, SECRET, tokenOf } from './tokens-helpers.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const run of undo.splice(0)) await run();
});

interface Issuer {
  readonly jwksUrl: string;
  readonly asked: () => number;
  /** Sets the answer from now on. */
  readonly answer: (status: number, body?: unknown) => void;
}

/** An issuer that publishes these keys on loopback, and counts how often it was asked. */
async function issuerOf(keys: readonly object[], status = 200): Promise<Issuer> {
  let count = 0;
  let said = { status, body: JSON.stringify({ keys }) };
  const server = createServer((_request, response) => {
    count++;
    response.writeHead(said.status, { 'Content-Type': 'application/json' }).end(said.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return {
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    asked: () => count,
    answer: (next, body = { keys }) => {
      said = { status: next, body: typeof body === 'string' ? body : JSON.stringify(body) };
    },
  };
}

describe('a token signed by a private key', () => {
  test.each([
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
    'Ed25519',
  ])('with %s is checked by the public key', async (alg) => {
    const { publicKey, privateKey } = await generateKeyPair(alg);
    const tokens = new Tokens({ jwtPublicKey: await exportSPKI(publicKey) }, clock);
    expect(await tokens.verify(await tokenOf({ sub: 'x' }, { key: privateKey, alg }))).toMatchObject({
      principal: 'user:x',
    });
    const { privateKey: other } = await generateKeyPair(alg);
    await expect(tokens.verify(await tokenOf({ sub: 'x' }, { key: other, alg }))).rejects.toThrow(
      'fits no key',
    );
  });

  test('cannot be forged with the public key as a secret', async () => {
    const { publicKey } = await generateKeyPair('RS256');
    const pem = await exportSPKI(publicKey);
    const header = base64url({ alg: 'HS256' });
    const claims = base64url({ sub: 'root', role: 'admin' });
    const signature = createHmac('sha256', pem).update(`${header}.${claims}`).digest('base64url');
    const forged = `${header}.${claims}.${signature}`;
    expect((await refusal({ jwtPublicKey: pem }, forged)).message).toContain(
      'algorithm that is not accepted',
    );
    const both = await refusal({ jwtPublicKey: pem, jwtSecret: SECRET }, forged);
    expect(both.message).toContain('its signature fits no key');
  });

  test('cannot lack a signature', async () => {
    const { publicKey } = await generateKeyPair('ES256');
    const settings = { jwtPublicKey: await exportSPKI(publicKey), jwtSecret: SECRET };
    for (const alg of ['none', 'None', 'NONE', '']) {
      const token = `${base64url({ alg })}.${base64url({ sub: 'root', role: 'admin' })}.`;
      expect((await refusal(settings, token)).code).toBe('token_invalid');
    }
  });

  test('is refused when its algorithm is not one of the key', async () => {
    const { publicKey } = await generateKeyPair('ES256');
    const { privateKey } = await generateKeyPair('RS256');
    const token = await tokenOf({ sub: 'x' }, { key: privateKey, alg: 'RS256' });
    const { message } = await refusal({ jwtPublicKey: await exportSPKI(publicKey) }, token);
    expect(message).toContain('Expected ES256.');
  });
});

describe('keys that the issuer publishes', () => {
  test('are found by the id in the token, and fetched once and only when needed', async () => {
    const [one, two] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('ES256')]);
    const keys = [
      { ...(await exportJWK(one.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' },
      { ...(await exportJWK(two.publicKey)), kid: 'two', alg: 'ES256', use: 'sig' },
    ];
    const { jwksUrl, asked } = await issuerOf(keys);
    const tokens = new Tokens({ jwksUrl, jwtSecret: SECRET }, clock);
    expect(await tokens.verify(await tokenOf({ sub: 'own' }))).toMatchObject({ principal: 'user:own' });
    expect(asked()).toBe(0);
    const first = await tokenOf({ sub: 'a' }, { key: one.privateKey, alg: 'RS256', kid: 'one' });
    const second = await tokenOf({ sub: 'b' }, { key: two.privateKey, alg: 'ES256', kid: 'two' });
    expect(await tokens.verify(first)).toMatchObject({ principal: 'user:a' });
    expect(await tokens.verify(second)).toMatchObject({ principal: 'user:b' });
    expect(asked()).toBe(1);
  });

  test('work beside a public key of the same kind', async () => {
    const [local, remote] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
    const { jwksUrl } = await issuerOf([{ ...(await exportJWK(remote.publicKey)), kid: 'r' }]);
    const tokens = new Tokens({ jwksUrl, jwtPublicKey: await exportSPKI(local.publicKey) }, clock);
    for (const { privateKey } of [local, remote]) {
      expect(
        await tokens.verify(await tokenOf({ sub: 'x' }, { key: privateKey, alg: 'ES256' })),
      ).toBeDefined();
    }
  });

  test('refuse a token by a key that is not among them', async () => {
    const [one, two] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
    const { jwksUrl } = await issuerOf([{ ...(await exportJWK(one.publicKey)), kid: 'one' }]);
    for (const kid of ['one', 'two']) {
      const token = await tokenOf({ sub: 'x' }, { key: two.privateKey, alg: 'ES256', kid });
      expect(await refusal({ jwksUrl }, token)).toMatchObject({ code: 'token_invalid' });
    }
    const shared = await tokenOf({ sub: 'x' }, { kid: 'one' });
    expect((await refusal({ jwksUrl }, shared)).message).toContain('algorithm that is not accepted');
  });

  test('cause a fault of the hub, and not of the token, when they cannot be fetched', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const token = await tokenOf({ sub: 'x' }, { key: privateKey, alg: 'ES256', kid: 'one' });
    const { jwksUrl } = await issuerOf([], 500);
    expect(await refusal({ jwksUrl }, token)).toMatchObject({ code: 'unavailable', status: 503 });
    expect(await refusal({ jwksUrl: 'http://127.0.0.1:1/jwks' }, token)).toMatchObject({
      code: 'unavailable',
    });
  });
});

describe('an issuer that does not answer', () => {
  const MINUTE_MS = 60_000;

  async function world(settings: { jwksMaxAgeMs?: number } = {}) {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one' };
    const issuer = await issuerOf([jwk]);
    const manual = new ManualClock();
    const reported: unknown[] = [];
    const report = (cause: unknown): void => void reported.push(cause);
    const tokens = new Tokens({ jwksUrl: issuer.jwksUrl, ...settings }, manual, { report });
    const token = (kid?: string): Promise<string> =>
      tokenOf({ sub: 'x' }, { key: privateKey, alg: 'ES256', ...(kid !== undefined && { kid }) });
    const codeOf = async (kid?: string): Promise<string> =>
      tokens.verify(await token(kid)).then(
        ({ principal }) => principal,
        (error: BelfryError) => error.code,
      );
    return { issuer, manual, reported, codeOf, jwk };
  }

  test('leaves the known keys in use up to their age, and is asked at most every 30 s', async () => {
    const { issuer, manual, reported, codeOf } = await world({ jwksMaxAgeMs: 60 * MINUTE_MS });
    expect(await codeOf('one')).toBe('user:x');
    issuer.answer(500);
    manual.advance(11 * MINUTE_MS);
    for (let i = 0; i < 20; i++) expect(await codeOf('one')).toBe('user:x');
    await expect.poll(() => reported.length).toBe(1);
    expect(issuer.asked()).toBe(2);
    manual.advance(50 * MINUTE_MS);
    expect(await codeOf('one')).toBe('unavailable');
    issuer.answer(200);
    manual.advance(MINUTE_MS);
    expect(await codeOf('one')).toBe('user:x');
  });

  test('is asked once, however many tokens wait for its keys or name unknown keys', async () => {
    const { issuer, manual, codeOf, jwk } = await world();
    const first = Array.from({ length: 40 }, () => codeOf('one'));
    expect(new Set(await Promise.all(first))).toEqual(new Set(['user:x']));
    const storm = await Promise.all(Array.from({ length: 40 }, (_, i) => codeOf(`unknown ${i}`)));
    expect([new Set(storm), issuer.asked()]).toEqual([new Set(['token_invalid']), 1]);
    issuer.answer(200, { keys: [jwk, { ...jwk, kid: 'two' }] });
    manual.advance(MINUTE_MS / 2);
    expect([await codeOf('two'), issuer.asked()]).toEqual(['user:x', 2]);
  });

  test('is asked at most once in 30 s if it never answers, and clients are told to come back', async () => {
    const { issuer, manual, codeOf } = await world();
    issuer.answer(500);
    for (let i = 0; i < 20; i++) expect(await codeOf('one')).toBe('unavailable');
    expect(issuer.asked()).toBe(1);
    manual.advance(MINUTE_MS / 2);
    issuer.answer(200);
    expect(await codeOf('one')).toBe('user:x');
  });

  test.each<[string, number, unknown]>([
    ['a key set of more than a megabyte', 200, { keys: [], filling: 'x'.repeat(1_100_000) }],
    ['a key set without a usable key', 200, { keys: [] }],
    ['what is no key set', 200, '<html>'],
    ['a redirection', 302, ''],
  ])('leaves every known key in use when it answers with %s', async (_what, status, body) => {
    const { issuer, manual, reported, codeOf } = await world();
    expect(await codeOf('one')).toBe('user:x');
    issuer.answer(status, body);
    manual.advance(11 * MINUTE_MS);
    expect(await codeOf('other')).toBe('unavailable');
    expect([await codeOf('one'), reported.length]).toEqual(['user:x', 1]);
  });
});

describe('a key set', () => {
  test('may hold keys of other uses and kinds, and tokens need not name their key', async () => {
    const [wrong, right] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
    const { publicKey: encryption } = await generateKeyPair('ECDH-ES', { crv: 'X25519' });
    const jwk = await exportJWK(right.publicKey);
    const { jwksUrl } = await issuerOf([
      null as unknown as object,
      { kty: 'quantum' },
      { kty: 'oct', k: Buffer.from(SECRET).toString('base64url'), kid: 'secret' },
      await exportJWK(encryption),
      { ...jwk, use: 'enc', kid: 'enc' },
      { ...jwk, key_ops: ['sign'], kid: 'ops' },
      { ...jwk, alg: 'ES384', kid: 'alg' },
      { ...(await exportJWK(wrong.publicKey)), kid: 'wrong' },
      { ...jwk, kid: 'right', use: 'sig', key_ops: ['verify'], x5t: 'x' },
    ]);
    const tokens = new Tokens({ jwksUrl }, clock);
    const verify = async (kid?: string, alg = 'ES256', key = right.privateKey): Promise<string> => {
      const token = await tokenOf({ sub: 'x' }, { key, alg, ...(kid !== undefined && { kid }) });
      return (await tokens.verify(token)).principal;
    };
    expect([await verify(), await verify('right')]).toEqual(['user:x', 'user:x']);
    for (const kid of ['enc', 'ops', 'alg', 'wrong', 'secret'])
      await expect(verify(kid)).rejects.toThrow('fits no key');
    await expect(tokens.verify(await tokenOf({ sub: 'x' }, { kid: 'secret' }))).rejects.toThrow(
      'not accepted',
    );
  });
});

test('gives no algorithm to a key that cannot be used', async () => {
  const { publicKey } = await generateKeyPair('ECDH-ES', { crv: 'X25519' });
  expect(algorithmsOf(createPublicKey(await exportSPKI(publicKey)))).toEqual([]);
});
