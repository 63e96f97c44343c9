import { passOn, passUpgradeOn, startHttpServer } from './http-server.ts';

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
    if (isAllowed) passUpgradeOn(port, incoming, socket);
    else socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n').on('error', () => undefined);
  });
  return { url, allow: () => (isAllowed = true), cut: () => server.closeAllConnections() };
}
