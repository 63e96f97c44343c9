import { exportJWK, generateKeyPair } from 'jose';
import { expect, it } from 'vitest';
import { Tokens } from '../../src/gateway/auth/tokens.ts';
import { ManualClock } from '../support/clock.ts';
import { startHttpServer } from '../support/http-server.ts';
import { SECRET, tokenOf } from './tokens-helpers.ts';

const settings = { jwtSecret: SECRET };

it('a token that is sent again is the same principal without another check of its signature', async () => {
  const tokens = new Tokens(settings, new ManualClock());
  const token = await tokenOf({ sub: 'ann' });
  const first = await tokens.verify(token);
  expect(first).toMatchObject({ principal: 'user:ann' });
  expect(await tokens.verify(` ${token}\n`)).toBe(first);
  expect(await tokens.verify(await tokenOf({ sub: 'bob' }))).toMatchObject({ principal: 'user:bob' });
});

it('a token whose signature is remembered is refused once it has expired or was revoked', async () => {
  const clock = new ManualClock();
  let isRevoked = false;
  const tokens = new Tokens(settings, clock, { isRevoked: () => isRevoked });
  const token = await tokenOf({ sub: 'ann', exp: Math.floor(clock.now() / 1_000) + 10 });
  await tokens.verify(token);
  isRevoked = true;
  await expect(tokens.verify(token)).rejects.toThrow('revoked');
  isRevoked = false;
  await tokens.verify(token);
  clock.advance(10_000);
  await expect(tokens.verify(token)).rejects.toThrow('expired');
});

it('a token that was refused is checked again, and one with another signature is another token', async () => {
  const tokens = new Tokens(settings, new ManualClock());
  const [head, body, signature = ''] = (await tokenOf({ sub: 'ann' })).split('.');
  const forged = `${head}.${body}.${signature.slice(1)}${signature.slice(0, 1)}`;
  await tokens.verify(`${head}.${body}.${signature}`);
  for (let time = 0; time < 2; time++) await expect(tokens.verify(forged)).rejects.toThrow('fits no key');
});

it('a key that its issuer has withdrawn is accepted for at most a minute longer', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const other = await generateKeyPair('ES256');
  let keys = [{ ...(await exportJWK(publicKey)), kid: 'a', alg: 'ES256' }];
  const { url } = await startHttpServer((_request, response) => void response.end(JSON.stringify({ keys })));
  const clock = new ManualClock();
  const tokens = new Tokens({ jwksUrl: `${url}/jwks` }, clock);
  const token = await tokenOf({ sub: 'ann' }, { key: privateKey, alg: 'ES256', kid: 'a' });
  await tokens.verify(token);
  keys = [{ ...(await exportJWK(other.publicKey)), kid: 'b', alg: 'ES256' }];
  // By then the keys are no longer fresh, so the first question fetches them again in the background.
  clock.advance(11 * 60_000);
  await tokens.verify(token);
  const after61s = (): Promise<string> => {
    clock.advance(61_000);
    return tokens.verify(token).then(
      () => 'accepted',
      () => 'refused',
    );
  };
  await expect.poll(after61s).toBe('refused');
});
