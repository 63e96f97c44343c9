import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Commands } from '../../hub/commands.ts';
import type { Connection } from '../../hub/connection.ts';
import type { Connections } from '../../hub/connections.ts';
import type { Transport } from '../../hub/transport.ts';
import { bound } from '../../model/bound.ts';
import type { Close } from '../../model/close-codes.ts';
import type { RejectedInput } from '../../telemetry/rejected-input.ts';
import { closeFrame, closePayload, PING_FRAME, pongFrame } from './control-frames.ts';
import { FrameReader, type FrameHandler } from './frame-reader.ts';
import { endingOf } from './handshake.ts';
import type { Heartbeat, HeartbeatEntry, Pingable, Traffic } from './heartbeat.ts';
import { Pongs } from './pongs.ts';
import type { SocketOwner } from './socket-owner.ts';

/** How long a client may take to answer a close frame. */
const CLOSE_TIMEOUT_MS = bound(
  'time for a client to answer a close frame',
  10_000,
  'ms',
  'its connection is cut',
);
/** The code of a connection that ended without a close frame (RFC 6455, 7.1.5). */
const LOST = 1006;

/** The parts that all sockets of a node share. */
export interface WebSocketConnectionOptions {
  readonly connections: Pick<Connections, 'detach'>;
  readonly commands: Commands;
  readonly heartbeat: Heartbeat;
  readonly rejected: RejectedInput;
  readonly log: Logger;
}

/** The answer to the handshake, and what follows from it for the frames. */
export interface Agreed {
  readonly head: string;
  readonly inflates: boolean;
  readonly inboundMaxBytes: number;
}

/**
 * The WebSocket protocol on one socket (RFC 6455), between the raw bytes and the connection of the hub. Finished frames are
 * written as they are. What the client sends goes to the commands and to the heartbeat. All frames are written whole within
 * one turn of the event loop, so frames never mix.
 */
export class WebSocketConnection implements Pingable, Transport, FrameHandler, SocketOwner {
  readonly inflates: boolean;
  readonly inboundMaxBytes: number;
  readonly heartbeat: Pingable['heartbeat'];
  readonly traffic: Traffic | undefined;
  readonly #options: WebSocketConnectionOptions;
  readonly #socket: Duplex;
  /** The answer to the handshake, until it is written. */
  #head: string | undefined;
  /** Absent for a client that is turned away. */
  #connection: Connection | undefined;
  #entry: HeartbeatEntry | undefined;
  /** Present in the middle of a frame or of a message. */
  #reader: FrameReader | undefined;
  /** Present once the client has sent a ping. */
  #pongs: Pongs | undefined;
  /** Bytes since the last message, if the client has not signed in yet. */
  #unread: number | undefined;
  #isClosing = false;
  /** The client has sent its close frame or has broken the protocol. What follows is not read. */
  #isRead = false;
  #code = LOST;
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(
    options: WebSocketConnectionOptions,
    socket: Duplex,
    { head, inflates, inboundMaxBytes }: Agreed,
    heartbeat: Pingable['heartbeat'],
  ) {
    this.inflates = inflates;
    this.inboundMaxBytes = inboundMaxBytes;
    this.heartbeat = heartbeat;
    this.traffic = socket instanceof Socket ? socket : undefined;
    this.#options = options;
    this.#socket = socket;
    this.#head = head;
  }

  /** Joins the socket to its connection. With `isUnauthenticated`, the client has yet to sign in. */
  attach(connection: Connection, isUnauthenticated: boolean): void {
    this.#connection = connection;
    this.#entry = this.#options.heartbeat.add(this);
    // No large frame of a client that has not signed in is collected.
    if (isUnauthenticated) this.#unread = 0;
  }

  /** Writes the answer to the handshake, if no frame has taken it along. */
  begin(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined && this.#socket.writable) this.#socket.write(head, 'latin1');
  }

  /**
   * Bytes that the kernel has accepted do not count, while `writableNeedDrain` would count them until the turn is over.
   */
  get full(): boolean {
    return this.#socket.writableLength >= this.#socket.writableHighWaterMark;
  }

