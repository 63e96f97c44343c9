import { onTestFinished } from 'vitest';
import type {
  Broker,
  Deliver,
  EventPage,
  History,
  RetainedPages,
  RetainedQuery,
  Shards,
} from '../../src/broker/broker.ts';
import type { Dialect, Session } from '../../src/dialects/dialect.ts';
import { native } from '../../src/dialects/native.ts';
import { Commands, type CommandOptions } from '../../src/hub/commands.ts';
import type { ConnectionInfo } from '../../src/hub/connection-info.ts';
import type { Connection } from '../../src/hub/connection.ts';
import { heldBytes } from '../../src/hub/encoded-event.ts';
import { Hub, type HubOptions } from '../../src/hub/hub.ts';
import { Segment } from '../../src/hub/segment.ts';
import { compareCursors, START, type Cursor } from '../../src/model/cursor.ts';
import { BelfryError } from '../../src/model/errors.ts';
import type { HubEvent, NewEvent } from '../../src/model/event.ts';
import type { Once } from '../../src/model/idempotency.ts';
import { Layout } from '../../src/model/shards.ts';
import { Grants, type Identity } from '../../src/model/principal.ts';
import { ManualClock } from './clock.ts';
import { TestTransport } from './transport.ts';
import { TestRegistry } from './registry.ts';
import { parseEvent } from './formats.ts';

type Logged = HubEvent & { readonly id: Cursor };

/** A log and the delivery from it to a hub, both moved by the test. The ids of events are `1-0`, `2-0`, … */
export class TestBroker implements Broker, Shards, History {
  readonly layout: Layout = Layout.single;
  readonly published: (readonly NewEvent[])[] = [];
  /** The idempotency key of each publish. */
  readonly once: (Once | undefined)[] = [];
  /** While this error is set, every publish and every read rejects with it. */
  failure: Error | undefined;
  /** While this is true, every publish and every read of the log waits for {@link release}. */
  held = false;
  /** How many events were read from the log, and below, how many pages of the log and of tails were read. */
  read = 0;
  pages = 0;
  pageEvents = 100;
  /** Whether each event is delivered to the hub at once. */
  delivers = true;
  #log: Logged[] = [];
  #count = 0;
  #last: Cursor = START;
  #deliver: Deliver = () => false;
  #undelivered: Logged[] = [];
  #waiting: (() => void)[] = [];

  async start(deliver: Deliver): Promise<void> {
    this.#deliver = deliver;
  }

  async follow(_shard: number): Promise<Cursor> {
    return this.#last;
  }

  unfollow(): void {}
  onLayout(): void {}
  async used(): Promise<number> {
    return this.layout.used;
  }

  async publish(events: readonly NewEvent[], once?: Once): Promise<Cursor[]> {
    await this.#hold();
    if (this.failure !== undefined) throw this.failure;
    this.published.push(events);
    this.once.push(once);
    return events.map((event) => this.append(event).id);
  }

  async ready(): Promise<void> {}
  async stop(): Promise<void> {}

  async *after(cursor: Cursor): AsyncGenerator<HubEvent> {
    for (let at = cursor; ;) {
      await this.#hold();
      if (this.failure !== undefined) throw this.failure;
      const next = this.#log.find(({ id }) => compareCursors(id, at) > 0);
      if (next === undefined) return;
      at = next.id;
      this.read++;
      yield next;
    }
  }

  async *before(cursor: Cursor): AsyncGenerator<HubEvent> {
    if (this.failure !== undefined) throw this.failure;
    for (const event of this.#log.toReversed()) {
      if (compareCursors(event.id, cursor) >= 0) continue;
      this.read++;
      yield event;
    }
  }

  /** Reads the log in pages of {@link pageEvents}. */
  async page(after: Cursor, until?: Cursor): Promise<EventPage> {
    await this.#hold();
    if (this.failure !== undefined) throw this.failure;
    this.pages++;
    const rest = this.#log.filter(({ id }) => compareCursors(id, after) > 0 && isUpTo(id, until));
    const events = rest.slice(0, this.pageEvents);
    this.read += events.length;
    const isLast = events.length === rest.length;
    return { events, to: isLast && until !== undefined ? until : (events.at(-1)?.id ?? after), isLast };
  }

