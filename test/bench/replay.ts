import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Histogram } from '../../src/clients/load/histogram.ts';
import { micros } from '../../src/clients/load/mark.ts';
import type { Entry } from './entries.ts';
import { replyCounter } from './replies.ts';

const TICK_MS = 1;
const HEAD_END = '\r\n\r\n';

export interface ReplayOptions {
  /** The replay ends after this many requests or after this time, whichever comes first. */
  readonly requests: number;
  readonly ms: number;
  /** The rate in requests a second. Without a rate each answer calls for the next request. */
  readonly rate?: number;
}

export interface Replayed {
  readonly accepted: number;
  readonly refusals: number;
  /** The first answer that refused. */
  readonly refused?: string;
  readonly ms: number;
  /** Percentiles of the time to the answer, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** One connection, and when each of its requests that are under way was sent. */
interface Line {
  readonly entry: Entry;
  readonly request: Buffer;
  readonly socket: Socket;
  readonly sentAt: number[];
}

/**
 * Sends the same request again and again on a fixed number of connections, and counts the answers. Nothing is encoded and
 * little is read, so that the server is full long before this client is.
 */
export class Replay {
  readonly #lines: readonly Line[];
  readonly #latency = new Histogram();
  /** The line that is the first to send. */
  #next = 0;
  #limit = 0;
  #sent = 0;
  #accepted = 0;
  #refusals = 0;
  #refused: string | undefined;
  #onReply: () => void = () => undefined;
  #onLoss: (error: Error) => void = () => undefined;

  private constructor(lines: readonly Line[]) {
    this.#lines = lines;
    for (const line of lines) this.#listen(line);
  }

  static async open(entries: readonly Entry[]): Promise<Replay> {
    const lines = entries.flatMap((entry) => {
      const request = Buffer.from(entry.request, 'latin1');
      return Array.from({ length: entry.connections }, async () => {
        const socket = await opened(entry);
        return { entry, request, socket, sentAt: [] };
      });
    });
    return new Replay(await Promise.all(lines));
  }

  /** Sends requests until the replay ends, and waits for all answers. */
  async run({ requests, ms, rate }: ReplayOptions): Promise<Replayed> {
    this.#latency.clear();
    const before = { accepted: this.#accepted, refusals: this.#refusals, sent: this.#sent };
    const startedAt = micros();
    const elapsed = (): number => (micros() - startedAt) / 1_000;
    /** How many requests should have been sent by now. */
    const due = (): number =>
      rate === undefined
        ? requests
        : Math.min(requests, Math.floor((Math.min(elapsed(), ms) / 1_000) * rate));
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        const isOver = elapsed() >= ms;
        // Without a rate, what was not sent in time is not sent at all.
        this.#limit = isOver && rate === undefined ? this.#sent : before.sent + due();
        this.#fill(rate !== undefined);
        const isDone = isOver || this.#limit === before.sent + requests;
        if (!isDone || this.#sent < this.#limit || this.#underWay > 0) return;
        clearInterval(timer);
        resolve();
      };
      const timer = setInterval(look, TICK_MS);
      this.#onReply = look;
      this.#onLoss = reject;
    });
    this.#onReply = () => undefined;
    return {
      accepted: this.#accepted - before.accepted,
      refusals: this.#refusals - before.refusals,
      ...(this.#refused !== undefined && { refused: this.#refused }),
      ms: elapsed(),
      p50: this.#latency.percentile(0.5) / 1_000,
      p99: this.#latency.percentile(0.99) / 1_000,
    };
  }

  /** Sends another request once, and waits for its answer. */
  async once(request: Buffer): Promise<void> {
    const [line] = this.#lines;
    if (line === undefined) return;
    line.sentAt.push(micros());
    const answered = new Promise<void>((resolve, reject) => {
      this.#onReply = resolve;
      this.#onLoss = reject;
    });
    line.socket.write(request);
    await answered;
    this.#onReply = () => undefined;
  }

  end(): void {
    this.#onLoss = () => undefined;
    for (const { socket } of this.#lines) socket.destroy();
  }

  get #underWay(): number {
    return this.#lines.reduce((sum, { sentAt }) => sum + sentAt.length, 0);
  }

  /** With a rate the lines take what is due in turn, or else the first one would take all of it. */
  #fill(inTurn: boolean): void {
    const now = micros();
    const open = this.#limit - this.#sent;
    const most = inTurn ? Math.ceil(open / this.#lines.length) : open;
    const lines = [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)];
    for (const { entry, request, socket, sentAt } of lines) {
      const room = Math.min(entry.window - sentAt.length, this.#limit - this.#sent, most);
      if (room <= 0) continue;
      for (let count = 0; count < room; count++) sentAt.push(now);
      this.#sent += room;
      socket.write(room === 1 ? request : Buffer.concat(Array.from({ length: room }, () => request)));
    }
    if (inTurn) this.#next = (this.#next + open) % this.#lines.length;
  }

  #listen({ entry, socket, sentAt }: Line): void {
    const count = replyCounter(entry.protocol);
    socket.on('data', (chunk: Buffer) => {
      const { accepted, refusals, refused } = count(chunk);
      const now = micros();
      for (const sent of sentAt.splice(0, accepted + refusals)) this.#latency.record(now - sent);
      this.#accepted += accepted;
      this.#refusals += refusals;
      this.#refused ??= refused;
      this.#onReply();
    });
    socket.on('close', () => {
      const why = this.#refused === undefined ? '' : ` after ${this.#refused}`;
      this.#onLoss(new Error(`The entry point closed a connection${why}.`));
    });
  }
}

async function opened({ port, handshake }: Entry): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  if (handshake === undefined) return socket;
  socket.write(handshake);
  let head = '';
  while (!head.includes(HEAD_END)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    head += chunk.toString('latin1');
  }
  if (!head.startsWith('HTTP/1.1 101')) throw new Error(`The entry point answered ${head.slice(0, 300)}`);
  return socket;
}
