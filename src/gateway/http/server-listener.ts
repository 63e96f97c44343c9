import type { Server } from 'node:http';
import { Server as NetServer, type AddressInfo } from 'node:net';
import type { ListenerSpec } from './listener.ts';

/**
 * Opens the listener of a server, and resolves with its port. It rejects when the port cannot be opened. With `reusePort` other
 * processes may open the same one.
 */
export async function openListener(
  server: Server,
  { port, host }: Pick<ListenerSpec, 'port' | 'host'>,
  reusePort = false,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, reusePort }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Takes no new connections, and keeps those that there are, also those that wait for their next request: `close` of an HTTP server
 * would end these as well, and lose a request that is on its way.
 */
export function closeListener(server: Server): void {
  NetServer.prototype.close.call(server);
}

/**
 * Takes no new connections, closes those that have no request under way, and resolves when all have gone. It is no error if
 * the listener was closed before.
 */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}

/** Why these ports could not be opened, as one sentence, and what is expected. */
export function whyNotOpened(failures: readonly (readonly [port: number, error: unknown])[]): string {
  const codes = failures.map(
    ([port, error]) => [port, (error as NodeJS.ErrnoException).code ?? 'unknown reason'] as const,
  );
  const taken = codes.filter(([, code]) => code === 'EADDRINUSE').map(([port]) => port);
  const others = codes.filter(([, code]) => code !== 'EADDRINUSE');
  const parts = others.map(([port, code]) => `port ${port} cannot be opened (${code})`);
  if (taken.length === 1) parts.unshift(`port ${taken[0]} is taken`);
  if (taken.length > 1) parts.unshift(`ports ${taken.join(', ')} are taken`);
  return `The ${parts.join(', the ')}. Expected free ports, as in BELFRY_LISTEN=8801=native.`;
}
