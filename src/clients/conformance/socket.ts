import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { Failed } from './outcome.ts';
import { systemTime, within, type Time } from './time.ts';
import type { Transcript } from './transcript.ts';

/** One message from the server. */
export interface Frame {
  readonly text: string;
  readonly isBinary: boolean;
  /** When it came, in milliseconds of the time of the checks. */
  readonly at: number;
}

/** How a connection ended. Code 1006 means that no close frame came. */
export interface Ended {
  readonly code: number;
  readonly reason: string;
  readonly at: number;
}

/** An answer to a handshake that is not the upgrade. */
export interface Refused {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SocketOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly insecure: boolean;
  readonly protocols?: readonly string[];
  /** Answer the server's pings. */
  readonly answersPings?: boolean;
  /** Offer permessage-deflate. */
  readonly deflate?: boolean;
}

export interface Surroundings {
  readonly time: Time;
  /** How long an answer or an event may take, in milliseconds of the real clock. */
  readonly patienceMs: number;
  readonly transcript: Transcript;
}

const CLOSE_MS = 1_000;
/** A frame of this size is a fault of the server in every dialect. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/** One connection to the server that is checked. It keeps everything that comes. */
export class Socket {
  readonly path: string;
  readonly frames: Frame[] = [];
  /** When the server pinged. */
  readonly pings: number[] = [];
  readonly openedAt: number;
  readonly ended: Promise<Ended>;
  /** The port on this machine from which the connection goes out. A proxy on the way has another. */
  localPort: number | undefined;
  readonly #ws: WebSocket;
  readonly #at: Surroundings;
  readonly #wakes = new Set<() => void>();
  #end: Ended | undefined;
  /** The frames before this one were looked at. */
  #next = 0;

  constructor(ws: WebSocket, path: string, at: Surroundings) {
    this.#ws = ws;
    this.#at = at;
    this.path = path;
    this.openedAt = at.time.elapsed();
    const { transcript, time } = at;
    ws.on('upgrade', ({ socket: { localPort } }) => void (this.localPort = localPort));
    ws.on('message', (data: Buffer, isBinary) => {
      const frame = { text: data.toString(), isBinary, at: time.elapsed() };
      transcript.came(isBinary ? `binary frame of ${data.length} bytes` : frame.text);
      this.frames.push(frame);
      this.#wake();
    });
    ws.on('ping', () => {
      this.pings.push(time.elapsed());
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      ws.on('close', (code, reason) => {
        this.#end = { code, reason: reason.toString(), at: time.elapsed() };
        transcript.came(`close ${code} ${this.#end.reason}`.trimEnd());
        resolve(this.#end);
        this.#wake();
      });
    });
    ws.on('error', (error) => transcript.came(`error: ${error.message}`));
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  get extensions(): string {
    return this.#ws.extensions;
  }

  get protocol(): string {
    return this.#ws.protocol;
  }

  send(said: string | object): void {
    const frame = typeof said === 'string' ? said : JSON.stringify(said);
    this.#at.transcript.sent(frame);
    this.#ws.send(frame);
  }

  sendBinary(bytes: Buffer): void {
    this.#at.transcript.sent(`binary frame of ${bytes.length} bytes`);
    this.#ws.send(bytes);
  }

  /** Stops to read, as a client does that hangs. */
  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  close(code?: number): void {
    if (code !== undefined) this.#at.transcript.sent(`close ${code}`);
    this.#ws.close(code);
    setTimeout(() => this.#ws.terminate(), CLOSE_MS).unref();
  }

  /**
   * The next frame that fits, of those that were not looked at. Frames before it are passed over, since the server may
   * have others. @throws Failed when none comes in time
   */
  async next(expected: string, fits: (frame: Frame) => boolean, ms = this.#at.patienceMs): Promise<Frame> {
    const found = await this.within(ms, () => {
      while (this.#next < this.frames.length) {
        const frame = this.frames[this.#next++];
        if (frame !== undefined && fits(frame)) return frame;
      }
      return undefined;
    });
    if (found !== undefined) return found;
    const how = this.#end === undefined ? `within ${ms} ms` : `before the connection ended`;
    throw new Failed(`${expected} ${how}`);
  }

  /**
   * What the function finds, asked anew whenever something comes, or `undefined` when the time passes or the connection
   * ends first.
   */
  async within<T>(ms: number, find: () => T | undefined, time: Time = systemTime): Promise<T | undefined> {
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    const look = (): void => {
      const found = find();
      if (found === undefined && this.isOpen) return;
      // What came in the same moment is for whoever looks next.
      this.#wakes.delete(look);
      resolve(found);
    };
    this.#wakes.add(look);
    look();
    try {
      return await within(time, ms, promise);
    } finally {
      this.#wakes.delete(look);
    }
  }

  /**
   * Resolves once the server has read everything that was sent so far, and what it answered at once is here: it must
   * answer a ping of WebSocket after that. @throws Failed
   */
  async settle(): Promise<void> {
    const mark = randomUUID();
    let isAnswered = false;
    this.#ws.on('pong', (data: Buffer) => {
      isAnswered ||= data.toString() === mark;
      this.#wake();
    });
    if (this.isOpen) this.#ws.ping(mark);
    if ((await this.within(this.#at.patienceMs, () => isAnswered || undefined)) === true) return;
    throw new Failed('a pong of WebSocket for a ping of WebSocket, on a connection that stays open');
  }

  /** How the connection ended, or `undefined` if it is open after this much time of the checks. */
  endWithin(ms: number): Promise<Ended | undefined> {
    return within(this.#at.time, ms, this.ended);
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }
}

/** Opens a connection. The result is a {@link Socket}, or what the server answered instead. @throws Failed when nobody answers */
export async function openSocket(
  url: URL,
  path: string,
  { headers, insecure, protocols = [], answersPings = true, deflate = false }: SocketOptions,
  at: Surroundings,
): Promise<Socket | Refused> {
  const address = url.href.replace(/^http/, 'ws');
  const ws = new WebSocket(address, [...protocols], {
    headers,
    rejectUnauthorized: !insecure,
    perMessageDeflate: deflate,
    autoPong: answersPings,
    handshakeTimeout: at.patienceMs,
    maxPayload: MAX_FRAME_BYTES,
  });
  // Frames may come with the answer to the handshake, so they are kept from now on.
  const socket = new Socket(ws, path, at);
  const { promise, resolve, reject } = Promise.withResolvers<Socket | Refused>();
  ws.on('open', () => resolve(socket));
  ws.on('unexpected-response', (_request, response) => void refusedBy(response).then(resolve, reject));
  ws.on('error', (error) => reject(new Failed(`an answer to the handshake, and got: ${error.message}`)));
  try {
    return await promise;
  } finally {
    if (ws.readyState !== WebSocket.OPEN) ws.terminate();
  }
}

async function refusedBy(response: IncomingMessage): Promise<Refused> {
  const { statusCode: status = 0, headers } = response;
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  return { status, headers: Object.fromEntries(texts), body: await text(response) };
}
