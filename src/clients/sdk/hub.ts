import { Connection, type ConnectionParts, type Driver } from './connection.ts';
import { systemEnvironment, type Environment, type SocketClass } from './environment.ts';
import { closedBy } from './errors.ts';
import type { HubEvent, Item } from './item.ts';
import { Listener, type ListenOptions } from './listener.ts';
import { late } from './late.ts';
import type { NewEvent, Outbox, PublishOptions, TopicalEvent } from './outbox.ts';
import type { Validator, Heard, Invalid, Published, Schemas } from './schema.ts';
import { StateStore, type State } from './state.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Presence } from './presence.ts';
import type * as reads from './reads.ts';
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
  readonly #parts: ConnectionParts;
  #connection: Driver;
  readonly #publishOptions: HubOptions['publish'];
  /** Changes with each `close` and `logout`. */
  #session = {};
  /** Absent before the first publish, since a page that only listens needs none. */
  #outbox: Outbox | undefined;
  /** Absent where there are no schemas. Few clients have any, so the others do not load what reads events by them. */
  readonly #validator: (() => Promise<Validator>) | undefined;

  constructor(
    url: string | URL,
    { token, events, invalid = 'throw', publish, shared = false, WebSocket }: HubOptions<S> = {},
    system: Environment = systemEnvironment(),
  ) {
    const environment = { ...system, ...(WebSocket && { WebSocket }) };
    const parts: ConnectionParts = {
      environment,
      base: baseOf(url),
      tokens: new Tokens(environment, token),
      state: new StateStore(environment.clock),
      subscriptions: new Subscriptions((code, reason) => this.#connection.fail(code, reason)),
    };
    const load = async (): Promise<Driver> => {
      const { SharedConnection } = await import('./shared-connection.ts');
      return (this.#connection = new SharedConnection(parts, shared === true ? '' : String(shared)));
    };
    this.#parts = parts;
    this.#connection = new Connection(shared === false ? parts : { ...parts, load });
    this.#publishOptions = publish;
    let validator: Validator | undefined;
    this.#validator =
      events &&
      (async () =>
        (validator ??= new (await late(() => import('./schema.ts'), environment)).Validator(
          events,
          invalid,
        )));
  }

  /** The state of the connection to the hub. It is a new object whenever something changes. */
  get state(): State {
    return this.#parts.state.current;
  }

  /** Calls back with each new state. Returns a function that ends this. */
  onState(tell: (state: State) => void): () => void {
    return this.#parts.state.onChange(tell);
  }

  /**
   * Events that match from now on, each once and in order, through all interruptions. If events may be missing, an
   * item with a `gap` says so.
   */
  listen<const P extends string>(
    patterns: P | readonly P[],
    options: ListenOptions = {},
  ): Listener<Heard<S, P>> {
    const listener = new Listener<Heard<S, P>>(patterns, options, this.#parts.subscriptions, this.#validator);
    const { status, reason } = this.state;
    if (status === 'closed') listener.end(closedBy(reason));
    else if (options.signal?.aborted === true) listener.end();
    else {
      this.#parts.subscriptions.add(listener);
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
    const [id = ''] = await this.#publish([{ topic, object, original, metadata, time }], how);
    return id;
  }

  /** Publishes all of these events or none, and resolves with their ids. */
  publishAll(events: readonly NewEvent[], options: PublishOptions = {}): Promise<string[]> {
    return this.#publish(events, options);
  }

  /** What was, oldest first, as far as the log goes back. */
  history<const P extends string>(
    patterns: P | readonly P[],
    options: HistoryOptions = {},
  ): AsyncGenerator<Item<Heard<S, P>>, void> {
    return this.#read(({ history }, source) => history(source, [patterns].flat(), options));
  }

  /** The latest event of each key of a type that the hub keeps, and then each change, without a gap in between. */
  list<const T extends string>(
    type: T,
    options: ValuesOptions = {},
  ): AsyncGenerator<Values<Heard<S, `${T}.*.*`>>, void> {
    return this.#read(({ list }, source) => list(source, type, options));
  }

  /** The latest event of one key, or `undefined` while there is none, and then each change. */
  latest<const T extends string>(
    type: T,
    key: string,
    options: ValuesOptions = {},
  ): AsyncGenerator<HubEvent<Heard<S, `${T}.*.*`>> | undefined, void> {
    return this.#read(({ latest }, source) => latest(source, type, key, options));
  }

  /** Whether a principal is online, and then each change. It takes a grant to receive the events of its presence. */
  presence(principal: string, options: Pick<ValuesOptions, 'signal'> = {}): AsyncGenerator<Presence, void> {
    return this.#read(({ presence }, source) => presence(source, principal, options));
  }

  /** Tries to connect now, even after the hub closed the connection for good, and after a logout. */
  reconnect(): void {
    this.#connection.retry();
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

  async #publish(events: readonly (NewEvent | TopicalEvent)[], options: PublishOptions): Promise<string[]> {
    const { environment, state, subscriptions } = this.#parts;
    const how = { ...this.#publishOptions, ...options };
    const session = this.#session;
    this.#connection.start();
    // This is a copy, since what is published must not change while it waits.
    const copy = JSON.parse(JSON.stringify(events)) as typeof events;
    const { Outbox, eventOf } = await late(() => import('./outbox.ts'), environment, how);
    await (await this.#validator?.())?.check(events.map(eventOf));
    if (this.#session !== session) throw closedBy();
    this.#outbox ??= new Outbox(environment.clock, state, () => subscriptions.link);
    return this.#outbox.publish(copy.map(eventOf), how);
  }

  /** What is read has the types that the schemas promise. */
  async *#read<T>(
    begin: (part: typeof reads, source: Source) => AsyncGenerator<unknown, void>,
  ): AsyncGenerator<T, void> {
    const part = await late(() => import('./reads.ts'), this.#parts.environment);
    const listen: Source['listen'] = (pattern, options) => this.listen(pattern, options);
    yield* begin(part, { ...this.#parts, listen, reader: this.#validator }) as AsyncGenerator<T, void>;
  }

  #stop(status: 'idle' | 'closed'): void {
    this.#session = {};
    this.#parts.tokens.forget();
    this.#connection.stop(status);
    this.#parts.subscriptions.end();
    this.#outbox?.end();
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
