import { decodeJwt, type JWTPayload } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { Authenticator } from '../../src/gateway/auth/authenticator.ts';
import type { Credentials } from '../../src/gateway/auth/credentials.ts';
import { TokenIssuer } from '../../src/gateway/auth/token-issuer.ts';
import { Tokens } from '../../src/gateway/auth/tokens.ts';
import { Users } from '../../src/gateway/auth/users.ts';
import { ManualClock } from '../support/clock.ts';
import { cheapHash } from '../support/password.ts';
import { SECRET, tokenOf } from './tokens-helpers.ts';

const DAY_S = 86_400;

describe('a renewed token', () => {
  let clock: ManualClock;
  let issuer: TokenIssuer;
  let tokens: Tokens;
  beforeEach(() => {
    clock = new ManualClock();
    const users = new Users(
      [
        { name: 'ann', password: cheapHash('wonderland') },
        { name: 'bob', password: cheapHash('builder'), subscribe: ['a.*.*'] },
        { name: 'root', password: cheapHash('admin'), roles: ['admin'] },
      ],
      { clock },
    );
    tokens = new Tokens({ jwtSecret: SECRET }, clock);
    const authenticator = new Authenticator({ users, tokens, roles: {} });
    issuer = new TokenIssuer({ users, tokens, authenticator, clock, sessionMaxS: 7 * DAY_S });
  });
  const nowS = (): number => Math.floor(clock.now() / 1_000);
  const issue = (credentials: Credentials, name: string, ttlS: number): Promise<string> =>
    issuer.issue(credentials, '192.0.2.1:1', name, ttlS);
  const renew = (token: string, name = 'ann', ttlS = 7 * DAY_S): Promise<string> =>
    issue({ kind: 'bearer', token }, name, ttlS);
  const signIn = (name: string, password: string, ttlS = 60): Promise<string> =>
    issue({ kind: 'basic', name, password }, name, ttlS);
  const signInOf = ({ sid, auth_time, jti }: JWTPayload): object => ({ sid, auth_time, jti });

  test('keeps the id and the time of its sign-in, and ends with the session, however often it is renewed', async () => {
    const first = await signIn('ann', 'wonderland');
    const began = nowS();
    const { sid, auth_time, jti } = decodeJwt(first);
    expect([sid, auth_time]).toEqual([jti, clock.now() / 1_000]);
    let token = first;
    for (let day = 0; day < 6; day++) {
      token = await renew(token);
      expect(signInOf(decodeJwt(token))).toEqual({ sid, auth_time, jti });
      expect(decodeJwt(token).exp).toBe(began + 7 * DAY_S);
      clock.advance(DAY_S * 1_000);
    }
    clock.advance((DAY_S - 1) * 1_000);
    expect(decodeJwt(await renew(token)).exp).toBe(began + 7 * DAY_S);
    clock.advance(1_000);
    await expect(renew(token)).rejects.toThrow('it has expired');
  });

  test('belongs to a new session after each sign-in with a password', async () => {
    const [one, two] = [await signIn('ann', 'wonderland'), await signIn('ann', 'wonderland')].map(decodeJwt);
    expect(one?.jti).not.toBe(two?.jti);
  });

  test('ends at the session limit after an issuer made its first token, even if that token is valid for longer', async () => {
    const iat = nowS() - 8 * DAY_S;
    const foreign = await tokenOf({ sub: 'ann', jti: 'theirs', iat, exp: nowS() + 365 * DAY_S });
    await expect(renew(foreign)).rejects.toMatchObject({ code: 'session_ended', status: 403 });
    expect(await tokens.verify(foreign)).toMatchObject({ principal: 'user:ann' });
    const younger = await tokenOf({ sub: 'ann', jti: 'theirs', sid: 'their session', iat: iat + 2 * DAY_S });
    const renewed = decodeJwt(await renew(younger));
    expect(renewed).toMatchObject({ jti: 'theirs', sid: 'their session', exp: iat + 9 * DAY_S });
  });

  test('begins its session now if the first token names no time of its making, or a future one', async () => {
    for (const claims of [{}, { iat: nowS() + DAY_S }]) {
      const token = await renew(await tokenOf({ sub: 'ann', exp: nowS() + 60, ...claims }));
      expect(decodeJwt(token)).toMatchObject({ auth_time: clock.now() / 1_000, exp: nowS() + 7 * DAY_S });
    }
  });

  test('permits no more than the token before it', async () => {
    const named = decodeJwt(await renew(await signIn('bob', 'builder'), 'bob'));
    expect(named).toMatchObject({ subscribe: ['a.*.*'], publish: [] });
    const free = decodeJwt(await renew(await signIn('ann', 'wonderland')));
    expect(Object.keys(free)).not.toContain('subscribe');
  });

  test('belongs to the session of the admin who made it for somebody else', async () => {
    const admin = await signIn('root', 'admin', DAY_S);
    const own = signInOf(decodeJwt(admin));
    clock.advance(3_600_000);
    const bobs = await renew(admin, 'bob', DAY_S);
    expect([decodeJwt(bobs).sub, signInOf(decodeJwt(bobs))]).toEqual(['user:bob', own]);
  });
});
