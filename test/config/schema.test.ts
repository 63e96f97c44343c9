import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { generate } from 'selfsigned';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { hashPassword } from '../../src/model/password.ts';
import { refusal } from './helpers.ts';

const SECRET = 'sixteen bytes, or';

describe('the listeners in the settings', () => {
  test('have a host, a port, a dialect and TLS', () => {
    const { listen, listenGiven } = loadConfig({
      BELFRY_LISTEN: '127.0.0.1:1=drp+tls, [::1]:2=native,localhost:0=mist,0=norn',
    });
    expect(listenGiven).toBe(true);
    expect(listen).toEqual([
      { host: '127.0.0.1', port: 1, dialect: 'drp', tls: true },
      { host: '::1', port: 2, dialect: 'native', tls: false },
      { host: 'localhost', port: 0, dialect: 'mist', tls: false },
      { port: 0, dialect: 'norn', tls: false },
    ]);
  });

  test.each([
    '8800',
    '8800=',
    '=norn',
    '8800=gopher',
    '65536=norn',
    '8800=norn+ssl',
    '::1:80=drp',
    '80=drp=norn',
    ',',
  ])('are refused with the expected form when they are %s', (written) => {
    expect(refusal({ BELFRY_LISTEN: written })).toMatch(
      /BELFRY_LISTEN.*Expected \[host:\]port=dialect\[\+tls\]/,
    );
  });

  test('may use each port only once, unless it is 0', () => {
    expect(refusal({ BELFRY_LISTEN: '80=drp,80=norn' })).toContain('holds a port twice');
    expect(loadConfig({ BELFRY_LISTEN: '0=drp,0=norn' }).listen).toHaveLength(2);
  });
});

describe('the settings of access', () => {
  test('must hold a key that all nodes share if Redis is set, and the error says how to make one', () => {
    const BELFRY_REDIS_URL = 'redis://localhost:6379';
    expect(refusal({ BELFRY_REDIS_URL })).toContain('`openssl rand -hex 32`');
    const config = loadConfig({ BELFRY_REDIS_URL, BELFRY_JWT_SECRET: SECRET });
    expect(config).toMatchObject({ jwtSecret: SECRET, secretMade: false });
    const elsewhere = loadConfig({ BELFRY_REDIS_URL, BELFRY_JWKS_URL: 'https://issuer.example/jwks' });
    expect(elsewhere.secretMade).toBe(false);
    expect(elsewhere).not.toHaveProperty('jwtSecret');
  });

  test('measure the length of a secret in bytes', () => {
    expect(refusal({ BELFRY_JWT_SECRET: 'x'.repeat(15) })).toContain('Expected at least 16 bytes');
    expect(() => loadConfig({ BELFRY_JWT_SECRET: 'é'.repeat(8) })).not.toThrow();
  });

  test('accept a public key as text, as text with written-out line breaks, or as a file', () => {
    const pem = publicPem(generateKeyPairSync('ed25519').publicKey);
    expect(loadConfig({ BELFRY_JWT_PUBLIC_KEY: pem }).jwtPublicKey).toBe(pem);
    expect(loadConfig({ BELFRY_JWT_PUBLIC_KEY: pem.replaceAll('\n', '\\n') }).jwtPublicKey).toBe(pem);
    expect(loadConfig({ BELFRY_JWT_PUBLIC_KEY: '/key.pem' }, () => pem).jwtPublicKey).toBe(pem);
  });

  test('refuse a public key that is not valid, is private, or is too weak', () => {
    const weak = publicPem(generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey);
    const secret = generateKeyPairSync('ed25519')
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    expect(refusal({ BELFRY_JWT_PUBLIC_KEY: weak })).toContain('of another kind');
    expect(refusal({ BELFRY_JWT_PUBLIC_KEY: secret })).toContain('of another kind');
    expect(refusal({ BELFRY_JWT_PUBLIC_KEY: '-----BEGIN nothing' })).toContain('cannot be read');
    expect(refusal({ BELFRY_JWT_PUBLIC_KEY: '/nowhere' })).toContain('ENOENT');
  });

  test('accept each user once, with a password hash and with roles that exist', async () => {
    const password = await hashPassword('x');
    expect(users({ name: 'a', password }, { name: 'a', password })).toContain('holds a name twice');
    expect(users({ name: 'a', password: 'plain text' })).toContain('BELFRY_USERS.0.password');
    expect(users({ name: 'a:b', password })).toContain('BELFRY_USERS.0.name');
    expect(users({ name: 'a', password, roles: ['admin', 'ghost'] })).toContain('holds "ghost"');
    const BELFRY_USERS = JSON.stringify([{ name: 'a', password, roles: ['reader'] }]);
    expect(refusal({ BELFRY_USERS, BELFRY_ROLES: '{"reader":1}' })).toMatch(/^1 setting is wrong:/);
    expect(users({ name: 'a', password, role: 'admin' })).toContain('unknown field role');
    expect(users({ name: 'a', password, publish: ['nonsense'] })).toContain('BELFRY_USERS.0.publish.0');
    expect(refusal({ BELFRY_USERS: 'alice' })).toContain('Expected JSON');
    expect(refusal({ BELFRY_USERS: '{}' })).toContain('Expected a list');
  });

  test('refuse a role that is named admin, and a pattern that is not valid', () => {
    expect(refusal({ BELFRY_ROLES: '{"admin":{}}' })).toContain('defines admin');
    expect(refusal({ BELFRY_ROLES: '{"r":{"subscribe":["a.b"]}}' })).toContain('BELFRY_ROLES.r.subscribe.0');
    expect(refusal({ BELFRY_ROLES: '[]' })).toContain('Expected names with values');
  });
});

describe('the settings of TLS', () => {
  test('accept a certificate together with its own key, and nothing else', async () => {
    const [one, two] = await Promise.all([generate([], { keyType: 'ec' }), generate([], { keyType: 'ec' })]);
    const env = { BELFRY_TLS_CERT: one.cert, BELFRY_TLS_KEY: one.private };
    expect(loadConfig(env)).toMatchObject({ tlsCert: one.cert, tlsKey: one.private });
    expect(refusal({ ...env, BELFRY_TLS_KEY: two.private })).toContain('is not the key of');
    expect(refusal({ BELFRY_TLS_CERT: one.cert })).toContain('BELFRY_TLS_KEY is missing');
    expect(refusal({ BELFRY_TLS_KEY: one.private })).toContain('BELFRY_TLS_CERT is missing');
    expect(refusal({ ...env, BELFRY_TLS_CERT: one.public })).toMatch(
      /BELFRY_TLS_CERT .*Expected a certificate/,
    );
  });
});

function users(...list: unknown[]): string {
  return refusal({ BELFRY_USERS: JSON.stringify(list) });
}

function publicPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}
