import { describe, expect, it } from 'vitest';
import { parseRedisUrl, withoutPasswords } from '../../src/model/redis-url.ts';
import { thrownBy } from '../support/thrown.ts';

const host = (name: string, port: number) => ({ host: name, port });

describe('a Redis URL', () => {
  it.each(['redis://redis', 'rediss://user:p%40ss@redis:6379/2?connectTimeout=1', 'redis://user:a@b@redis'])(
    'of a single Redis is left to ioredis: %s',
    (url) => expect(parseRedisUrl(url)).toEqual({ kind: 'single', hosts: [host('redis', 6379)] }),
  );

  it('names Sentinels and the master to ask for', () => {
    const url =
      'redis+sentinel://ann:p%40ss@one:26379,two,[::1]:5/3?master=hub&sentinelUsername=bob&sentinelPassword=s%26t';
    expect(parseRedisUrl(url)).toEqual({
      kind: 'sentinel',
      hosts: [host('one', 26_379), host('two', 26_379), host('::1', 5)],
      tls: false,
      username: 'ann',
      password: 'p@ss',
      db: 3,
      master: 'hub',
      sentinel: { username: 'bob', password: 's&t' },
    });
  });

  it.each(['', '/'])('of Sentinels needs neither user nor database: "%s"', (path) => {
    expect(parseRedisUrl(`rediss+sentinel://one${path}?master=hub`)).toEqual({
      kind: 'sentinel',
      hosts: [host('one', 26_379)],
      tls: true,
      db: 0,
      master: 'hub',
      sentinel: {},
    });
  });

  it.each(['', '/', '/0'])('names servers of a Cluster, which has only the database 0: "%s"', (path) => {
    const hosts = [host('one', 7_000), host('two', 6_379)];
    const expected = { kind: 'cluster', hosts, password: 'x' };
    expect(parseRedisUrl(`redis+cluster://:x@one:7000,two${path}`)).toEqual({ ...expected, tls: false });
    expect(parseRedisUrl(`rediss+cluster://:x@one:7000,two${path}`)).toEqual({ ...expected, tls: true });
  });

  it.each([
    ['is not such an address', 'geheim'],
    ['is not such an address', 'redis:geheim'],
    ['is not such an address', 'redis://'],
    ['is not such an address', 'REDISS://geheim'],
    ['is not such an address', 'http://geheim'],
    ['is not such an address', 'redis+http://geheim'],
    ['is not such an address', 'redis+sentinel://user:geheim@?master=hub'],
    ['is not such an address', 'redis://geheim#geheim'],
    ['holds several hosts', 'redis://geheim,geheim'],
    ['holds a host that is not valid', 'redis+cluster://geheim,'],
    ['holds a host that is not valid', 'redis+cluster://geheim:port'],
    ['holds a host that is not valid', 'redis+cluster://geheim:65536'],
    ['holds a % in user or password that encodes nothing', 'redis+cluster://user:geheim%@host'],
    ['holds a path that is no number of a database', 'redis+sentinel://host/geheim?master=hub'],
    ['holds a parameter other than master, sentinelUsername', 'redis+sentinel://host?master=hub&geheim=1'],
    ['does not name the master', 'redis+sentinel://geheim'],
    ['does not name the master', 'redis+sentinel://geheim?master='],
    ['names a database, and a Redis Cluster has only 0', 'redis+cluster://geheim/1'],
    ['holds parameters', 'redis+cluster://host?password=geheim'],
  ])('that cannot be used is refused, and nothing of it repeated: it %s', (why, url) => {
    const refusal = thrownBy(() => parseRedisUrl(url));
    expect(refusal).toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^[^.]+\. Expected a URL redis:\/\/\[user/) as string,
    });
    expect(String(refusal)).toContain(why);
    expect(String(refusal)).not.toContain('geheim');
  });

  it.each([
    ['redis://localhost:6379', 'redis://localhost:6379'],
    ['redis://user@host', 'redis://user@host'],
    ['redis://host:host@host/0', 'redis://host:***@host/0'],
    ['rediss://:geheim@redis/2?password=geheim&db=1', 'rediss://:***@redis/2?password=***&db=1'],
    ['redis://redis?sentinelPassword=geheim', 'redis://redis?sentinelPassword=***'],
    ['redis://redis?p%61ssword=geheim&password=geheim', 'redis://redis?password=***'],
    [
      'rediss+sentinel://ann:geheim@one:1,[::1]/0?master=hub&sentinelUsername=bob&sentinelPassword=geheim',
      'rediss+sentinel://ann:***@one:1,[::1]/0?master=hub&sentinelUsername=bob&sentinelPassword=***',
    ],
    ['redis+cluster://:gehe$&im@one:1,two:2', 'redis+cluster://:***@one:1,two:2'],
    ['redis+cluster://a:geheim@geheim@one', 'redis+cluster://a:***@one'],
  ])('is shown without its passwords: %s', (url, shown) => expect(withoutPasswords(url)).toBe(shown));
});
