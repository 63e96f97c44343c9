import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createServer, connect } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { certificate } from '../../src/gateway/http/certificate.ts';

const DAY_MS = 24 * 60 * 60_000;

test('the configured certificate is used unchanged', async () => {
  expect(await certificate({ tlsKey: 'key', tlsCert: 'cert' })).toEqual({
    key: 'key',
    cert: 'cert',
    made: false,
  });
});

test('a certificate that the node makes names this host, ends in a year and fits its key', async () => {
  const { key, cert, made } = await certificate({});
  const parsed = new X509Certificate(cert);
  expect(made).toBe(true);
  expect(parsed.subject).toBe('CN=belfry');
  for (const name of ['localhost', hostname()]) expect(parsed.checkHost(name)).toBe(name);
  expect([parsed.checkIP('127.0.0.1'), parsed.checkIP('::1')]).toEqual(['127.0.0.1', '::1']);
  expect(parsed.checkHost('example.com')).toBeUndefined();
  expect(parsed.ca).toBe(false);
  const days = (Date.parse(parsed.validTo) - Date.now()) / DAY_MS;
  expect(days).toBeGreaterThan(363);
  expect(days).toBeLessThan(367);
  expect(parsed.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
});

test('a certificate that the node makes opens TLS to a client that trusts it', async () => {
  const { key, cert } = await certificate({});
  const server = createServer({ key, cert }, (socket) => socket.end('in'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const heard = await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: cert });
    socket.once('data', (data: Buffer) => resolve(data.toString())).once('error', reject);
  });
  await new Promise((resolve) => server.close(resolve));
  expect(heard).toBe('in');
});
