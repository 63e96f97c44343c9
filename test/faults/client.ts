import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { CLOSE } from '../../src/model/close.ts';
import { backOff } from './wait.ts';

const PING_EVERY_MS = 2_000;
/** A hub that says nothing for so long is left for another node. */
const SILENCE_MS = 5_000;
const RETRIES = new Map<number, boolean>(Object.values(CLOSE).map(({ code, retry }) => [code, retry]));

/** One numbered event as a client heard it. */
export interface Heard {
  /** Absent on what was live only. */
  readonly id: string | undefined;
  readonly key: string;
  readonly n: number;
}

/** What a client was told it may have missed. */
export interface Gap {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  /** How many events it had heard by then, and when that was. */
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
  /** Of the nodes, in the order in which it tries them. */
  readonly urls: readonly string[];
  readonly token: string;
  readonly pattern: string;
  readonly random: () => number;
}

/** A client as the documentation wants one: it resumes from its cursor, on any node, with jittered backoff, and minds the close codes. */
export class ResumingClient {
  readonly heard: Heard[] = [];
  readonly gaps: Gap[] = [];
  /** What a hub must never say to it. */
  readonly complaints: string[] = [];
  readonly closeCodes = new Map<number, number>();
  /** How often its subscription was accepted. */
  subscribed = 0;
  /** The position in the log after which it was promised everything. */
  from: string | undefined;
  /** The node it is subscribed at, if any. */
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
      // The log cannot be read now: the subscription has not begun, so another try on a new connection.
      this.#ws?.terminate();
    }
  }
}

/** A client that takes nothing from its socket until it is told to. */
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
