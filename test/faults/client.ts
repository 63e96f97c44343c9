import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { CLOSE } from '../../src/model/close-codes.ts';
import { backOff } from './wait.ts';

const PING_EVERY_MS = 2_000;
/** After so long a silence of its node, a client goes to another one. */
const SILENCE_MS = 5_000;
const RETRIES = new Map<number, boolean>(
  Object.values(CLOSE).map(({ code, retry }) => [code, retry !== false]),
);

/** One numbered event as a client heard it. */
export interface Heard {
  /** An event that was published live only has no id. */
  readonly id: string | undefined;
  readonly key: string;
  readonly n: number;
}

/** A range of events that a client may have missed, as the hub told it. */
export interface Gap {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  /** How many events the client had heard before, and when it was told. */
  readonly after: number;
  readonly at: number;
}

interface Frame {
  readonly id?: string;
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly object: { n: number; cursor: string; from: string; to: string; reason: string; message?: string };
}

export interface ClientOptions {
  /** The addresses of the nodes, in the order in which the client tries them. */
  readonly urls: readonly string[];
  readonly token: string;
  readonly pattern: string;
  readonly random: () => number;
}

/**
 * A client that behaves as the documentation asks: it resumes from its cursor on any node, waits with a jittered backoff,
 * and follows the close codes.
 */
export class ResumingClient {
  readonly heard: Heard[] = [];
  /** When each of them was heard. */
  readonly heardAt: number[] = [];
  readonly gaps: Gap[] = [];
  /** Messages of the hub that no client should ever get. */
  readonly complaints: string[] = [];
  readonly closeCodes = new Map<number, number>();
  /** How often a subscription of this client was accepted. */
  subscribed = 0;
  /** The position in the log after which the hub has promised every event. */
  from: string | undefined;
  /** The node at which the client is subscribed, if any. */
  url: string | undefined;
  #cursor: string | undefined;
  #attempt = 0;
  #turn = 0;
  #stopped = false;
  #ws: WebSocket | undefined;
  readonly #options: ClientOptions;
  readonly #ended: Promise<void>;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#ended = this.#live();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ws?.close(1000);
    const cut = setTimeout(() => this.#ws?.terminate(), 2_000);
    await this.#ended;
    clearTimeout(cut);
  }

  async #live(): Promise<void> {
    while (!this.#stopped) {
      const { urls, random } = this.#options;
      const code = await this.#once(urls[this.#turn++ % urls.length] ?? '');
      this.url = undefined;
      this.closeCodes.set(code, (this.closeCodes.get(code) ?? 0) + 1);
      if (this.#stopped) return;
      if (RETRIES.get(code) === false) {
        this.complaints.push(`closed for good with ${code}`);
        return;
      }
      await backOff(this.#attempt++, random);
    }
  }

  /** One connection from beginning to end; resolves with its close code. */
  #once(url: string): Promise<number> {
    const { token, pattern } = this.#options;
    const ws = new WebSocket(`${url.replace(/^http/, 'ws')}/native/ws`, {
      headers: { Authorization: `Bearer ${token}` },
      handshakeTimeout: SILENCE_MS,
      perMessageDeflate: false,
    });
    this.#ws = ws;
    let heardAt = performance.now();
    const pinging = setInterval(() => {
      if (performance.now() - heardAt > SILENCE_MS) ws.terminate();
      else if (ws.readyState === WebSocket.OPEN) ws.send('{"command":"ping"}');
    }, PING_EVERY_MS);
    ws.on('open', () => {
      const since = this.#cursor;
      ws.send(JSON.stringify({ id: 's', command: 'subscribe', patterns: [pattern], since }));
    });
    ws.on('message', (data: Buffer) => {
      heardAt = performance.now();
      this.#hear(JSON.parse(data.toString()) as Frame, url);
    });
    ws.on('error', () => undefined);
    return new Promise((resolve) => {
      ws.on('close', (code: number) => {
        clearInterval(pinging);
        resolve(code);
      });
    });
  }

  #hear({ id, type, action, key, object }: Frame, url: string): void {
    if (type !== 'belfry') {
      this.heard.push({ id, key, n: object.n });
      this.heardAt.push(performance.now());
      this.#cursor = id ?? this.#cursor;
      return;
    }
    if (action === 'gap') {
      const { from, to, reason } = object;
      this.gaps.push({ from, to, reason, after: this.heard.length, at: performance.now() });
      this.#cursor = to;
    } else if (action === 'subscribe') {
      this.#cursor ??= object.cursor;
      this.from ??= object.cursor;
      this.subscribed++;
      this.#attempt = 0;
      this.url = url;
    } else if (action === 'error') {
      // The log cannot be read now, so the subscription has not begun. The client tries again on a new connection.
      this.#ws?.terminate();
    }
  }
}

/** A client that reads nothing from its socket until the test tells it to. */
export class StalledReader {
  readonly closed: Promise<number>;
  readonly #ws: WebSocket;

  constructor(url: string, token: string, pattern: string) {
    this.#ws = new WebSocket(`${url.replace(/^http/, 'ws')}/native/ws?pattern=${pattern}`, {
      headers: { Authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    this.#ws.on('error', () => undefined);
    this.#ws.once('message', () => this.#ws.pause());
    this.closed = new Promise((resolve) => void this.#ws.once('close', resolve));
  }

  get isStalled(): boolean {
    return this.#ws.isPaused;
  }

  readOn(): void {
    this.#ws.resume();
  }

  async stop(): Promise<void> {
    this.#ws.terminate();
    await Promise.race([this.closed, pause(1_000)]);
  }
}
