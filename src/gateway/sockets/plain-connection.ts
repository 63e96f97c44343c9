import type { Socket } from 'node:net';
import type { Serve } from '../http/exchange.ts';
import type { HttpConnections } from '../http/http-connections.ts';
import type { PlainRequest } from '../http/plain-request.ts';
import { PlainResponse, type AnswerSender } from '../http/plain-response.ts';
import type { SocketOwner } from './socket-owner.ts';

/** A plain request that was found in some bytes, perhaps without all of its body. */
export interface PlainBytes {
  readonly request: PlainRequest;
  readonly serve: Serve;
}

interface Exchange extends PlainBytes {
  readonly response: PlainResponse;
}

export interface PlainConnectionParts {
  readonly connections: Pick<HttpConnections, 'asked' | 'answered'>;
  readonly read: (bytes: Buffer, socket: Socket) => PlainBytes | undefined;
  /** The lines of an answer after which the connection is kept. */
  readonly keptLines: string;
  /** Gives the socket to the HTTP server, for good, with bytes that it has not seen. */
  readonly handOver: (bytes: Buffer, connection: PlainConnection) => void;
  /** Is told of a connection that waits for the rest of a request. */
  readonly receiving: () => void;
  /** Is told of a connection that has closed, perhaps within a request. */
  readonly closed: (connection: PlainConnection, isWithin: boolean) => void;
}

/**
 * A connection on which every request so far was plain. Its requests are served one after the other. As soon as anything else
 * arrives, the HTTP server gets the connection as if nobody had looked at it before; what arrives before an answer goes there
 * after the answer.
 */
export class PlainConnection implements SocketOwner, AnswerSender {
  readonly socket: Socket;
  readonly #parts: PlainConnectionParts;
  #exchange: Exchange | undefined;
  #isAnswering = false;
  /** The parts of the request that is being received, or what came before the answer to it. */
  #chunks: Buffer[] = [];
  #received = 0;
  /** Since when the connection is idle, or receives a request. */
  #since = performance.now();

  constructor(socket: Socket, parts: PlainConnectionParts) {
    this.socket = socket;
    this.#parts = parts;
  }

  /** For how long it has waited for a request, or for the rest of one; `undefined` while it answers one. */
  waitedMs(now: number): { readonly for: 'request' | 'rest'; readonly ms: number } | undefined {
    if (this.#isAnswering) return undefined;
    return { for: this.#exchange === undefined ? 'request' : 'rest', ms: now - this.#since };
  }

  /** Serves the request that these bytes hold, once it is there as a whole. */
  begin({ request, serve }: PlainBytes, bytes: Buffer): void {
    const response = new PlainResponse(this, this.#parts.keptLines);
    this.#exchange = { request, response, serve };
    this.#parts.connections.asked(this.socket, response);
    if (bytes.length === request.length) this.#serve(bytes);
    else this.#receive(bytes);
  }

  /** Gives what it has received of a request to the HTTP server. */
  handOver(): void {
    this.#parts.handOver(Buffer.concat(this.#chunks), this);
  }

  onData(chunk: Buffer): void {
    if (this.#isAnswering) this.#hold(chunk);
    else if (this.#exchange !== undefined) this.#goOn(chunk, this.#exchange.request.length);
    else this.#read(chunk);
  }

  onEnd(): void {
    // The HTTP server, too, answers nothing to a client that has ended its half of the connection.
    if (this.#isAnswering || this.#exchange === undefined) this.socket.end();
    else this.socket.destroy();
  }

  onError(): void {
    // The socket closes by itself.
  }

  onClose(): void {
    const isWithin = this.#exchange !== undefined && !this.#isAnswering;
    this.#parts.closed(this, isWithin);
  }

  send(head: string, body: Buffer | undefined): void {
    const { socket } = this;
    const response = this.#exchange?.response;
    this.#exchange = undefined;
    this.#isAnswering = false;
    if (response === undefined || !socket.writable) return;
    if (body === undefined) socket.write(head, 'latin1');
    else socket.write(Buffer.concat([Buffer.from(head, 'latin1'), body]));
    this.#parts.connections.answered(socket, response);
    if (!response.shouldKeepAlive) return socket.destroySoon();
    this.#since = performance.now();
    if (this.#chunks.length > 0) this.handOver();
  }

  destroy(): void {
    this.socket.destroy();
  }

  get isFlushed(): boolean {
    return this.socket.writableLength === 0;
  }

  #read(chunk: Buffer): void {
    const { read, handOver } = this.#parts;
    // A client that reads no answers is left to the server, which then reads no requests of it either.
    const plain = this.socket.writableNeedDrain ? undefined : read(chunk, this.socket);
    if (plain === undefined) handOver(chunk, this);
    else this.begin(plain, chunk);
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#received = chunk.length;
    this.#since = performance.now();
    this.#parts.receiving();
  }

  #goOn(chunk: Buffer, length: number): void {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    if (this.#received > length) this.handOver();
    else if (this.#received === length) this.#serve(Buffer.concat(this.#chunks));
  }

  #serve(bytes: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#chunks = [];
    this.#isAnswering = true;
    exchange.request.fill(bytes);
    exchange.serve(exchange.request, exchange.response);
  }

  /** A client should wait for the answer. The more it sends before, the longer it waits in its own socket. */
  #hold(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.socket.pause();
  }
}
