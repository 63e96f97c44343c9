import * as fc from 'fast-check';
import { generate } from 'selfsigned';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';
import { hashPassword } from '../../src/model/password.ts';
import { fromFile } from './helpers.ts';

const SECRET = 'sixteen bytes, or';

describe('the description of the settings', () => {
  test('names every setting once, with where its value came from and what it means', () => {
    const lines = describeConfig(fromFile('prefix: x', { BELFRY_TOPICS_MAX: '7' }));
    expect(new Set(lines.map(({ name }) => name)).size).toBe(lines.length);
    for (const { description } of lines) expect(description).toMatch(/^[A-Z].{10,}\.$/);
    const source = Object.fromEntries(lines.map((line) => [line.name, line.source]));
    expect(source).toMatchObject({
      BELFRY_PREFIX: 'file',
      BELFRY_TOPICS_MAX: 'environment',
      BELFRY_JWT_SECRET: 'made',
      BELFRY_NODE: 'made',
      BELFRY_LOG_LEVEL: 'default',
    });
  });

  test('hides secrets', async () => {
    const { cert, private: key } = await generate([], { keyType: 'ec' });
    const password = await hashPassword('x');
    const lines = describeConfig(
      loadConfig({
        BELFRY_JWT_SECRET: SECRET,
        BELFRY_REDIS_URL: 'rediss://user:geheim@redis:6379/2?password=geheim',
        BELFRY_USERS: JSON.stringify([{ name: 'alice', password }]),
        BELFRY_OTLP_URL: 'https://collector.example.com/otlp?api-key=geheim',
        BELFRY_JWKS_URL: 'https://issuer.example.com/keys?token=geheim',
        BELFRY_TLS_CERT: cert,
        BELFRY_TLS_KEY: key,
      }),
    );
    const text = JSON.stringify(lines);
    for (const secret of [SECRET, 'geheim', password, key.split('\n')[1] ?? key])
      expect(text).not.toContain(secret);
    expect(lines).toContainEqual(
      expect.objectContaining({ value: 'rediss://user:***@redis:6379/2?password=***' }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ value: '[{"name":"alice","password":"***"}]' }));
    expect(text).toContain('BEGIN CERTIFICATE');
    const BELFRY_REDIS_URL = 'redis+sentinel://:geheim@one,two/0?master=hub&sentinelPassword=geheim';
    const behindSentinels = describeConfig(loadConfig({ BELFRY_REDIS_URL, BELFRY_JWT_SECRET: SECRET }));
    expect(behindSentinels).toContainEqual(
      expect.objectContaining({
        value: 'redis+sentinel://:***@one,two/0?master=hub&sentinelPassword=***',
      }),
    );
    const open = { BELFRY_REDIS_URL: 'redis://localhost:6379', BELFRY_JWT_SECRET: SECRET };
    expect(describeConfig(loadConfig(open))).toContainEqual(
      expect.objectContaining({ value: 'redis://localhost:6379' }),
    );
  });

  test('gives the same settings when it is read as an environment again', () => {
    const listen = fc
      .uniqueArray(
        fc.tuple(
          fc.constantFrom('', 'localhost:', '127.0.0.1:', '[::1]:'),
          fc.nat(65_535),
          fc.constantFrom('native', 'drp', 'norn', 'mist', 'provisioning', 'dorgu'),
          fc.constantFrom('', '+tls'),
        ),
        { minLength: 1, selector: ([, port]) => port },
      )
      .map((all) => all.map(([host, port, dialect, tls]) => `${host}${port}=${dialect}${tls}`).join(','));
    fc.assert(
      fc.property(listen, fc.integer({ min: 1, max: 100_000 }), (BELFRY_LISTEN, topics) => {
        const first = loadConfig({
          BELFRY_LISTEN,
          BELFRY_TOPICS_MAX: String(topics),
          BELFRY_JWT_SECRET: SECRET,
        });
        const lines = describeConfig(first).filter(({ value }) => value !== '***');
        const env = Object.fromEntries(lines.map(({ name, value }) => [name, value]));
        const again = loadConfig({ ...env, BELFRY_JWT_SECRET: SECRET });
        expect({ ...again, sources: first.sources }).toEqual(first);
      }),
    );
  });
});
