import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

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
  const server = createServer((incoming, response) => {
    const { method, url: path, headers } = incoming;
    const onward = request({ port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, allow: () => (isAllowed = true), cut: () => server.closeAllConnections() };
}
