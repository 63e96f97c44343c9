import type { Socket } from 'node:net';
import { bound } from '../../model/bound.ts';
import type { HttpRequest, Serve } from '../http/exchange.ts';
import { plainRequestIn } from '../http/plain-request.ts';
import type { HttpConnections } from '../http/http-connections.ts';
import { keepAliveLines } from '../http/plain-response.ts';
import type { RejectedInput } from '../../telemetry/rejected-input.ts';
import { PlainConnection, type PlainBytes, type PlainConnectionParts } from './plain-connection.ts';
import { give } from './socket-owner.ts';

const REST_MS = bound(
  'time for the rest of a publish that is read without the HTTP parser of Node',
  100,
  'ms',
  'it takes the longer way through that parser, which then measures its time',
);
/** Node keeps a connection for this much longer than it tells the client, which may be about to send its next request. */
const KEPT_LONGER_MS = bound(
  'time for which an idle HTTP connection is kept beyond BELFRY_KEEP_ALIVE_MS',
  1_000,
  'ms',
  'the connection is closed',
);

export interface PlainConnectionsOptions {
  readonly connections: Pick<HttpConnections, 'asked' | 'answered' | 'forget'>;
  /** What serves a request, or `undefined` where only the HTTP server can. */
  readonly find: (request: Pick<HttpRequest, 'method' | 'url'>) => Serve | undefined;
  /** How long a connection is kept open between two requests. */
  readonly keepAliveMs: number;
  /** Gives a socket to the HTTP server, with bytes that it has not seen. */
  readonly handOver: (bytes: Buffer, socket: Socket) => void;
  readonly rejected: Pick<RejectedInput, 'report'>;
}

/** The connections of one listener on which every request so far was plain. */
export class PlainConnections {
  readonly #options: PlainConnectionsOptions;
  readonly #parts: PlainConnectionParts;
  readonly #open = new Set<PlainConnection>();
  /** Runs while a connection waits for the rest of a request. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PlainConnectionsOptions) {
    this.#options = options;
    this.#parts = {
      connections: options.connections,
      read: (bytes, socket) => this.#read(bytes, socket),
      keptLines: keepAliveLines(options.keepAliveMs),
      handOver: (bytes, connection) => {
        this.#open.delete(connection);
        options.handOver(bytes, connection.socket);
      },
      receiving: () => (this.#timer ??= setTimeout(() => this.#lookForRests(), REST_MS).unref()),
      closed: (connection, isWithin) => {
        this.#open.delete(connection);
        // The HTTP server, too, counts a request whose client leaves in the middle of it.
        if (isWithin) options.rejected.report('http', 'request_invalid');
        options.connections.forget(connection.socket);
      },
    };
  }

  /** Takes a connection whose first bytes are a plain request. The result says whether they are. */
  take(bytes: Buffer, socket: Socket): boolean {
    const plain = this.#read(bytes, socket);
    if (plain === undefined) return false;
    const connection = new PlainConnection(socket, this.#parts);
    this.#open.add(connection);
    give(socket, connection);
    connection.begin(plain, bytes);
    return true;
  }

  /** Closes the connections that have been idle for too long. */
  closeIdle(): void {
    const maxMs = this.#options.keepAliveMs + KEPT_LONGER_MS;
    this.#forEachThatWaits('request', maxMs, (connection) => connection.destroy());
  }

  /** Closes the connections without a request. The HTTP server, which is about to close, waits for the others. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#forEachThatWaits('request', 0, (connection) => connection.destroy());
    this.#forEachThatWaits('rest', 0, (connection) => connection.handOver());
  }

  #read(bytes: Buffer, socket: Socket): PlainBytes | undefined {
    const request = plainRequestIn(bytes, socket);
    const serve = request && this.#options.find(request);
    return serve && { request, serve };
  }

  /** The HTTP server knows all about requests that come slowly. */
  #lookForRests(): void {
    this.#timer = undefined;
    this.#forEachThatWaits('rest', REST_MS, (connection) => connection.handOver());
    if ([...this.#open].some((connection) => connection.waitedMs(0)?.for === 'rest')) this.#parts.receiving();
  }

  #forEachThatWaits(what: 'request' | 'rest', ms: number, act: (connection: PlainConnection) => void): void {
    const now = performance.now();
    for (const connection of this.#open) {
      const waited = connection.waitedMs(now);
      if (waited?.for === what && waited.ms >= ms) act(connection);
    }
  }
}
