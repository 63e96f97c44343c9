import { scryptSync } from 'node:crypto';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Users } from '../../src/gateway/users.ts';
import { hashPassword, isPasswordHash, verifyPassword } from '../../src/model/password.ts';
import type { BelfryError } from '../../src/model/errors.ts';
import type { Identity } from '../../src/model/principal.ts';

/** A hash that takes a twentieth of the usual time. */
function cheapHash(password: string, salt = Buffer.alloc(16, 7)): string {
  const key = scryptSync(password, salt, 32, { N: 1_024, r: 8, p: 1 });
  return `scrypt:1024:8:1:${salt.toString('base64url')}:${key.toString('base64url')}`;
}

const clock = { time: 0, elapsed: () => clock.time };
const codeOf = (attempt: Promise<Identity>): Promise<string> =>
  attempt.then(
    () => 'welcome',
    (error: BelfryError) => error.code,
  );

/** As many checks as can run and wait at once. */
const ROOM = 2 + 64;

describe('a password', () => {
  test('becomes a salted text that fits it and no other', async () => {
    const [one, two] = await Promise.all([hashPassword('wonderland'), hashPassword('wonderland')]);
    expect(one).toMatch(/^scrypt:16384:8:1:[\w-]{22}:[\w-]{43}$/);
    expect(one).not.toBe(two);
    expect(await verifyPassword('wonderland', one)).toBe(true);
    expect(await verifyPassword('wonderland', two)).toBe(true);
    expect(await verifyPassword('Wonderland', one)).toBe(false);
    expect(await verifyPassword('', one)).toBe(false);
  });

  test('of any text and salt is checked from the text form alone', async () => {
    const salt = fc.uint8Array({ minLength: 12, maxLength: 64 }).map((bytes) => Buffer.from(bytes));
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), salt, async (password, bytes) => {
        const hash = cheapHash(password, bytes);
        expect(isPasswordHash(hash)).toBe(true);
        expect(await verifyPassword(password, hash)).toBe(true);
        expect(await verifyPassword(`${password}x`, hash)).toBe(false);
      }),
      { numRuns: 25 },
    );
  });

  test('is never checked against what is no hash, or would take all memory', async () => {
    const [salt, key] = ['A'.repeat(22), 'A'.repeat(43)];
    for (const hash of [
      '',
      'wonderland',
      `scrypt:16384:8:1:${salt}`,
      `scrypt:16384:8:1:${salt}:`,
      `scrypt:16383:8:1:${salt}:${key}`,
      `scrypt:512:8:1:${salt}:${key}`,
      `scrypt:524288:8:1:${salt}:${key}`,
      `scrypt:16384:0:1:${salt}:${key}`,
      `scrypt:16384:8:17:${salt}:${key}`,
      `bcrypt:16384:8:1:${salt}:${key}`,
      `scrypt:16384:8:1:${salt}:${key}\n`,
    ]) {
      const verdict = { hash, usable: isPasswordHash(hash), fits: await verifyPassword('', hash) };
      expect(verdict).toEqual({ hash, usable: false, fits: false });
    }
    expect(isPasswordHash(`scrypt:131072:8:1:${salt}:${key}`)).toBe(true);
  });
});

describe('users', () => {
  let users: Users;
  beforeEach(() => {
    clock.time = 0;
    users = new Users(
      [
        { name: 'ann', password: cheapHash('wonderland'), roles: ['reader'], subscribe: ['a.*.*'] },
        { name: 'bob', password: cheapHash('builder') },
      ],
      clock,
    );
  });

  test('are known by name and password', async () => {
    const ann = await users.authenticate('ann', 'wonderland');
    expect(ann).toMatchObject({ principal: 'user:ann', roles: ['reader'] });
    expect(ann.subscribe.patterns.map(({ text }) => text)).toEqual(['a.*.*']);
    expect(ann.publish.patterns).toEqual([]);
    expect(ann).not.toHaveProperty('expiresAt');
    expect(users.find('ann')).toBe(ann);
    expect(users.find('eve')).toBeUndefined();
    expect(await users.authenticate('bob', 'builder')).toMatchObject({ principal: 'user:bob', roles: [] });
  });

  test('are refused alike, whether the name or the password is wrong, and without an echo', async () => {
    const attempts = [
      ['ann', 'builder'],
      ['eve', 'wonderland'],
      ['', ''],
      ['constructor', 'x'],
    ] as const;
    const errors = await Promise.all(
      attempts.map(([name, password]) =>
        users.authenticate(name, password).then(
          () => undefined,
          (error: BelfryError) => error,
        ),
      ),
    );
    expect(new Set(errors.map((error) => error?.message)).size).toBe(1);
    expect(errors[0]).toMatchObject({ code: 'password_wrong', status: 403 });
    expect(errors[0]?.message).not.toMatch(/ann|builder|eve|wonderland/);
  });

  test('take a stranger no less work than themselves, even with the password of one of them', async () => {
    const strangers = Array.from({ length: ROOM }, (_, index) =>
      codeOf(users.authenticate(`eve${index}`, 'wonderland')),
    );
    expect(await codeOf(users.authenticate('ann', 'wonderland'))).toBe('unavailable');
    expect(new Set(await Promise.all(strangers))).toEqual(new Set(['password_wrong']));
    const again = Array.from({ length: ROOM }, (_, index) =>
      codeOf(users.authenticate(`eve${index}`, 'wonderland')),
    );
    expect(await codeOf(users.authenticate('ann', 'wonderland'))).toBe('unavailable');
    expect(new Set(await Promise.all(again))).toEqual(new Set(['password_wrong']));
  });

  test('beyond what can be checked in time are told to come back, and those who come back are let in', async () => {
    const attempts = Array.from({ length: ROOM + 3 }, (_, index) =>
      codeOf(users.authenticate('ann', `wrong ${index}`)),
    );
    const codes = await Promise.all(attempts);
    expect(codes.filter((code) => code === 'password_wrong')).toHaveLength(ROOM);
    expect(codes.slice(ROOM)).toEqual(['unavailable', 'unavailable', 'unavailable']);
    expect(await codeOf(users.authenticate('ann', 'wonderland'))).toBe('welcome');
  });

  test('are remembered for a minute, and no longer', async () => {
    await users.authenticate('ann', 'wonderland');
    const busy = Array.from({ length: ROOM }, (_, index) =>
      codeOf(users.authenticate('bob', `wrong ${index}`)),
    );
    clock.time = 59_999;
    expect(await codeOf(users.authenticate('ann', 'wonderland'))).toBe('welcome');
    expect(await codeOf(users.authenticate('ann', 'wrong'))).toBe('unavailable');
    clock.time = 60_000;
    expect(await codeOf(users.authenticate('ann', 'wonderland'))).toBe('unavailable');
    await Promise.all(busy);
    expect(await codeOf(users.authenticate('ann', 'wonderland'))).toBe('welcome');
  });

  test('who come many times at once are checked once', async () => {
    const storm = Array.from({ length: ROOM * 3 }, () => codeOf(users.authenticate('ann', 'wonderland')));
    expect(new Set(await Promise.all(storm))).toEqual(new Set(['welcome']));
  });

  test('that nobody configured cost nothing', async () => {
    const nobody = new Users([], clock);
    const attempts = Array.from({ length: ROOM * 2 }, (_, index) =>
      codeOf(nobody.authenticate('ann', `${index}`)),
    );
    expect(new Set(await Promise.all(attempts))).toEqual(new Set(['password_wrong']));
  });
});