  write(bytes: Buffer): void {
    if (!this.#socket.writable) return;
    const head = this.#head;
    if (head === undefined) return void this.#socket.write(bytes);
    this.#head = undefined;
    const both = Buffer.allocUnsafe(head.length + bytes.length);
    both.write(head, 'latin1');
    bytes.copy(both, head.length);
    this.#socket.write(both);
  }

  onceDrained(run: () => void): void {
    this.#socket.once('drain', run);
  }

  close(code: number, reason: string): void {
    this.#close(closePayload(code, reason));
  }

  ping(): void {
    if (!this.#isClosing) this.write(PING_FRAME);
  }

  pong(data: Buffer): void {
    if (!this.#isClosing) this.write(pongFrame(data));
  }

  cut(): void {
    if (this.#connection !== undefined)
      this.#options.connections.detach(this.#connection, 'no answer to pings');
    this.#socket.destroy();
  }

  onData(chunk: Buffer): void {
    if (this.#isRead) return;
    const reader = this.#reader ?? new FrameReader(this);
    reader.read(chunk);
    this.#reader = reader.isIdle ? undefined : reader;
    if (this.#unread !== undefined) this.#watch(this.#unread + chunk.length);
  }

  /** Everything that a client sends is a sign of life. */
  onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#unread !== undefined) this.#unread = 0;
    const { commands } = this.#options;
    this.#hear();
    if (this.#connection === undefined) return;
    if (isBinary) commands.receiveBinary(this.#connection);
    else commands.receive(this.#connection, data);
  }

  onPing(data: Buffer): void {
    this.#hear();
    (this.#pongs ??= new Pongs(this)).answer(data);
  }

  onPong(): void {
    if (this.#entry !== undefined) this.#options.heartbeat.pong(this.#entry);
  }

  onCloseFrame(code: number, payload: Buffer): void {
    this.#isRead = true;
    this.#code = code;
    this.#close(payload);
  }

  onFault({ code }: Pick<Close, 'code'>, why: string): void {
    this.#isRead = true;
    this.#close(closePayload(code, ''));
    if (this.#connection === undefined) return;
    const { connections, rejected } = this.#options;
    rejected.report('socket', 'command_invalid', { ...aboutOf(this.#connection), error: why });
    connections.detach(this.#connection, `refused: ${why}`);
  }

  onEnd(): void {
    this.#isClosing = true;
    this.#socket.end();
  }

  onError(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  onClose(): void {
    clearTimeout(this.#closeTimer);
    const { connections, heartbeat, log } = this.#options;
    if (this.#entry !== undefined) heartbeat.remove(this.#entry);
    if (this.#connection === undefined) return;
    connections.detach(this.#connection, endingOf(this.#code));
    if (log.isLevelEnabled('debug'))
      log.debug({ ...aboutOf(this.#connection), code: this.#code }, 'connection closed');
  }

  #hear(): void {
    if (this.#entry !== undefined) this.#options.heartbeat.heard(this.#entry);
  }

  /** Sends a close frame, if there was none yet. The socket ends when both sides have sent one. */
  #close(payload: Buffer): void {
    if (this.#socket.destroyed) return;
    if (!this.#isClosing) {
      this.write(closeFrame(payload));
      this.#isClosing = true;
      this.#closeTimer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
    }
    if (this.#isRead && this.#socket.writable) this.#socket.end();
  }

  /** Bounds the bytes without a whole message from a client that has yet to sign in. */
  #watch(unread: number): void {
    const { unauthenticated } = this.#options.commands;
    const connection = this.#connection;
    this.#unread = connection !== undefined && unauthenticated.has(connection) ? unread : undefined;
    if (connection === undefined) return;
    const objection = unauthenticated.objectionToUnread(connection, unread);
    if (objection === undefined) return;
    connection.close(objection);
    // The data that follows is not collected either. The client is cut if it does not leave.
    this.#socket.pause();
  }
}

/** The fields that describe a connection in the log. */
export function aboutOf({ id, remoteAddr, dialect, identity }: Connection): object {
  return { id, remoteAddr, dialect: dialect.name, principal: identity.principal };
}
