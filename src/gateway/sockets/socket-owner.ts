import type { Duplex } from 'node:stream';

/** Who is told what happens to a raw socket. */
export interface SocketOwner {
  onData(chunk: Buffer, socket: Duplex): void;
  /** The client has sent all that it will send. */
  onEnd(socket: Duplex): void;
  /** The socket failed, and closes. */
  onError(error: Error, socket: Duplex): void;
  onClose(socket: Duplex): void;
}

const OWNER = Symbol('owner');

interface OwnedSocket extends Duplex {
  [OWNER]?: SocketOwner;
}

/**
 * Gives a socket to an owner, from one before or from nobody. All sockets share their listeners: closures for each socket
 * would take as much memory as everything else that the hub keeps for a connection. The socket begins to read.
 */
export function give(socket: Duplex, owner: SocketOwner): void {
  const owned: OwnedSocket = socket;
  const isNew = owned[OWNER] === undefined;
  owned[OWNER] = owner;
  if (!isNew) return;
  socket.on('close', onClose);
  socket.on('error', onError);
  socket.on('end', onEnd);
  socket.on('data', onData);
}

/** Takes a socket from its owner. The socket is paused, and what it reads waits in it for whoever listens next. */
export function release(socket: Duplex): void {
  delete (socket as OwnedSocket)[OWNER];
  socket.pause();
  socket.off('close', onClose);
  socket.off('error', onError);
  socket.off('end', onEnd);
  socket.off('data', onData);
}

function onData(this: OwnedSocket, chunk: Buffer): void {
  this[OWNER]?.onData(chunk, this);
}

function onEnd(this: OwnedSocket): void {
  this[OWNER]?.onEnd(this);
}

function onError(this: OwnedSocket, error: Error): void {
  this[OWNER]?.onError(error, this);
}

function onClose(this: OwnedSocket): void {
  this[OWNER]?.onClose(this);
}
