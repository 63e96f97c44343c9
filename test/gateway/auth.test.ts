import { scryptSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Authenticator } from '../../src/gateway/auth/authenticator.ts';
import { Tokens, type NewToken } from '../../src/gateway/auth/tokens.ts';
import { Users } from '../../src/gateway/auth/users.ts';
import { Grants, type Identity } from '../../src/model/principal.ts';

const clock = { now: () => 0, elapsed: () => 0 };
const key = scryptSync('wonderland', Buffer.alloc(16), 32, { N: 1_024 });
const password = `scrypt:1024:8:1:${Buffer.alloc(16).toString('base64url')}:${key.toString('base64url')}`;

const tokens = new Tokens({ jwtSecret: 'sixteen bytes, or more' }, clock);
const users = new Users([{ name: 'ann', password, roles: ['reader'], publish: ['notes.*.*'] }], { clock });
const roles = {
  reader: { subscribe: ['a.*.*', 'b.*.*'], publish: [] },
  writer: { subscribe: ['b.*.*'], publish: ['a.*.*'] },
};
const authenticator = new Authenticator({ users, tokens, roles });

async function bearer(token: Partial<NewToken>, by = authenticator): Promise<Identity> {
  return by.authenticate({
    kind: 'bearer',
    token: await tokens.sign({ subject: 'bob', roles: [], ttlS: 60, ...token }),
  });
}

const written = (grants: Grants): string[] => grants.patterns.map(({ text }) => text);

describe('an identity found by a password', () => {
  test('has the grants of its roles and those of the user', async () => {
    const ann = await authenticator.authenticate({ kind: 'basic', name: 'ann', password: 'wonderland' });
    expect(ann).toMatchObject({ principal: 'user:ann', roles: ['reader'] });
    expect(written(ann.subscribe)).toEqual(['a.*.*', 'b.*.*']);
    expect(written(ann.publish)).toEqual(['notes.*.*']);
  });

  test('does not exist for a wrong password', async () => {
    const attempt = authenticator.authenticate({ kind: 'basic', name: 'ann', password: 'x' });
    await expect(attempt).rejects.toMatchObject({ code: 'password_wrong' });
  });
});

describe('an identity found by a token', () => {
  test('has the grants of all its roles together, each pattern once', async () => {
    const bob = await bearer({ roles: ['reader', 'writer'], subscribe: ['b.*.*', 'c.*.*'] });
    expect(bob).toMatchObject({ principal: 'user:bob', roles: ['reader', 'writer'], expiresAt: 60_000 });
    expect(written(bob.subscribe)).toEqual(['a.*.*', 'b.*.*', 'c.*.*']);
    expect(written(bob.publish)).toEqual(['a.*.*']);
  });

  test('has every grant with the role admin', async () => {
    const bob = await bearer({ roles: ['admin', 'reader'], publish: ['a.*.*'] });
    expect(bob.subscribe).toBe(Grants.all);
    expect(bob.publish).toBe(Grants.all);
  });

  test('has no grant by a role that nobody defined, whatever its name', async () => {
    for (const role of ['ghost', 'constructor', '__proto__', 'Admin', '']) {
      const bob = await bearer({ roles: [role] });
      expect(bob.subscribe).toBe(Grants.none);
      expect(bob.publish).toBe(Grants.none);
    }
  });

  test('does not exist for a bad token', async () => {
    const attempt = authenticator.authenticate({ kind: 'bearer', token: 'x' });
    await expect(attempt).rejects.toMatchObject({ code: 'token_invalid' });
  });
});

test('has only its own patterns when it is only identified', async () => {
  const ann = await authenticator.identify({ kind: 'basic', name: 'ann', password: 'wonderland' });
  expect(ann.roles).toEqual(['reader']);
  expect([written(ann.subscribe), written(ann.publish)]).toEqual([[], ['notes.*.*']]);
  const token = await tokens.sign({ subject: 'bob', roles: ['admin'], subscribe: ['x.*.*'], ttlS: 60 });
  const bob = await authenticator.identify({ kind: 'bearer', token });
  expect([written(bob.subscribe), written(bob.publish)]).toEqual([['x.*.*'], []]);
});

describe('a set of rights', () => {
  test('is one object for the same roles in any order', async () => {
    const one = await bearer({ subject: 'bob', roles: ['reader', 'writer'], publish: ['x.*.*'] });
    const two = await bearer({ subject: 'cat', roles: ['writer', 'reader'], publish: ['x.*.*'] });
    expect(one.principal).not.toBe(two.principal);
    expect(two.subscribe).toBe(one.subscribe);
    expect(two.publish).toBe(one.publish);
    expect(two.roles).toBe(one.roles);
  });

  test("is another object for other patterns of one's own", async () => {
    const one = await bearer({ roles: ['reader'], subscribe: ['x.*.*'] });
    const two = await bearer({ roles: ['reader'], publish: ['x.*.*'] });
    expect(one.subscribe.text).not.toBe(two.subscribe.text);
    expect(written(two.publish)).toEqual(['x.*.*']);
  });

  test('is part of one identity for all connections of one token', async () => {
    const token = await tokens.sign({ subject: 'bob', roles: ['reader'], ttlS: 60 });
    const [one, two] = [
      await authenticator.authenticate({ kind: 'bearer', token }),
      await authenticator.authenticate({ kind: 'bearer', token }),
    ];
    expect(two).toBe(one);
    expect(one).toMatchObject({ principal: 'user:bob', roles: ['reader'] });
  });

  test('is right beyond the number of sets that are kept', async () => {
    const many = new Authenticator({ users, tokens, roles });
    for (let index = 0; index < 1_005; index++) {
      const { subscribe } = await bearer({ subscribe: [`own.*.${index}`] }, many);
      expect(written(subscribe)).toEqual([`own.*.${index}`]);
    }
  });
});
