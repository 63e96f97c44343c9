import {
  createServer,
  request,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';

export interface HttpServer {
  /** The address of the server, `http://127.0.0.1:…`. */
  readonly url: string;
  readonly server: Server;
}

/** An HTTP server on a free port, which ends with the test. */
export async function startHttpServer(listener: RequestListener): Promise<HttpServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** Passes a request on to a port, as a proxy does, and the answer back, unless `isLost` says that it gets lost. */
export function passOn(
  port: number,
  incoming: IncomingMessage,
  response: ServerResponse,
  isLost: () => boolean = () => false,
): void {
  const { method, url: path, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    if (isLost()) return void response.destroy();
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  incoming.pipe(onward);
}

/** Passes an upgrade on to a port, and then the bytes of both sides. */
export function passUpgradeOn(port: number, incoming: IncomingMessage, socket: Duplex): void {
  const onward = request({ host: '127.0.0.1', port, path: incoming.url, headers: incoming.headers });
  onward.on('upgrade', (answer, far) => {
    const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${String(value)}`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join('\r\n')}\r\n\r\n`);
    far.on('error', () => undefined);
    far.pipe(socket).pipe(far);
    socket.on('close', () => far.destroy());
  });
  onward.on('error', () => socket.destroy());
  socket.on('error', () => undefined);
  onward.end();
}
