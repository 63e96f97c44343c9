import { availableParallelism } from 'node:os';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { settingName } from '../../src/config/names.ts';
import { canReusePort } from '../../src/config/listening.ts';
import { loadConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/description.ts';
import { hashPassword } from '../../src/model/password.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { thrownBy } from '../support/thrown.ts';
import { fileRefusal, fromFile, noFile, refusal } from './helpers.ts';

const SECRET = 'sixteen bytes, or';
describe('a setting from a file', () => {
  const files = (path: string): string => (path === '/run/secrets/jwt' ? `${SECRET}, one more\n` : noFile());

  test('is the text of the file that a variable with _FILE names, without the line break at its end', () => {
    const config = loadConfig({ BELFRY_JWT_SECRET_FILE: '/run/secrets/jwt' }, files);
    expect(config).toMatchObject({ jwtSecret: `${SECRET}, one more`, secretMade: false });
  });

  test('is overridden by the variable without _FILE, unless that is empty', () => {
    const env = { BELFRY_JWT_SECRET_FILE: '/run/secrets/jwt', BELFRY_JWT_SECRET: SECRET };
    expect(loadConfig(env, files).jwtSecret).toBe(SECRET);
    expect(loadConfig({ ...env, BELFRY_JWT_SECRET: '' }, files).jwtSecret).toBe(`${SECRET}, one more`);
  });

  test('is refused by name where the file cannot be read or there is no such setting', () => {
    expect(refusal({ BELFRY_JWT_SECRET_FILE: '/nowhere' })).toContain(
      'BELFRY_JWT_SECRET_FILE (environment) cannot be read: ENOENT',
    );
    expect(refusal({ BELFRY_JWT_SECERT_FILE: '/nowhere' })).toContain('BELFRY_JWT_SECERT_FILE');
  });
});

describe('the defaults', () => {
  test('open the four documented listeners and hold the documented bounds', () => {
    const config = loadConfig({});
    expect(config.listen).toEqual([
      { port: 8800, dialect: 'norn', tls: false },
      { port: 8080, dialect: 'dorgu', tls: false },
      { port: 9090, dialect: 'provisioning', tls: false },
      { port: 8092, dialect: 'drp', tls: true },
    ]);
    expect(config).toMatchObject({
      listenGiven: false,
      prefix: 'belfry',
      logLevel: 'info',
      users: [],
      roles: {},
      eventMaxBytes: 1_048_576,
      inboundMaxBytes: 1_048_576,
      queueMaxDeliveries: 256,
      queueMaxBytes: 1_048_576,
      writeTimeoutMs: 10_000,
      connectionsMax: 20_000,
      topicsMax: 1_000,
      commandsPerSecond: 1_000,
      logMaxEvents: 100_000,
      logMaxAgeMs: 86_400_000,
      logCacheMaxBytes: 67_108_864,
      drainTimeoutMs: 10_000,
      tokenTtlS: 3_600,
      nornAllowedOrigins: [],
    });
    expect(config).not.toHaveProperty('redisUrl');
  });

  test('give every start a new node name and a new secret', () => {
    const [a, b] = [loadConfig({}), loadConfig({})];
    expect(a.node).toMatch(/^[\w.-]+-[\da-f]{6}$/);
    expect(a.node).not.toBe(b.node);
    expect(a.secretMade).toBe(true);
    expect(a.jwtSecret).toMatch(/^[\da-f]{64}$/);
    expect(a.jwtSecret).not.toBe(b.jwtSecret);
  });
});

describe('the environment and the file', () => {
  test('use the same names, with or without the prefix', () => {
    const config = fromFile('BELFRY_TOPICS_MAX: 5\nlog_level: debug');
    expect(config).toMatchObject({ topicsMax: 5, logLevel: 'debug' });
    expect(config.sources).toMatchObject({ topicsMax: 'file', logLevel: 'file', prefix: 'default' });
  });

  test('differ in rank: a variable overrides the file, unless the variable is empty', () => {
    const yaml = 'prefix: file\nnode: file';
    expect(fromFile(yaml, { BELFRY_PREFIX: 'env', BELFRY_NODE: '' })).toMatchObject({
      prefix: 'env',
      node: 'file',
    });
  });

  test('hold lists and structures as JSON and comma lists, or as plain YAML', async () => {
    const password = await hashPassword('wonderland');
    const users = [{ name: 'alice', password, roles: ['reader'], subscribe: ['a.*.*'] }];
    const roles = { reader: { subscribe: ['*.*.*'], publish: [] } };
    const env = loadConfig({
      BELFRY_USERS: JSON.stringify(users),
      BELFRY_ROLES: '{"reader":{"subscribe":["*.*.*"]}}',
    });
    const file = fromFile(
      `users:\n  - {name: alice, password: "${password}", roles: [reader], subscribe: [a.*.*]}\n` +
        'roles:\n  reader:\n    subscribe: ["*.*.*"]\nlisten: [0=drp, 0=norn]\n',
    );
    expect(env).toMatchObject({ users, roles });
    expect(file).toMatchObject({ users, roles });
    expect(file.listen.map(({ dialect }) => dialect)).toEqual(['drp', 'norn']);
  });

  test('may both use the name that Norn gave its setting', () => {
    const origins = ['https://a.example', 'https://b.example:8443'];
    const written = ' https://a.example ,https://b.example:8443,';
    expect(loadConfig({ NORN_ALLOWED_ORIGINS: written }).nornAllowedOrigins).toEqual(origins);
    expect(loadConfig({ BELFRY_NORN_ALLOWED_ORIGINS: written }).nornAllowedOrigins).toEqual(origins);
    expect(fromFile(`NORN_ALLOWED_ORIGINS: "${written}"`).nornAllowedOrigins).toEqual(origins);
    expect(fromFile(`norn_allowed_origins: "${written}"`).nornAllowedOrigins).toEqual(origins);
  });

  test('may not hold an unknown name, and the error says which known name is nearest', () => {
    expect(refusal({ BELFRY_REDIS_URI: 'x' })).toContain('BELFRY_REDIS_URI (environment) is not a setting');
    expect(refusal({ BELFRY_REDIS_URI: 'x' })).toContain('BELFRY_REDIS_URL');
    expect(fileRefusal('loglevel: info')).toContain(
      'loglevel (file) is not a setting. Nearest known: BELFRY_LOG_LEVEL',
    );
    expect(fileRefusal('constructor: 1')).toContain('constructor (file) is not a setting');
    expect(fileRefusal('belfry_config: x')).toContain('is not a setting');
  });

  test('may hold variables that are meant for other programs', () => {
    const service = {
      BELFRY_SERVICE_HOST: '10.0.0.1',
      BELFRY_SERVICE_PORT_DRP: '8092',
      BELFRY_PORT: 'tcp://10.0.0.1:80',
    };
    const redis = { BELFRY_REDIS_PORT_6379_TCP_ADDR: '10.0.0.2', BELFRY_REDIS_SERVICE_PORT: '6379' };
    const others = {
      BELFRY_TEST_REDIS: 'x',
      BELFRY_URL: 'x',
      BELFRY_TOKEN: 'x',
      BELFRY_CONTEXT: 'x',
      BELFRY_CONTEXTS: 'x',
      BELFRYX: 'x',
      PATH: '/bin',
    };
    expect(() => loadConfig({ ...service, ...redis, ...others })).not.toThrow();
    expect(refusal({ BELFRY_PORT: '8080' })).toContain('BELFRY_PORT');
  });

  test('may not give one setting under two names', () => {
    expect(fileRefusal('prefix: a\nBELFRY_PREFIX: b')).toContain('under two names');
    const both = { NORN_ALLOWED_ORIGINS: 'a', BELFRY_NORN_ALLOWED_ORIGINS: 'b' };
    expect(refusal(both)).toContain('under two names');
  });

  test('lead to an error that says what is wrong with the file and does not quote the file', () => {
    expect(refusal({ BELFRY_CONFIG: '/nowhere' })).toContain(
      'BELFRY_CONFIG (environment) cannot be read: ENOENT',
    );
    expect(fileRefusal('- a')).toContain('does not hold names with values');
    const message = fileRefusal(`jwt_secret: "${SECRET}" x\nprefix: y`);
    expect(message).toContain('cannot be read');
    expect(message).not.toContain(SECRET);
    expect(fromFile('')).toMatchObject({ prefix: 'belfry' });
  });
});

describe('a refusal of settings', () => {
  test('lists every wrong setting at once, with what is wrong and what is expected', () => {
    const message = refusal({
      BELFRY_QUEUE_MAX_BYTES: '1e9',
      BELFRY_LOG_LEVEL: 'loud',
      BELFRY_PREFIX: '{a}',
      BELFRY_REDIS_URL: 'http://localhost',
      BELFRY_NOD: 'x',
    });
    expect(message).toMatch(/^6 settings are wrong:\n/);
    expect(message).toContain(
      'BELFRY_QUEUE_MAX_BYTES (environment) is 1e9. Expected a whole number from 1024',
    );
    expect(message).toContain('BELFRY_LOG_LEVEL (environment) is not a level. Expected one of trace, debug');
    expect(message).toContain('BELFRY_PREFIX (environment) has the wrong form. Expected 1 to 50');
    expect(message).toContain(
      'BELFRY_REDIS_URL (environment) is not such an address. Expected a URL redis://',
    );
    expect(message).toContain('BELFRY_NOD (environment) is not a setting. Nearest known: BELFRY_NODE');
    expect(message).toContain('BELFRY_JWT_SECRET is missing');
  });

  test('of several workers without a Redis says why they need one', () => {
    const redis = 'redis://localhost';
    expect(refusal({ BELFRY_JWT_SECRET: SECRET, BELFRY_WORKERS: '2' })).toContain(
      'BELFRY_WORKERS is 2, but without a Redis the processes could not share their events. Expected BELFRY_REDIS_URL',
    );
    expect(loadConfig({ BELFRY_WORKERS: '1' }).workers).toBe(1);
    const shared = { BELFRY_JWT_SECRET: SECRET, BELFRY_WORKERS: '2', BELFRY_REDIS_URL: redis };
    expect(loadConfig(shared).workers).toBe(2);
  });

  test('of a shared port says what it needs', () => {
    const shared = { BELFRY_JWT_SECRET: SECRET, BELFRY_REUSE_PORT: 'on' };
    expect(refusal(shared)).toContain('BELFRY_REUSE_PORT is on, but without a Redis');
    expect(refusal({ ...shared, BELFRY_REDIS_URL: 'redis://localhost', BELFRY_WORKERS: '2' })).toContain(
      'BELFRY_REUSE_PORT is on, and BELFRY_WORKERS is 2. Expected one of the two',
    );
    const versions = ['20.19.0', '22.11.0', '22.12.0', '23.0.0', '23.1.0', '24.0.0'];
    expect(versions.filter(canReusePort)).toEqual(['22.12.0', '23.1.0', '24.0.0']);
  });

  test.each(['0', '65', 'all', '1.5'])('names the expected range for %s workers', (written) => {
    expect(refusal({ BELFRY_WORKERS: written })).toContain(
      `BELFRY_WORKERS (environment) is ${written}. Expected a whole number from 1 to 64, or auto`,
    );
  });

  test('asks for quotes where YAML reads a number', () => {
    expect(fileRefusal('jwt_secret: 12345678901234567890')).toContain(
      'is a number. Expected text (in quotes)',
    );
  });

  test.each(['-1', '1.5', '0x10', 'Infinity', ' 5', 'NaN'])(
    'names the expected range for the number %s',
    (written) => {
      expect(refusal({ BELFRY_TOPICS_MAX: written })).toContain('Expected a whole number from 1 to 100000');
    },
  );

  test.each(['-0.1', '1.1', '50%', '.5', 'NaN'])('names the expected range for the share %s', (written) => {
    expect(refusal({ BELFRY_TRACE_RATIO: written })).toContain('Expected a number from 0 to 1');
  });

  test('is the only error that nonsense in settings causes', () => {
    const names = describeConfig(loadConfig({})).map(({ name }) => name);
    const value = fc.oneof(fc.string(), fc.json(), fc.nat().map(String));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), (env) => {
        const error = thrownBy(() => loadConfig(env, noFile));
        expect(error === undefined || (error instanceof BelfryError && error.code === 'config_invalid')).toBe(
          true,
        );
      }),
    );
  });

  test('repeats no secret', () => {
    const secret = fc.stringMatching(/^[\w-]{12,15}$/);
    fc.assert(
      fc.property(secret, (word) => {
        const password = `{"name":"ann","password":"${word}"}`;
        const wrong = [
          { BELFRY_JWT_SECRET: word },
          { BELFRY_REDIS_URL: `http://user:${word}@localhost` },
          { BELFRY_REDIS_URL: word },
          { BELFRY_REDIS_URL: `redis+sentinel://user:${word}@localhost` },
          { BELFRY_REDIS_URL: `redis+cluster://localhost?password=${word}` },
          { BELFRY_USERS: `[${password}]` },
          { BELFRY_USERS: password },
          { BELFRY_USERS: `[${password}` },
          { BELFRY_TLS_KEY: `-----BEGIN PRIVATE KEY-----\n${word}` },
          { BELFRY_TLS_KEY: word },
          { BELFRY_JWT_PUBLIC_KEY: word },
          { BELFRY_JWKS_URL: `https://user:${word}@localhost` },
          { BELFRY_OTLP_HEADERS: word },
        ];
        for (const env of wrong) expect(refusal(env)).not.toContain(word);
      }),
      { numRuns: 10 },
    );
  });
});

test('auto is one worker for each core that the process may use, up to 64', () => {
  const env = { BELFRY_JWT_SECRET: SECRET, BELFRY_WORKERS: 'auto', BELFRY_REDIS_URL: 'redis://localhost' };
  const cores = Math.min(availableParallelism(), 64);
  expect(loadConfig(env).workers).toBe(cores);
  expect(fromFile('workers: auto', { ...env, BELFRY_WORKERS: '' }).workers).toBe(cores);
});

test('the names of all settings in the environment follow one rule', () => {
  expect(settingName('redisUrl')).toBe('BELFRY_REDIS_URL');
  expect(settingName('tokenTtlS')).toBe('BELFRY_TOKEN_TTL_S');
  expect(settingName('nornAllowedOrigins')).toBe('BELFRY_NORN_ALLOWED_ORIGINS');
});
