import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Credentials } from '../../../src/sources/kubernetes/access.ts';
import { ApiClient, type Ask } from '../../../src/sources/kubernetes/api-client.ts';
import { startHttpServer } from '../../support/http-server.ts';

function clientOf(url: string, credentials: Credentials = { headers: {}, tls: {} }): ApiClient {
  const client = new ApiClient({
    server: new URL(url),
    namespace: 'default',
    credentials: () => Promise.resolve(credentials),
    refused: () => undefined,
  });
  onTestFinished(() => client.close());
  return client;
}

const ask = (path = '/'): Ask => ({ what: 'list of pods', path, signal: new AbortController().signal });

describe('the client of an API server', () => {
  it('trusts the authority that it is given, and shows its certificate', async () => {
    const own = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 });
    const server = createServer(
      { cert: own.cert, key: own.private, ca: own.cert, requestCert: true, rejectUnauthorized: true },
      (request, response) => {
        const { subject } = (request.socket as TLSSocket).getPeerCertificate();
        response.end(JSON.stringify({ subject, path: request.url }));
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => server.close().closeAllConnections());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/clusters/one`;
    const tls = { ca: own.cert, cert: own.cert, key: own.private, servername: 'localhost' };
    expect(await clientOf(url, { headers: {}, tls }).get(ask('/api/v1/pods'))).toEqual({
      subject: { CN: 'localhost' },
      path: '/clusters/one/api/v1/pods',
    });
    const stranger = clientOf(url, { headers: {}, tls: { servername: 'localhost' } });
    await expect(stranger.get(ask())).rejects.toThrow(/cannot be reached for the list of pods: self-signed/);
  });

  it('reads lines however the network cuts them, also within a character', async () => {
    const text = Buffer.from('{"a":"ü€😀"}\n{"b":1}\n\n{"c":2}\n');
    const { url } = await startHttpServer((_, response) => {
      const step = (at: number): void => {
        if (at === text.length) return void response.end();
        response.write(text.subarray(at, at + 1), () => setImmediate(step, at + 1));
      };
      step(0);
    });
    const lines: unknown[] = [];
    for await (const line of clientOf(url).lines(ask())) lines.push(line);
    expect(lines).toEqual([{ a: 'ü€😀' }, { b: 1 }, { c: 2 }]);
  });

  it('refuses a line and an answer that are too large, before they fill the memory', async () => {
    const { url } = await startHttpServer((_, response) => {
      const more = (): void => {
        while (response.write('x'.repeat(1024 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    const client = clientOf(url);
    await expect(client.get(ask())).rejects.toThrow(/larger than 67108864 bytes.*--selector/);
    await expect(client.lines(ask()).next()).rejects.toThrow(/larger than 8388608 bytes/);
  });

  it('tells a server that is not there from one that refuses', async () => {
    const { url, server } = await startHttpServer((_, response) => response.writeHead(500).end('no etcd'));
    const client = clientOf(url);
    await expect(client.get(ask())).rejects.toMatchObject({
      status: 500,
      message: expect.stringMatching(/with 500: no etcd/) as string,
    });
    server.closeAllConnections();
    server.close();
    await expect(clientOf(url).get(ask())).rejects.toMatchObject({
      status: 0,
      message: expect.stringMatching(/ECONNREFUSED/) as string,
    });
  });

  it('ends a request when its signal is aborted', async () => {
    const { url } = await startHttpServer((_, response) => response.flushHeaders());
    const controller = new AbortController();
    const next = clientOf(url)
      .lines({ ...ask(), signal: controller.signal, accepted: () => controller.abort() })
      .next();
    await expect(next).rejects.toThrow(/cannot be reached/);
  });
});
