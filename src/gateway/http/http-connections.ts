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

/** What is known of an answer under way, whoever writes it. */
interface Answer {
  shouldKeepAlive: boolean;
  readonly headersSent: boolean;
}

/** A TCP connection that speaks HTTP. It is in the list of those that are silent or of those that are kept, or in neither. */
interface Connection {
  readonly socket: Socket;
  /** The listener for its end. It is removed at an upgrade, since a socket of the hub must not hold it. */
  ended: (() => void) | undefined;
  /** The response under way. */
  response: Answer | undefined;
  list: IdleList | undefined;
  before: Connection | undefined;
  after: Connection | undefined;
}

/**
 * The TCP connections of a node that speak HTTP, until they close or an upgrade turns them into sockets of the hub.
 * The number of connections without a request under way is bounded here; the HTTP server itself bounds their time.
 *
 * What changes with each request are fields of objects that live as long as the connection. In a map that changes so often,
 * V8 would make a new table again and again, and each discarded one would keep the responses of its time alive.
 */
export class HttpConnections {
  readonly #silent: IdleList;
  readonly #kept: IdleList;
  readonly #connections = new Map<Socket, Connection>();
  /** Connections of which the TLS handshake is not over. Until then another object stands for the same connection. */
  readonly #handshakes = new Map<string, Socket>();
  readonly #closed: (this: ServerResponse) => void;
  #underWay = 0;
  #leaving = false;
  #onEmpty: () => void = () => {};

  constructor({ maxSilent = MAX_SILENT, maxKept = MAX_KEPT } = {}) {
    this.#silent = new IdleList(maxSilent);
    this.#kept = new IdleList(maxKept);
    const answered = (response: ServerResponse): void => this.answered(response.req.socket, response);
    this.#closed = function closed() {
      answered(this);
    };
  }

  /** Watches the connections of a server. It must be called before the server gets any other listener. */
  watch(server: Server, tls: boolean): void {
    const opened = (socket: Socket): void => this.#opened(socket);
    if (tls) {
      server.on('connection', (socket: Socket) => {
        const peer = peerOf(socket);
        this.#handshakes.set(peer, socket);
        this.#opened(socket, () => this.#handshakes.get(peer) === socket && this.#handshakes.delete(peer));
      });
      server.on('secureConnection', (socket: Socket) => {
        const raw = this.#handshakes.get(peerOf(socket));
        this.#handshakes.delete(peerOf(socket));
        if (raw !== undefined) this.#watchNoMore(raw);
        opened(socket);
      });
    } else server.on('connection', opened);
    server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.asked(socket, response);
      response.on('close', this.#closed);
    });
    server.prependListener('upgrade', ({ socket }: IncomingMessage) => this.forget(socket));
  }

  /** Counts a connection whose first bytes are awaited before the server knows it, until {@link forget} or the server does. */
  wait(socket: Socket): void {
    this.#add(socket);
  }

  /** The connection has closed, or became a socket of the hub. */
  forget(socket: Socket): void {
    this.#watchNoMore(socket);
    this.#tellIfEmpty();
  }

  /**
   * A request has begun on the connection. It is not to be served, and {@link answerOn} does not tell of it, after an answer
   * that says or will say that it is the last (RFC 9112, 9.6): the client could never learn the result.
   */
  asked(socket: Socket, response: Answer): void {
    if (this.#leaving) response.shouldKeepAlive = false;
    const connection = this.#connections.get(socket);
    if (connection === undefined || connection.response?.shouldKeepAlive === false || !socket.writable)
      return;
    connection.list?.remove(connection);
    this.#setResponse(connection, response);
  }

  /** The request has got its answer, or no answer will come any more. */
  answered(socket: Socket, response: Answer): void {
    const connection = this.#connections.get(socket);
    // A client that pipelines has sent its next request by now.
    if (connection?.response !== response) return;
    this.#setResponse(connection, undefined);
    if (!socket.destroyed && response.shouldKeepAlive) this.#kept.add(connection);
    else this.#tellIfEmpty();
  }

  /** The response under way on a connection. */
  answerOn(socket: Socket): Answer | undefined {
    return this.#connections.get(socket)?.response;
  }

  /** From now on each response asks its client to use another connection for the next request. */
  leave(): void {
    this.#leaving = true;
    for (const { response } of this.#connections.values())
      if (response !== undefined) response.shouldKeepAlive = false;
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
    return this.#silent.size + this.#kept.size + this.#underWay === 0;
  }

  #tellIfEmpty(): void {
    if (this.#isEmpty) this.#onEmpty();
  }

  #opened(socket: Socket, alsoAtEnd: () => void = () => {}): void {
    const ended = (): void => {
      alsoAtEnd();
      this.forget(socket);
    };
    const connection = this.#connections.get(socket) ?? this.#add(socket);
    connection.ended = ended;
    socket.on('close', ended);
  }

  #add(socket: Socket): Connection {
    const idle = { list: undefined, before: undefined, after: undefined };
    const connection = { socket, ended: undefined, response: undefined, ...idle };
    this.#connections.set(socket, connection);
    this.#silent.add(connection);
    return connection;
  }

  #watchNoMore(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    if (connection.ended !== undefined) socket.off('close', connection.ended);
    this.#connections.delete(socket);
    connection.list?.remove(connection);
    this.#setResponse(connection, undefined);
  }

  #setResponse(connection: Connection, response: Answer | undefined): void {
    if (connection.response !== undefined) this.#underWay--;
    if (response !== undefined) this.#underWay++;
    connection.response = response;
  }
}

/** Connections that have no request under way. The one that has been idle for longest comes first. */
class IdleList {
  readonly #max: number;
  #size = 0;
  #first: Connection | undefined;
  #last: Connection | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  add(connection: Connection): void {
    connection.list = this;
    connection.before = this.#last;
    if (this.#last === undefined) this.#first = connection;
    else this.#last.after = connection;
    this.#last = connection;
    if (++this.#size <= this.#max || this.#first === undefined) return;
    const longest = this.#first;
    this.remove(longest);
    longest.socket.destroy();
  }

  remove(connection: Connection): void {
    const { before, after } = connection;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    connection.list = undefined;
    connection.before = undefined;
    connection.after = undefined;
    this.#size--;
  }
}

function peerOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}
