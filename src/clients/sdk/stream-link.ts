import { closeCodeOf, HubError } from './errors.ts';
import { ask, type Caller } from './http.ts';
import type { Gap, HubEvent } from './item.ts';
import { OPEN_MS, type Answered, type Link, type LinkHandler, type LinkOptions, type Reply } from './link.ts';
import type { Filters } from './match.ts';
import { earliestOf } from './plan.ts';
import { trySockets } from './socket-trials.ts';
import { publishBy, type Publish } from './stream-publish.ts';
import type { Tokens } from './tokens.ts';

/** The hub sends its position every 15 s, and such a message answers a ping. */
const ANSWER_MS = 35_000;

interface Subscribe {
  readonly patterns: readonly string[];
  readonly filters?: Filters;
  readonly slow?: string;
  readonly since?: string;
}

interface Asked extends Subscribe {
  /** Absent once it was answered. */
  answered: Answered | undefined;
}

/**
 * Event streams over HTTP, for networks that let no socket through. It takes the commands of a socket. Each change of the
 * subscriptions begins a new stream after the earliest position, and each publish is a request.
 */
export class StreamLink implements Link {
  readonly kind = 'stream';
  readonly answerMs = ANSWER_MS;
  readonly #options: LinkOptions;
  readonly #handler: LinkHandler;
  readonly #endTrials: () => void;
  readonly #cancelOpening: () => void;
  #token: string | undefined;
  #stream = new AbortController();
  readonly #subscribed = new Map<string, Subscribe>();
  #waiting: Asked[] = [];
  /** The hub refused several commands together, so each is now tried alone to find the refused ones. */
  #oneByOne = false;
  #pings: Answered[] = [];
  #cursor: string | undefined;
  #isPlanned = false;
  #isOver = false;

  /** Meanwhile it tries to open sockets with tokens from `tokens`. The first socket that opens replaces the stream. */
  constructor(options: LinkOptions, handler: LinkHandler, tokens: Pick<Tokens, 'get'>) {
    this.#options = options;
    this.#handler = handler;
    this.#endTrials = trySockets(options, tokens, handler);
    this.#token = options.token;
    this.#cancelOpening = options.environment.clock.after(OPEN_MS, () => this.#end(1006, 'no answer'));
    void this.#open();
  }

  send(command: string, fields: object, answered: Answered): void {
    if (command === 'subscribe') this.#waiting.push({ ...(fields as Subscribe), answered });
    if (command === 'unsubscribe')
      for (const text of (fields as Subscribe).patterns) this.#subscribed.delete(text);
    if (command === 'ping') this.#pings.push(answered);
    if (command === 'publish') void this.#publish(fields as Publish, answered);
    if (command === 'auth') void this.#authenticate((fields as { token: string }).token, answered);
    if (command.endsWith('subscribe')) this.#plan();
  }

  close(): void {
    this.#isOver = true;
    this.#cancelOpening();
    this.#endTrials();
    this.#stream.abort();
  }

  get #caller(): Caller {
    return { ...this.#options, token: this.#token };
  }

