import { randomUUID } from 'node:crypto';
import { io, type Socket } from 'socket.io-client';
import type { Show, TokenOf } from './tasks.ts';

export const REMARKS = {
  listen: 'and code of your server',
  renew: 'with a break',
  publish: 'and code of your server',
  resume: 'by itself for two minutes, with some adapters',
  latest: 'code of your server',
  history: 'code of your server',
  tabs: 'no',
  test: 'no',
};

export function listen(url: string, token: TokenOf, show: Show): Socket {
  const socket = io(url, {
    auth: (give) => {
      void token().then((each) => give({ token: each }));
    },
  });
  socket.on('connect', () => socket.emit('join', 'deploy:myapp'));
  socket.on('deploy', show);
  return socket;
}

export function gap(socket: Socket, reload: () => void): void {
  socket.on('connect', () => {
    if (!socket.recovered) reload();
  });
}

/** A token is only given when a connection begins. */
export function renew(socket: Socket, lifetimeMs: number): void {
  setInterval(() => socket.disconnect().connect(), lifetimeMs * 0.8);
}

/** The server drops a repetition by its id. */
export async function publish(url: string): Promise<string> {
  const socket = io(url, { retries: 3, ackTimeout: 10_000 });
  return (await socket.emitWithAck('publish', { id: randomUUID(), by: 'ada' })) as string;
}

export function state(socket: Socket, show: Show): void {
  socket.on('connect', () => show('open'));
  socket.on('disconnect', (reason) => show(reason));
  socket.on('connect_error', ({ message }) => show(message));
  socket.io.on('reconnect_attempt', (attempt) => show(attempt));
}
