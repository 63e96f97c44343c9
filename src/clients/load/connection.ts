import { randomBytes } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { FrameReader, OPCODES, type Tally } from './frames.ts';
import { micros } from './mark.ts';

/** All plain sockets read into one buffer, since the bytes of one read are counted before the next read begins. */
const READ_BYTES = 256 * 1024;
const SHARED = Buffer.allocUnsafeSlow(READ_BYTES);
const END_OF_HEAD = '\r\n\r\n';
const MASKED = 0x80;
const FINAL = 0x80;

/** What one client sends to a hub, and how the client knows that it is subscribed. */
export interface Conversation {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The texts that the client sends directly after the handshake. */
  readonly hello?: readonly string[];
  /**
   * It is called with each message that holds no event. Without this function the connection counts as open after the
   * handshake.
   */
  readonly hear?: (text: string) => Heard;
  /** Whether one frame may hold several events. */
  readonly batches?: boolean;
  /**
   * With a value, the client asks for permessage-deflate. A `measured` client inflates each frame; a `counted` one only
   * counts it.
   */
  readonly deflate?: 'counted' | 'measured';
}

export interface Heard {
  readonly reply?: string;
  /** From now on the connection receives events. */
  readonly stands?: boolean;
  /** The words with which the hub refused. The connection ends. */
  readonly refused?: string;
}

export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  readonly tls?: boolean;
  readonly insecure?: boolean;
}

export interface LoadEvents {
  readonly stands: () => void;
  /** The reason is a close code or an error. It is reported once, whichever side ended the connection. */
  readonly ended: (why: string) => void;
}

/** A client that counts the events that it receives on a raw socket. */
export class LoadConnection {
  readonly #socket: Socket;
  readonly #conversation: Conversation;
  readonly #events: LoadEvents;
  readonly #tally: Tally;
  readonly #reader: FrameReader;
  #head: Buffer | undefined = Buffer.alloc(0);
  #stands = false;
  #why = 'connection lost';

  constructor(target: LoadTarget, conversation: Conversation, tally: Tally, events: LoadEvents) {
    this.#conversation = conversation;
    this.#events = events;
    this.#tally = tally;
    this.#reader = new FrameReader({
      tally,
      other: (opcode, payload) => this.#other(opcode, payload),
      batches: conversation.batches === true,
      inflates: conversation.deflate === 'measured',
    });
    this.#socket = this.#dial(target);
    this.#socket.setNoDelay(true);
    this.#socket.once(target.tls === true ? 'secureConnect' : 'connect', () => this.#open(target));
    this.#socket.on('error', (error) => (this.#why = error.message));
    this.#socket.once('close', () => events.ended(this.#why));
  }

  /** The connection stops reading, as a client that hangs does. */
  stall(): void {
    this.#socket.pause();
  }

  /** The connection ends with a reset where the socket is plain TCP, so that no port stays in TIME_WAIT. */
  end(): void {
    this.#why = 'ended here';
    if (this.#socket instanceof TLSSocket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #dial({ host, port, tls, insecure }: LoadTarget): Socket {
    if (tls === true)
      return connectTls({ host, port, rejectUnauthorized: insecure !== true }).on('data', (bytes: Buffer) =>
        this.#read(bytes),
      );
    const callback = (count: number): boolean => {
      this.#read(SHARED.subarray(0, count));
      return true;
    };
    return connectTcp({ host, port, onread: { buffer: SHARED, callback } });
  }

  #open({ host, port }: LoadTarget): void {
    const { path, headers = {}, deflate } = this.#conversation;
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${host}:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    if (deflate !== undefined)
      lines.push(
        'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      );
    this.#socket.write(lines.join('\r\n') + END_OF_HEAD);
  }

  #read(bytes: Buffer): void {
    this.#tally.now = micros();
    if (this.#head === undefined) this.#reader.take(bytes);
    else this.#readHead(Buffer.concat([this.#head, bytes]));
  }

  #readHead(head: Buffer): void {
    const end = head.indexOf(END_OF_HEAD);
    if (end < 0) {
      this.#head = head;
      return;
    }
    this.#head = undefined;
    if (!head.toString('latin1', 0, 16).startsWith('HTTP/1.1 101 ')) return this.#refused(head, end);
    for (const text of this.#conversation.hello ?? []) this.#send(OPCODES.text, Buffer.from(text));
    if (this.#conversation.hear === undefined) this.#stand();
    this.#reader.take(head.subarray(end + END_OF_HEAD.length));
  }

  #refused(head: Buffer, end: number): void {
    const [status = ''] = head.toString('utf8', 0, end).split('\r\n');
    this.#end(`refused: ${status} ${head.toString('utf8', end).trim().slice(0, 300)}`.trim());
  }

  #end(why: string): void {
    this.#why = why;
    this.#socket.destroy();
  }

  #stand(): void {
    if (this.#stands) return;
    this.#stands = true;
    this.#events.stands();
  }

  #other(opcode: number, payload: Buffer): void {
    if (opcode === OPCODES.ping) this.#send(OPCODES.pong, payload);
    else if (opcode === OPCODES.close) {
      const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      this.#end(`closed with ${code} ${payload.toString('utf8', 2)}`);
    } else if (opcode === OPCODES.text || opcode === OPCODES.binary) {
      const { reply, stands, refused } = this.#conversation.hear?.(payload.toString()) ?? {};
      if (reply !== undefined) this.#send(OPCODES.text, Buffer.from(reply));
      if (stands === true) this.#stand();
      if (refused !== undefined) this.#end(refused);
    }
  }

  /** Sends a frame. The protocol demands a mask from a client; a mask of zeros leaves the payload as it is. */
  #send(opcode: number, payload: Buffer): void {
    const { length } = payload;
    const header = Buffer.alloc(length < 126 ? 6 : 8);
    header[0] = FINAL | opcode;
    header[1] = MASKED | Math.min(length, 126);
    if (length >= 126) header.writeUInt16BE(length, 2);
    this.#socket.write(Buffer.concat([header, payload]));
  }
}
