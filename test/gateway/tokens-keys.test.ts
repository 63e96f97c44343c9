import { createHmac, createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { Tokens } from '../../src/gateway/tokens.ts';
import { algorithmsOf } from '../../src/model/signature.ts';
import { base64url, clock, refusal, SECRET, tokenOf } from './tokens-helpers.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const run of undo.splice(0)) await run();
});

/** An issuer that publishes these keys on loopback, and counts how often it was asked. */
async function issuerOf(
  keys: readonly object[],
  status = 200,
): Promise<{ jwksUrl: string; asked: () => number }> {
  let count = 0;
  const server = createServer((_request, response) => {
    count++;
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return { jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`, asked: () => count };
}

describe('a token signed by a private key', () => {
  test.each(['RS256', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])(
    'with %s is checked by the public one',
    async (alg) => {
      const { publicKey, privateKey } = await generateKeyPair(alg);
      const tokens = new Tokens({ jwtPublicKey: await exportSPKI(publicKey) }, clock);
      expect(await tokens.verify(await tokenOf({ sub: 'x' }, { key: privateKey, alg }))).toMatchObject({
        principal: 'user:x',
      });
      const { privateKey: other } = await generateKeyPair(alg);
      await expect(tokens.verify(await tokenOf({ sub: 'x' }, { key: other, alg }))).rejects.toThrow(
        'fits no key',
      );
    },
  );

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

  test('cannot do without a signature', async () => {
    const { publicKey } = await generateKeyPair('ES256');
    const settings = { jwtPublicKey: await exportSPKI(publicKey), jwtSecret: SECRET };
    for (const alg of ['none', 'None', 'NONE', '']) {
      const token = `${base64url({ alg })}.${base64url({ sub: 'root', role: 'admin' })}.`;
      expect((await refusal(settings, token)).code).toBe('token_invalid');
    }
  });

  test('is refused when the algorithm is not one of the key', async () => {
    const { publicKey } = await generateKeyPair('ES256');
    const { privateKey } = await generateKeyPair('RS256');
    const token = await tokenOf({ sub: 'x' }, { key: privateKey, alg: 'RS256' });
    const { message } = await refusal({ jwtPublicKey: await exportSPKI(publicKey) }, token);
    expect(message).toContain('Expected ES256.');
  });
});

describe('keys that the issuer publishes', () => {
  test('are found by the id in the token, fetched once, and only when needed', async () => {
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

  test('stand beside a public key of the same kind', async () => {
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

  test('that cannot be fetched are a fault of the hub, not of the token', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const token = await tokenOf({ sub: 'x' }, { key: privateKey, alg: 'ES256', kid: 'one' });
    const { jwksUrl } = await issuerOf([], 500);
    expect(await refusal({ jwksUrl }, token)).toMatchObject({ code: 'unavailable', status: 503 });
    expect(await refusal({ jwksUrl: 'http://127.0.0.1:1/jwks' }, token)).toMatchObject({
      code: 'unavailable',
    });
  });
});

test('a key of no use has no algorithm', async () => {
  const { publicKey } = await generateKeyPair('ECDH-ES', { crv: 'X25519' });
  expect(algorithmsOf(createPublicKey(await exportSPKI(publicKey)))).toEqual([]);
});
