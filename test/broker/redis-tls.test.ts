import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { certificate } from '../../src/gateway/http/certificate.ts';
import { clusterArguments, tell } from '../support/redis-groups.ts';
import { HAS_REDIS_SERVER, startRedisServer } from '../support/redis.ts';
import { RedisWorld } from './redis-world.ts';

/** Long enough to learn why a start is refused. */
const BRIEF = { connectTimeoutMs: 2_000 };

/**
 * A Cluster of one server, which tells its clients to connect by TLS. It met no other server, and so does not know
 * its own address.
 */
async function tlsCluster() {
  const { key, cert } = await certificate({});
  const ends = { tls: 0, plain: 0 };
  const proxy = createServer({ key, cert }, (client) => {
    const redis = connect(ends.plain, '127.0.0.1');
    client.on('error', () => redis.destroy());
    redis.on('error', () => client.destroy());
    client.pipe(redis).pipe(client);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  ends.tls = (proxy.address() as AddressInfo).port;
  const announced = ['--cluster-announce-port', `${ends.tls}`];
  const server = await startRedisServer({ args: [...announced, ...(await clusterArguments())] });
  ends.plain = server.port;
  await tell(server, 'CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
  await expect.poll(() => tell(server, 'CLUSTER', 'INFO'), { timeout: 10_000 }).toContain('cluster_state:ok');
  return { server, cert, host: `127.0.0.1:${ends.tls}` };
}

/** The path of a fixture file. */
async function fileOf(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'belfry-tls-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'ca.pem'), text);
  return join(directory, 'ca.pem');
}

describe.skipIf(!HAS_REDIS_SERVER)(
  'rediss+cluster:// (needs a redis-server on the PATH)',
  { timeout: 60_000 },
  () => {
    it('uses TLS with the master and with the servers that name it, and checks their certificates', async () => {
      const { server, cert, host } = await tlsCluster();
      const world = new RedisWorld(`rediss+cluster://${host}`, server.url);
      const trust = { NODE_EXTRA_CA_CERTS: await fileOf(cert) };
      expect(await world.shortLife({ env: trust })).toBe('stopped');
      expect(await world.redis.exists(world.log)).toBe(1);
      expect(await world.shortLife(BRIEF)).toMatch(/^unavailable: .*self-signed certificate/);
      const plain = new RedisWorld(`redis+cluster://${host}`, server.url);
      expect(await plain.shortLife({ ...BRIEF, env: trust })).toMatch(
        /^unavailable: .*nobody knows the master/,
      );
    });

    it('sends its password to every server', async () => {
      const { server, cert, host } = await tlsCluster();
      await tell(server, 'CONFIG', 'SET', 'requirepass', 'p@ss');
      const trust = { NODE_EXTRA_CA_CERTS: await fileOf(cert) };
      const [right, wrong] = ['p%40ss', 'other'].map(
        (password) => new RedisWorld(`rediss+cluster://:${password}@${host}`, server.url),
      );
      expect(await right?.shortLife({ env: trust })).toBe('stopped');
      expect(await wrong?.shortLife({ ...BRIEF, env: trust })).toMatch(/^unavailable: .*WRONGPASS/);
    });
  },
);