  async retained(_shard: number, queries: readonly RetainedQuery[]): Promise<RetainedPages> {
    await this.#hold();
    if (this.failure !== undefined) throw this.failure;
    const cursor = this.#last;
    const all = queries.map((query) => this.#log.filter((event) => isOf(query, event)).slice(-query.count));
    return { pages: all.map((events) => this.#firstPage(events, cursor)), cursor };
  }

  async tail(query: RetainedQuery, after: Cursor, until: Cursor): Promise<EventPage> {
    await this.#hold();
    if (this.failure !== undefined) throw this.failure;
    this.pages++;
    const rest = this.#log.filter((event) => isOf(query, event) && compareCursors(event.id, after) > 0);
    return this.#firstPage(
      rest.filter(({ id }) => isUpTo(id, until)),
      until,
    );
  }

  #firstPage(all: readonly Logged[], until: Cursor): EventPage {
    const events = all.slice(0, this.pageEvents);
    const isLast = events.length === all.length;
    return { events, to: isLast ? until : (events.at(-1)?.id ?? until), isLast };
  }

  /** Appends an event to the log. */
  append(event: Partial<NewEvent & Pick<HubEvent, 'size'>> = {}): Logged {
    const logged = { ...anEvent(event), id: `${++this.#count}-0`, previous: this.#last };
    this.#last = logged.id;
    this.#log.push(logged);
    this.#undelivered.push(logged);
    if (this.delivers) this.deliverNext();
    return logged;
  }

  /** Delivers the next event of the log to the hub. */
  deliverNext(): boolean {
    const next = this.#undelivered.shift();
    if (next !== undefined) this.#deliver(next);
    return next !== undefined;
  }

  /** Delivers an event to the hub that is not in the log. */
  deliverLive(event: Partial<HubEvent>): void {
    this.#deliver(anEvent(event));
  }

  /** Trims the first events of the log. */
  trim(count: number): void {
    this.#log = this.#log.slice(count);
  }

  /** Loses the whole log, as a failover does. */
  lose(): void {
    this.#log = [];
    this.#last = START;
  }

  /** How many reads and publishes wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets the read or publish that has waited longest go on. */
  release(): void {
    this.#waiting.shift()?.();
  }

  #hold(): Promise<void> | undefined {
    return this.held ? new Promise((resolve) => this.#waiting.push(resolve)) : undefined;
  }
}

function isOf({ type, action, key }: RetainedQuery, event: HubEvent): boolean {
  return event.type === type && event.action === action && event.key === key;
}

function isUpTo(id: Cursor, until: Cursor | undefined): boolean {
  return until === undefined || compareCursors(id, until) <= 0;
}

export function anEvent(event: Partial<HubEvent> = {}): HubEvent {
  const time = '2025-01-15T10:30:00Z';
  return { time, type: 'profiles', action: 'save', key: 'global', object: null, size: 100, ...event };
}

export function anIdentity(identity: Partial<Identity> = {}): Identity {
  return { principal: 'user:ada', roles: [], subscribe: Grants.all, publish: Grants.all, ...identity };
}

/** The information of a connection with this address, which is its id too. */
export function aConnection(
  remoteAddr: string,
  dialect: Dialect = native,
  session: Partial<Session> = {},
): ConnectionInfo {
  return {
    type: 'websocket',
    id: remoteAddr.replace(':', '-'),
    remoteAddr,
    userAgent: 'test/1.0',
    createTime: Date.parse('2025-01-15T10:30:00Z'),
    dialect,
    session: {
      identity: anIdentity(),
      subscriptions: [],
      heartbeat: { pingMs: 25_000, pongWaitMs: 60_000 },
      ...session,
    },
  };
}

/** A frame that a native client reads. Replies are events too. */
export type Heard = Partial<HubEvent> & Pick<HubEvent, 'type' | 'action' | 'key'>;

/** A client of the hub, seen from its socket. */
export class TestConnection {
  readonly connection: Connection;
  readonly transport: TestTransport;
  readonly #commands: Commands;
  #read = 0;

  constructor(connection: Connection, transport: TestTransport, commands: Commands) {
    this.connection = connection;
    this.transport = transport;
    this.#commands = commands;
  }

  /** Sends a frame: a text, or a native command. */
  send(frame: string | object): void {
    const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
    this.#commands.receive(this.connection, Buffer.from(text));
  }

  sendBinary(): void {
    this.#commands.receiveBinary(this.connection);
  }

  subscribe(patterns: readonly string[], more: object = {}): void {
    this.send({ id: 's', command: 'subscribe', patterns, ...more });
  }

  /** The texts that arrived since the last call. */
  takeTexts(): string[] {
    const texts = this.transport.texts.slice(this.#read);
    this.#read += texts.length;
    return texts;
  }

  /** The events that arrived since the last call. */
  take(): Heard[] {
    return this.takeTexts().map((text) => JSON.parse(text) as Heard);
  }

  /** The keys of the events that arrived since the last call, without replies. */
  takeKeys(): string[] {
    return this.take()
      .filter(({ type }) => type !== 'belfry')
      .map(({ key }) => key);
  }
}

export interface TestHub {
  readonly hub: Hub;
  readonly commands: Commands;
  readonly broker: TestBroker;
  readonly clock: ManualClock;
  /** The code of each error that was reported. */
  readonly reported: string[];
  readonly connect: (options?: ConnectOptions) => TestConnection;
  /** Connects a native client that has subscribed and has read its reply. */
  readonly subscriber: (
    patterns: readonly string[],
    options?: ConnectOptions & { readonly filters?: object },
  ) => TestConnection;
  /** Publishes an event, through broker and hub up to the sockets. */
  readonly publish: (event?: Partial<NewEvent>) => void;
}

export interface ConnectOptions extends Partial<Session> {
  readonly dialect?: Dialect;
}

export type TestHubOptions = Partial<HubOptions & CommandOptions> & {
  readonly broker?: TestBroker;
  /** For how many of the events that {@link anEvent} makes the node has room in memory. */
  readonly recentEvents?: number;
};

/** The bytes of a log cache that has room for so many of the latest events, which take half of it. */
export function cacheOf(recentEvents: number): number {
  return recentEvents === 0 ? 0 : 2 * (new Segment(START).bytes + recentEvents * heldBytes(anEvent()));
}

/** Leaves nothing of the latest events in memory, so that clients that come back read them from the log. */
export function forgetRecent({ hub }: { readonly hub: Pick<Hub, 'eventLog'> }): void {
  hub.eventLog.lanes.first.cache.startAt(hub.eventLog.position);
}

/** A hub with a broker, a clock and sockets that the test moves by hand. It stops at the end of the test. */
export async function startHub(options: TestHubOptions = {}): Promise<TestHub> {
  const clock = new ManualClock();
  const broker = options.broker ?? new TestBroker();
  const hub = new Hub({
    history: broker,
    clock,
    queue: { maxDeliveries: 256, maxBytes: 1024 * 1024 },
    writeTimeoutMs: 10_000,
    logCacheMaxBytes: cacheOf(options.recentEvents ?? 1_000),
    registry: new TestRegistry(),
    node: 'n1',
    registryLimits: {},
    ...options,
    broker,
    shards: broker,
  });
  const reported: string[] = [];
  const { connections, delivery, eventLog, stats } = hub;
  const commands = new Commands({
    clock,
    parse: (body) => parseEvent(body),
    authenticate: async () => {
      throw new BelfryError('token_invalid', 'The token is not valid.');
    },
    report: (_connection, error) => void reported.push(error.code),
    maxTopics: 1_000,
    maxPerSecond: 10_000,
    ...options,
    connections,
    delivery,
    eventLog,
    stats,
    broker,
  } satisfies CommandOptions);
  await hub.start();
  onTestFinished(() => hub.stop());
  let connected = 0;
  const connect = ({ dialect = native, ...session }: ConnectOptions = {}): TestConnection => {
    const transport = new TestTransport();
    const info = aConnection(`192.0.2.1:${++connected}`, dialect, session);
    const connection = hub.connections.attach(info, transport);
    return new TestConnection(connection, transport, commands);
  };
  return {
    hub,
    commands,
    broker,
    clock,
    reported,
    connect,
    subscriber: (patterns, { filters, ...more } = {}) => {
      const client = connect(more);
      client.subscribe(patterns, filters === undefined ? {} : { filters });
      client.takeTexts();
      return client;
    },
    publish: (event) => {
      broker.append(event);
      hub.delivery.flush();
    },
  };
}

/** Resolves when every promise has gone on as far as it can. None of them waits for anything outside of the process. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