  async #open(): Promise<void> {
    try {
      const auth = await this.#me();
      this.#cancelOpening();
      if (!this.#isOver) this.#handler.opened(this, auth);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The identity that the token gives this client, in the form of an answer to `auth`. */
  async #me(): Promise<Reply> {
    const response = await ask(this.#caller, 'api/v3/me');
    return this.#reply((await response.json()) as Reply['object']);
  }

  async #authenticate(token: string, answered: Answered): Promise<void> {
    const before = this.#token;
    this.#token = token;
    try {
      answered(undefined, await this.#me());
      this.#plan();
    } catch (error) {
      this.#token = before;
      answered(error as HubError);
    }
  }

  async #publish(publish: Publish, answered: Answered): Promise<void> {
    try {
      answered(undefined, this.#reply({ ids: await publishBy(this.#caller, publish) }));
    } catch (error) {
      answered(error as HubError);
    }
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      if (!this.#isOver) void this.#begin();
    });
  }

  /** Begins a stream of all subscriptions. */
  async #begin(): Promise<void> {
    this.#stream.abort();
    const stream = (this.#stream = new AbortController());
    const asked = this.#next();
    for (const each of asked) for (const text of each.patterns) this.#subscribed.set(text, each);
    if (this.#subscribed.size === 0) return this.#beat();
    try {
      const response = await ask(this.#caller, `api/v3/events?${this.#query(asked).toString()}`, {
        headers: { Accept: 'text/event-stream' },
        signal: stream.signal,
      });
      await this.#read(response, stream.signal, asked);
      if (!stream.signal.aborted) this.#end(1006, 'the stream ended');
    } catch (error) {
      if (stream.signal.aborted)
        this.#waiting.unshift(...asked.filter(({ answered }) => answered !== undefined));
      else this.#refused(asked, error);
    }
  }

  /** Subscriptions that begin now go first if the present position is unknown, since the others would bring older events before it. */
  #next(): Asked[] {
    const live = this.#waiting.filter(({ since }) => since === undefined);
    const all = this.#cursor === undefined && live.length > 0 ? live : this.#waiting;
    const asked = all.slice(0, this.#oneByOne ? 1 : Infinity);
    this.#waiting = this.#waiting.filter((each) => !asked.includes(each));
    return asked;
  }

  #query(asked: readonly Asked[]): URLSearchParams {
    const all = [...this.#subscribed.values()];
    const common = <T>(of: (each: Subscribe) => T): T | undefined => {
      const texts = new Set(all.map((each) => JSON.stringify(of(each))));
      return texts.size === 1 && all[0] !== undefined ? of(all[0]) : undefined;
    };
    const query = new URLSearchParams();
    for (const text of this.#subscribed.keys()) query.append('pattern', text);
    const since = earliestOf([...asked.map((each) => each.since), this.#cursor]);
    const filters = common((each) => each.filters);
    const slow = common((each) => each.slow);
    if (filters !== undefined) query.set('filters', JSON.stringify(filters));
    if (slow !== undefined) query.set('slow', slow);
    if (since !== undefined) query.set('since', since);
    return query;
  }

  async #read({ body }: Response, signal: AbortSignal, asked: readonly Asked[]): Promise<void> {
    const decoder = new TextDecoder();
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) if (!signal.aborted) this.#heard(message, asked);
    }
  }

  #heard(message: string, asked: readonly Asked[]): void {
    const lines = message.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string?]);
    const { id, event, data } = Object.fromEntries(lines) as Readonly<Record<string, string | undefined>>;
    this.#cursor = id ?? this.#cursor;
    if (data === undefined) {
      if (id !== undefined) this.#told(asked);
      return;
    }
    const said = JSON.parse(data) as HubEvent & { readonly code: number; readonly reason: string };
    if (event === 'close') this.#end(said.code, said.reason);
    else if (event === 'gap') this.#handler.gap(said.object as Gap);
    else {
      const isMore = id !== undefined && said.id !== undefined && id !== said.id;
      this.#handler.event({ ...said, ...(isMore && { position: id }), text: data });
    }
  }

  /** A message that has only an id tells a position up to which everything was sent: the beginning of the stream, or a heartbeat. */
  #told(asked: readonly Asked[]): void {
    const open = asked.filter(({ answered }) => answered !== undefined);
    if (open.length === 0) return this.#beat();
    for (const each of open) {
      each.answered?.(undefined, this.#reply({ cursor: this.#cursor }));
      each.answered = undefined;
    }
    if (this.#waiting.length > 0) this.#plan();
  }

  #beat(): void {
    const pings = this.#pings;
    this.#pings = [];
    for (const answered of pings) answered(undefined, this.#reply({ cursor: this.#cursor }));
  }

  #refused(asked: readonly Asked[], error: unknown): void {
    const isOfAsked = error instanceof HubError && error.code !== 'lost' && closeCodeOf(error) !== 4001;
    if (!isOfAsked || asked.length === 0) return this.#failed(error);
    for (const { patterns } of asked) for (const text of patterns) this.#subscribed.delete(text);
    this.#oneByOne = true;
    if (asked.length > 1) this.#waiting.unshift(...asked);
    else asked[0]?.answered?.(error);
    this.#plan();
  }

  #failed(error: unknown): void {
    if (error instanceof HubError && error.code !== 'lost') this.#end(closeCodeOf(error), error.message);
    else this.#end(1006, String(error));
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.close();
    this.#handler.closed(code, reason);
  }

  #reply(object: Reply['object']): Reply {
    return { time: new Date(this.#options.environment.clock.now()).toISOString(), object };
  }
}
