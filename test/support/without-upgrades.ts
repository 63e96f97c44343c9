import { request } from 'node:http';
import { passOn, startHttpServer } from './http-server.ts';

export interface WithoutUpgrades {
  readonly url: string;
  /** Lets upgrades through from now on. */
  readonly allow: () => void;
  /** Breaks every connection. */
  readonly cut: () => void;
}

/** A proxy before a node that answers HTTP, and passes upgrades on only when it is told to. */
export async function withoutUpgrades(nodeUrl: string): Promise<WithoutUpgrades> {
  let isAllowed = false;
  const port = Number(new URL(nodeUrl).port);
  const { url, server } = await startHttpServer((incoming, response) => passOn(port, incoming, response));
  server.on('upgrade', (incoming, socket) => {
    socket.on('error', () => undefined);
    if (!isAllowed) return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    const onward = request({ port, path: incoming.url, headers: incoming.headers });
    onward.on('upgrade', (answer, far) => {
      const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${String(value)}`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join('\r\n')}\r\n\r\n`);
      far.on('error', () => undefined);
      far.pipe(socket).pipe(far);
      socket.on('close', () => far.destroy());
    });
    onward.end();
  });
  return { url, allow: () => (isAllowed = true), cut: () => server.closeAllConnections() };
}
