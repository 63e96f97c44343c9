import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { give, type SocketOwner } from './socket-owner.ts';

/** What a handshake says. An IncomingMessage of Node says the same. */
export interface HandshakeHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
}

const NOTHING = Buffer.alloc(0);

/** A handshake that waits for its answer. It owns the socket until then, and keeps what the client sends too early. */
export class HandshakeRequest implements HandshakeHead, SocketOwner {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  /** Who knows the address of the client. */
  readonly socket: Pick<Socket, 'remoteAddress' | 'remotePort'>;
  readonly stream: Duplex;
  #early: Buffer = NOTHING;

  constructor(
    { method, url, headers, rawHeaders }: HandshakeHead,
    socket: Pick<Socket, 'remoteAddress' | 'remotePort'>,
    stream: Duplex,
    early: Buffer = NOTHING,
  ) {
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.rawHeaders = rawHeaders;
    this.socket = socket;
    this.stream = stream;
    this.#early = early;
    give(stream, this);
  }

  /** Gives the socket to the one who speaks on it from now on, with what came too early. */
  pass(owner: SocketOwner): void {
    const { stream } = this;
    give(stream, owner);
    if (this.#early.length > 0) owner.onData(this.#early, stream);
    this.#early = NOTHING;
    if (stream.isPaused()) stream.resume();
  }

  /** A client should wait for the answer. The more it sends before, the longer it waits in its own socket. */
  onData(chunk: Buffer): void {
    this.#early = Buffer.concat([this.#early, chunk]);
    this.stream.pause();
  }

  onEnd(): void {
    // Whether the client still reads is found out when it is answered.
  }

  onError(): void {
    // The socket closes by itself, and the upgrade finds it closed.
  }

  onClose(): void {
    // As above.
  }
}
