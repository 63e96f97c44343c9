import { WebSocket } from 'ws';
import type { Asked, Hearer, Link } from './client.ts';

const PING_EVERY_MS = 2_000;
/** After so long a silence of its node, a client goes to another one. */
const SILENCE_MS = 5_000;

interface Frame {
  readonly id?: string;
  /** How far the client was given the log, if it has several shards. */
  readonly position?: string;
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly object: { n: number; cursor: string; from: string; to: string; reason: string };
}

/** A connection by a socket of the native protocol. */
export function openSocket(url: string, { token, pattern, since }: Asked, hearer: Hearer): Link {
  const ws = new WebSocket(`${url.replace(/^http/, 'ws')}/native/ws`, {
    headers: { Authorization: `Bearer ${token}` },
    handshakeTimeout: SILENCE_MS,
    perMessageDeflate: false,
  });
  let heardAt = performance.now();
  const pinging = setInterval(() => {
    if (performance.now() - heardAt > SILENCE_MS) ws.terminate();
    else if (ws.readyState === WebSocket.OPEN) ws.send('{"command":"ping"}');
  }, PING_EVERY_MS);
  ws.on('open', () => ws.send(JSON.stringify({ id: 's', command: 'subscribe', patterns: [pattern], since })));
  ws.on('message', (data: Buffer) => {
    heardAt = performance.now();
    const { id, position = id, type, action, key, object } = JSON.parse(data.toString()) as Frame;
    if (type !== 'belfry') hearer.heard({ id, key, n: object.n }, position);
    else if (action === 'gap') hearer.gap(object);
    else if (action === 'subscribe') hearer.begun(object.cursor);
    // The log cannot be read now, so the subscription has not begun. The client tries again on a new connection.
    else if (action === 'error') ws.terminate();
  });
  ws.on('error', () => undefined);
  const closed = new Promise<number>((resolve) => {
    ws.on('close', (code: number) => {
      clearInterval(pinging);
      resolve(code);
    });
  });
  return { closed, close: () => ws.close(1000), cut: () => ws.terminate() };
}
