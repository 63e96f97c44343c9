import { passOn, passUpgradeOn, startHttpServer } from './http-server.ts';

/**
 * A proxy that serves a node below a path such as `/hub`, and takes the path away before it passes a request or an upgrade on.
 * Its URL ends with the path. Anything else gets 404.
 */
export async function startSubpathProxy(path: string, nodeUrl: string): Promise<string> {
  const port = Number(new URL(nodeUrl).port);
  const below = (target = ''): string | undefined =>
    target.startsWith(`${path}/`) ? target.slice(path.length) : undefined;
  const { url, server } = await startHttpServer((incoming, response) => {
    const target = below(incoming.url);
    if (target === undefined) return void response.writeHead(404).end();
    incoming.url = target;
    passOn(port, incoming, response);
  });
  server.on('upgrade', (incoming, socket) => {
    const target = below(incoming.url);
    if (target === undefined) return socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    incoming.url = target;
    passUpgradeOn(port, incoming, socket);
  });
  return url + path;
}
