import type { Caller } from './http.ts';
import { Connection, type ConnectionParts, type Driver } from './connection.ts';
import { systemEnvironment, type Environment, type SocketClass } from './environment.ts';
import { closedBy, HubError } from './errors.ts';
import type { HubEvent, Item } from './item.ts';
import { Listener, type ListenOptions, type Reader } from './listener.ts';
import { topicOf } from './match.ts';
import { LateDriver } from './late-driver.ts';
import { Outbox, type NewEvent, type PublishOptions } from './outbox.ts';
import type { Validator, Heard, Invalid, Published, Schemas } from './schema.ts';
import { StateStore, type State } from './state.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Presence } from './presence.ts';
import type { HistoryOptions, Source, Values, ValuesOptions } from './values.ts';
import { Tokens, type TokenSource } from './tokens.ts';

export interface HubOptions<S extends Schemas = Schemas> {
  /**
   * A token, or a function that gets a new one. The function is called before each connection, and again before the
   * token expires.
   */
  readonly token?: TokenSource;
  /** The schema of the objects of events, by the pattern of the events. */
  readonly events?: S;
  /** What happens to an event that does not fit its schema. The default is `throw`. */
  readonly invalid?: Invalid;
  /** The options of publishes that do not state their own. */
  readonly publish?: Pick<PublishOptions, 'offline' | 'max' | 'ttlMs'>;
  /**
   * All tabs of the origin of the page share one connection, those that give the same name. One of them gives its token for
   * all, so the user must be the same.
   */
  readonly shared?: boolean | string;
  /** The class of WebSockets to use, if there is none or another one is wanted. */
  readonly WebSocket?: SocketClass;
}

type Rest<T> = Omit<NewEvent<T>, 'type' | 'action' | 'key' | 'object'>;

/** A client of one hub. It connects when it is first used. */
export class Hub<S extends Schemas = Schemas> implements AsyncDisposable {
  readonly #options: HubOptions<S>;
  readonly #caller: Pick<Caller, 'environment' | 'base'>;
  readonly #store: StateStore;
  readonly #subscriptions: Subscriptions;
  readonly #outbox: Outbox;
  readonly #tokens: Tokens;
  readonly #connection: Driver;
  readonly #validator: Promise<Validator> | undefined;

  constructor(
    url: string | URL,
    options: HubOptions<S> = {},
    environment: Environment = systemEnvironment(),
  ) {
    const own = { ...environment, ...(options.WebSocket && { WebSocket: options.WebSocket }) };
    const base = baseOf(url);
    this.#caller = { environment: own, base };
    this.#options = options;
    const { events, invalid = 'throw' } = options;
    // Few clients have schemas, so the others do not load what reads them.
    this.#validator = events && import('./schema.ts').then(({ Validator }) => new Validator(events, invalid));
    this.#store = new StateStore(own.clock);
    this.#subscriptions = new Subscriptions((code, reason) => this.#connection.fail(code, reason));
    this.#outbox = new Outbox(own);
    this.#tokens = new Tokens(own, options.token);
    const parts: ConnectionParts = {
      environment: own,
      base,
      tokens: this.#tokens,
      state: this.#store,
      subscriptions: this.#subscriptions,
      outbox: this.#outbox,
    };
    const { shared } = options;
    this.#connection =
      shared === undefined || shared === false
        ? new Connection(parts)
        : new LateDriver(parts, async () => {
            const { SharedConnection } = await import('./shared-connection.ts');
            return new SharedConnection(parts, shared === true ? '' : shared);
          });
  }

  /** The state of the connection to the hub. It is a new object whenever something changes. */
  get state(): State {
    return this.#store.current;
  }

  /** Calls back with each new state. Returns a function that ends this. */
  onState(tell: (state: State) => void): () => void {
    return this.#store.onChange(tell);
  }

