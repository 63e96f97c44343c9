import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RejectedInput } from '../../telemetry/rejected-input.ts';
import type { HttpConnections } from '../http/http-connections.ts';
import { handshakeIn } from './handshake-form.ts';
import { HandshakeRequest } from './handshake-request.ts';
import { PlainConnections, type PlainConnectionsOptions } from './plain-connections.ts';
import { give, release, type SocketOwner } from './socket-owner.ts';

export interface FirstBytesOptions extends Pick<PlainConnectionsOptions, 'find' | 'keepAliveMs'> {
  readonly connections: Pick<HttpConnections, 'wait' | 'forget' | 'asked' | 'answered'>;
  readonly rejected: RejectedInput;
  /** The time for the first byte. */
  readonly headMs: number;
  /** How often to look for connections that have exceeded their time. */
  readonly lookEveryMs: number;
  readonly upgrade: (handshake: HandshakeRequest) => void;
}

/**
 * Looks at the first bytes of each connection of an HTTP server before the server does. A plain handshake goes to the hub at
 * once, and a plain publish to its handler, since Node's objects for a request, its parser and its response cost half as much
 * as the rest of a publish, and several times as much as the rest of an upgrade. Everything else goes to the server as if nobody
 * had looked at it.
 */
export class FirstBytes implements SocketOwner {
  readonly #options: FirstBytesOptions;
  /** What the server itself does with a connection. */
  readonly #serve: (socket: Duplex) => void;
  /** The connections that have sent nothing, with the time since when. */
  readonly #silent = new Map<Duplex, number>();
  readonly #plain: PlainConnections;
  readonly #look: NodeJS.Timeout;

  constructor(server: Server, options: FirstBytesOptions) {
    const listeners = server.listeners('connection') as ((socket: Duplex) => void)[];
    this.#options = options;
    this.#serve = (socket) => {
      for (const listener of listeners) listener.call(server, socket);
    };
    this.#plain = new PlainConnections({
      ...options,
      handOver: (bytes, socket) => this.#handOver(bytes, socket),
    });
    server.removeAllListeners('connection');
    server.on('connection', (socket) => this.#wait(socket));
    this.#look = setInterval(() => {
      this.#closeSilent();
      this.#plain.closeIdle();
    }, options.lookEveryMs).unref();
    server.once('close', () => clearInterval(this.#look));
  }

  /** Closes the connections without a request that the server does not know. */
  stop(): void {
    this.#plain.stop();
    for (const socket of this.#silent.keys()) socket.destroy();
  }

  onData(chunk: Buffer, socket: Duplex): void {
    this.#silent.delete(socket);
    const handshake = handshakeIn(chunk);
    if (handshake === undefined) {
      if (!this.#plain.take(chunk, socket as Socket)) this.#handOver(chunk, socket);
      return;
    }
    const { connections, upgrade } = this.#options;
    connections.forget(socket as Socket);
    upgrade(new HandshakeRequest(handshake, socket as Socket, socket));
  }

  onEnd(socket: Duplex): void {
    socket.end();
  }

  onError(): void {
    // A client that has sent nothing waits for no answer. The socket closes by itself.
  }

  onClose(socket: Duplex): void {
    this.#silent.delete(socket);
    this.#options.connections.forget(socket as Socket);
  }

  #wait(socket: Socket): void {
    this.#silent.set(socket, performance.now());
    this.#options.connections.wait(socket);
    give(socket, this);
  }

  #handOver(chunk: Buffer, socket: Duplex): void {
    release(socket);
    socket.unshift(chunk);
    this.#serve(socket);
    socket.resume();
  }

  #closeSilent(): void {
    const { headMs, rejected } = this.#options;
    const before = performance.now() - headMs;
    for (const [socket, since] of this.#silent) {
      if (since > before) return;
      rejected.report('http', 'request_invalid');
      socket.destroy();
    }
  }
}
