import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { bound } from '../../model/bound.ts';
import type { Clock } from '../../model/clock.ts';

const MAX_SILENT = bound(
  'TCP connections of a node that have never sent a complete head of a request',
  10_000,
  'entries',
  'the one that has been open for longest is closed',
);
const MAX_KEPT = bound(
  'HTTP connections of a node that are kept between requests',
  10_000,
  'entries',
  'the one that has been idle for longest is closed',
);

/**
 * The TCP connections of a node that speak HTTP, until they close or an upgrade turns them into sockets of the hub.
 * The number of connections without a request under way is bounded here; the HTTP server itself bounds their time.
 */
export class HttpConnections {
  readonly #silent: Idle;
  readonly #kept: Idle;
  readonly #answers = new Map<Socket, ServerResponse>();
  /**
   * The listener for the end of each connection. It is removed at an upgrade, since a socket of the hub must not hold
   * it.
   */
  readonly #ends = new Map<Socket, () => void>();
  #leaving = false;
  #onEmpty: () => void = () => {};

  constructor({ maxSilent = MAX_SILENT, maxKept = MAX_KEPT } = {}) {
    this.#silent = new Idle(maxSilent);
    this.#kept = new Idle(maxKept);
  }

  /** Watches the connections of a server. It must be called before the server gets any other listener. */
  watch(server: Server, tls: boolean): void {
    const opened = (socket: Socket): void => this.#opened(socket, socket);
    if (tls) {
      // Before the TLS handshake is over, another object stands for the same connection.
      server.on('connection', (socket: Socket) => this.#opened(peerOf(socket), socket));
      server.on('secureConnection', (socket: Socket) => {
        const raw = this.#silent.take(peerOf(socket));
        if (raw !== undefined) this.#listenNoMore(raw);
        opened(socket);
      });
    } else server.on('connection', opened);
    server.prependListener('request', (request, response) => this.#asked(request, response));
    server.prependListener('upgrade', ({ socket }: IncomingMessage) => {
      this.#listenNoMore(socket);
      this.forget(socket);
    });
  }

  /** Counts a connection whose first bytes are awaited before the server knows it, until {@link forget} or the server does. */
  wait(socket: Socket): void {
    this.#silent.add(socket, socket);
  }

  /** The connection has closed, or became a socket of the hub. */
  forget(socket: Socket): void {
    this.#silent.take(socket);
    this.#kept.take(socket);
    this.#answers.delete(socket);
    if (this.#isEmpty) this.#onEmpty();
  }

  /** The response under way on a connection. */
  answerOn(socket: Socket): ServerResponse | undefined {
    return this.#answers.get(socket);
  }

  /** From now on each response asks its client to use another connection for the next request. */
  leave(): void {
    this.#leaving = true;
    for (const response of this.#answers.values()) response.shouldKeepAlive = false;
  }

  /** Resolves once there are no connections, or after this time. */
  async empty(withinMs: number, clock: Clock): Promise<void> {
    if (this.#isEmpty || withinMs === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    const cancel = clock.after(withinMs, resolve);
    await promise;
    cancel();
  }

  get #isEmpty(): boolean {
    return this.#silent.size + this.#kept.size + this.#answers.size === 0;
  }

  #opened(key: Socket | string, socket: Socket): void {
    const end = (): void => {
      this.#ends.delete(socket);
      this.#silent.take(key);
      this.forget(socket);
    };
    this.#silent.add(key, socket);
    this.#ends.set(socket, end);
    socket.on('close', end);
  }

  #listenNoMore(socket: Socket): void {
    const end = this.#ends.get(socket);
    if (end !== undefined) socket.off('close', end);
    this.#ends.delete(socket);
  }

  #asked({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#silent.take(socket);
    this.#kept.take(socket);
    this.#answers.set(socket, response);
    if (this.#leaving) response.shouldKeepAlive = false;
    response.once('close', () => this.#answered(socket, response));
  }

  #answered(socket: Socket, response: ServerResponse): void {
    // A client that pipelines has sent its next request by now.
    if (this.#answers.get(socket) !== response) return;
    this.#answers.delete(socket);
    if (!socket.destroyed && response.shouldKeepAlive) this.#kept.add(socket, socket);
    else if (this.#isEmpty) this.#onEmpty();
  }
}

/** Connections that have no request under way. The one that has been idle for longest comes first. */
class Idle {
  readonly #max: number;
  readonly #sockets = new Map<Socket | string, Socket>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#sockets.size;
  }

  add(key: Socket | string, socket: Socket): void {
    this.#sockets.set(key, socket);
    if (this.#sockets.size <= this.#max) return;
    for (const [longest, idle] of this.#sockets) {
      this.#sockets.delete(longest);
      idle.destroy();
      break;
    }
  }

  take(key: Socket | string): Socket | undefined {
    const socket = this.#sockets.get(key);
    this.#sockets.delete(key);
    return socket;
  }
}

function peerOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}