  /**
   * Events that match from now on, each once and in order, through all interruptions. If events may be missing, an
   * item with a `gap` says so.
   */
  listen<const P extends string>(
    patterns: P | readonly P[],
    options: ListenOptions = {},
  ): Listener<Heard<S, P>> {
    const listener = new Listener<Heard<S, P>>(patterns, options, this.#subscriptions, this.#reader());
    const error = this.#closed();
    if (error !== undefined) listener.end(error);
    else if (options.signal?.aborted === true) listener.end();
    else {
      this.#subscriptions.add(listener);
      this.#connection.start();
    }
    return listener;
  }

  /** Calls back with each item, one after another. If the callback throws, the listening ends, and `ended` rejects. */
  subscribe<const P extends string>(
    patterns: P | readonly P[],
    tell: (item: Item<Heard<S, P>>) => unknown,
    options: ListenOptions = {},
  ): { readonly ready: Promise<void>; readonly ended: Promise<void>; readonly close: () => void } {
    const listener = this.listen(patterns, options);
    const ended = (async () => {
      for await (const item of listener) await tell(item);
    })();
    ended.catch(() => undefined);
    return { ready: listener.ready, ended, close: () => listener.close() };
  }

  /** Publishes an event, and resolves with its id. The topic is written as in a pattern: `type.action.key`. */
  async publish<const P extends string>(
    topic: P,
    object: Published<S, P>,
    options: PublishOptions & Rest<Published<S, P>> = {},
  ): Promise<string> {
    const { original, metadata, time, ...how } = options;
    const [id = ''] = await this.publishAll([{ ...topicOf(topic), object, original, metadata, time }], how);
    return id;
  }

  /** Publishes all of these events or none, and resolves with their ids. */
  async publishAll(events: readonly NewEvent[], options: PublishOptions = {}): Promise<string[]> {
    await (await this.#validator)?.check(events);
    const error = this.#closed();
    if (error !== undefined) throw error;
    this.#connection.start();
    return this.#outbox.publish(events, { ...this.#options.publish, ...options });
  }

  /** What was, oldest first, as far as the log goes back. */
  async *history<const P extends string>(
    patterns: P | readonly P[],
    options: HistoryOptions = {},
  ): AsyncGenerator<Item<Heard<S, P>>, void> {
    const values = await import('./values.ts');
    const read = this.#reader<Heard<S, P>>();
    for await (const item of values.history(this.#source(), [patterns].flat(), options)) {
      const known = item.gap === undefined ? await read(item) : item;
      if (known !== undefined) yield known;
    }
  }

  /** The latest event of each key of a type that the hub keeps, and then each change, without a gap in between. */
  async *list<const T extends string>(
    type: T,
    options: ValuesOptions = {},
  ): AsyncGenerator<Values<Heard<S, `${T}.*.*`>>, void> {
    const values = await import('./values.ts');
    yield* values.list(this.#source(), type, options) as AsyncGenerator<Values<Heard<S, `${T}.*.*`>>>;
  }

  /** The latest event of one key, or `undefined` while there is none, and then each change. */
  async *latest<const T extends string>(
    type: T,
    key: string,
    options: ValuesOptions = {},
  ): AsyncGenerator<HubEvent<Heard<S, `${T}.*.*`>> | undefined, void> {
    const values = await import('./values.ts');
    yield* values.latest(this.#source(), type, key, options) as AsyncGenerator<
      HubEvent<Heard<S, `${T}.*.*`>> | undefined
    >;
  }

  /** Whether a principal is online, and then each change. It takes a grant to receive the events of its presence. */
  async *presence(
    principal: string,
    options: Pick<ValuesOptions, 'signal'> = {},
  ): AsyncGenerator<Presence, void> {
    const { presence } = await import('./presence.ts');
    yield* presence(this.#source(), principal, options);
  }

  /** Tries to connect now, even after the hub closed the connection for good, and after a logout. */
  reconnect(): void {
    if (this.state.status === 'idle') this.#connection.start();
    else this.#connection.retry();
  }

  /** Forgets the token, ends all listeners, and closes the connection. The next use begins with a new token. */
  logout(): void {
    this.#stop('idle');
  }

  close(): void {
    this.#stop('closed');
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #reader<T>(): Reader<T> {
    const validator = this.#validator;
    if (validator === undefined) return (event) => event as HubEvent<T>;
    return async (event) => (await validator).heard(event) as Promise<HubEvent<T> | undefined>;
  }

  #source(): Source {
    return {
      ...this.#caller,
      tokens: this.#tokens,
      listen: (pattern, options) => this.listen(pattern, options),
    };
  }

  #stop(status: 'idle' | 'closed'): void {
    this.#tokens.forget();
    this.#connection.stop(status);
    this.#subscriptions.end();
    this.#outbox.end(new HubError('closed', 'The client was closed before an answer came.'));
  }

  #closed(): HubError | undefined {
    const { status, reason } = this.state;
    if (status !== 'closed') return undefined;
    return reason === undefined
      ? new HubError('closed', 'The client was closed. Expected a new one, or reconnect().')
      : closedBy(reason);
  }
}

/**
 * The address of the hub with a slash at its end, so that paths can be added. A page may give a path on its own host.
 */
function baseOf(url: string | URL): string {
  const { location } = globalThis as { location?: { readonly href: string } };
  const { origin, pathname } = new URL(String(url).replace(/^ws/, 'http'), location?.href);
  return `${origin}${pathname.replace(/\/*$/, '/')}`;
}
