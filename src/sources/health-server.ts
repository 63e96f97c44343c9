import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { CommandError } from '../clients/cli/errors.ts';
import type { ListenAddress } from './options.ts';
import type { PartsHealth } from './health.ts';

export interface HealthServer {
  readonly port: number;
  close(): void;
}

/** Serves /healthz, /readyz and /metrics of one source. @throws CommandError where nothing can listen there */
export async function startHealthServer(
  { host, port }: ListenAddress,
  health: Pick<PartsHealth, 'isReady' | 'reasons'>,
  metrics: Registry,
): Promise<HealthServer> {
  const server = createServer((request, response) => void answer(request, response, health, metrics));
  server.listen({ port, ...(host !== undefined && { host }) });
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new CommandError(
      'usage',
      `${host ?? ''}:${port} cannot be listened at: ${(cause as Error).message}.`,
      {
        cause,
      },
    );
  }
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
  health: Pick<PartsHealth, 'isReady' | 'reasons'>,
  metrics: Registry,
): Promise<void> {
  const isRead = method === 'GET' || method === 'HEAD';
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
  };
  const [path] = url.split('?');
  if (isRead && path === '/healthz') return send(200, 'application/json', '{"ok":true}');
  if (isRead && path === '/readyz') {
    const { isReady, reasons } = health;
    return send(isReady ? 200 : 503, 'application/json', JSON.stringify({ ready: isReady, behind: reasons }));
  }
  if (isRead && path === '/metrics') return send(200, metrics.contentType, await metrics.metrics());
  send(404, 'text/plain', 'Expected GET /healthz, /readyz or /metrics.\n');
}
