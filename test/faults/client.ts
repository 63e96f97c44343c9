import { CLOSE } from '../../src/model/close-codes.ts';
import { openSocket } from './socket-link.ts';
import { backOff } from './wait.ts';

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

/** What a connection says to its client. */
export interface Hearer {
  /** The client is subscribed, from this position on. */
  begun(cursor: string): void;
  heard(event: Heard, position: string | undefined): void;
  gap(told: Pick<Gap, 'from' | 'to' | 'reason'>): void;
  /** The client was given everything up to this position. */
  upTo(position: string): void;
}

/** One connection of a client to a node. */
export interface Link {
  /** Resolves with the close code when the connection has ended. */
  readonly closed: Promise<number>;
  close(): void;
  cut(): void;
}

export interface Asked {
  readonly token: string;
  readonly pattern: string;
  /** The position from which the client goes on. */
  readonly since: string | undefined;
}

export type OpenLink = (url: string, asked: Asked, hearer: Hearer) => Link;

export interface ClientOptions {
  /** The addresses of the nodes, in the order in which the client tries them. */
  readonly urls: readonly string[];
  readonly token: string;
  readonly pattern: string;
  /** Whether the pattern matches an event of this type and key. It matches every event if absent. */
  readonly wants?: (type: string, key: string) => boolean;
  readonly random: () => number;
  /** How the client connects; by a native socket if absent. */
  readonly open?: OpenLink;
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
  readonly wants: (type: string, key: string) => boolean;
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
  #link: Link | undefined;
  readonly #options: ClientOptions;
  readonly #ended: Promise<void>;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.wants = options.wants ?? (() => true);
    this.#ended = this.#live();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#link?.close();
    const cut = setTimeout(() => this.#link?.cut(), 2_000);
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
    const { token, pattern, open = openSocket } = this.#options;
    const asked = { token, pattern, since: this.#cursor };
    this.#link = open(url, asked, {
      begun: (cursor) => {
        this.#cursor ??= cursor;
        this.from ??= cursor;
        this.subscribed++;
        this.#attempt = 0;
        this.url = url;
      },
      heard: (event, position) => {
        this.heard.push(event);
        this.heardAt.push(performance.now());
        this.#cursor = position ?? this.#cursor;
      },
      gap: (told) => {
        this.gaps.push({ ...told, after: this.heard.length, at: performance.now() });
        this.#cursor = told.to;
      },
      upTo: (position) => (this.#cursor = position),
    });
    return this.#link.closed;
  }
}
