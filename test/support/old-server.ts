import { WebSocketServer } from 'ws';
import { startHttpServer } from './http-server.ts';

/** A stand-in for the server of a system from which somebody migrates: its sockets, and an API that says whose it is. */
export interface OldServer {
  readonly url: string;
  /** The paths of the sockets that are open now. */
  readonly open: () => string[];
  readonly broadcast: (frame: string) => void;
}

/** Starts it with the paths at which the system has sockets. `answer` is what a socket says to a message. */
export async function startOldServer(
  paths: readonly string[],
  answer: (message: string) => string | undefined = () => undefined,
): Promise<OldServer> {
  const sockets = new WebSocketServer({ noServer: true });
  const open = new Map<object, string>();
  const { url, server } = await startHttpServer((_incoming, response) => void response.end('the old server'));
  server.on('upgrade', (incoming, socket, head) => {
    socket.on('error', () => undefined);
    const { pathname } = new URL(incoming.url ?? '', url);
    if (!paths.includes(pathname))
      return void socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    sockets.handleUpgrade(incoming, socket, head, (ws) => {
      open.set(ws, pathname);
      ws.on('close', () => open.delete(ws));
      ws.on('message', (data: Buffer) => {
        const said = answer(data.toString());
        if (said !== undefined) ws.send(said);
      });
      ws.on('error', () => undefined);
    });
  });
  return {
    url,
    open: () => [...open.values()],
    broadcast: (frame) => {
      for (const ws of sockets.clients) ws.send(frame);
    },
  };
}
