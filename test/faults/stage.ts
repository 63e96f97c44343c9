import { ResumingClient } from './client.ts';
import { disorder, missing } from './checker.ts';
import {
  bareFcallEntryPoint,
  fcallEntryPoint,
  httpEntryPoint,
  publishEntryPoint,
  socketEntryPoint,
  type EntryPointOptions,
} from './entry-points.ts';
import { Publisher, type EntryPoint } from './publisher.ts';
import { until } from './wait.ts';
import type { World } from './world.ts';

/** Every entry point that a stage knows. */
export const ENTRY_POINTS = {
  http: { label: 'HTTP', open: httpEntryPoint },
  fcall: { label: 'FCALL with a key', open: fcallEntryPoint },
  bareFcall: { label: 'FCALL', open: bareFcallEntryPoint },
  publish: { label: 'PUBLISH', open: publishEntryPoint },
  socket: { label: 'a socket', open: socketEntryPoint },
} as const satisfies Record<string, { label: string; open: (options: EntryPointOptions) => EntryPoint }>;

export type EntryPointName = keyof typeof ENTRY_POINTS;

/** A crowd connects at first in groups of so many clients. After a fault it may return all at once. */
const AT_ONCE = 250;
const PATTERN = 'faults.*.*';

/** A world in use: clients hear events and publishers number them, while a fault strikes. */
export class Stage {
  readonly world: World;
  readonly random: () => number;
  readonly clients: ResumingClient[] = [];
  readonly publishers: Publisher[] = [];
  /** When the fault was done or its cause was taken away, each time. */
  readonly overAt: number[] = [];

  constructor(world: World, random: () => number) {
    this.world = world;
    this.random = random;
  }

  /** Adds clients, half of them at each node, and waits until all are subscribed. Publishers slow down as clients are added. */
  async connect(count: number, urls: readonly string[] = this.world.urls): Promise<void> {
    const { random } = this;
    for (let index = 0; index < count; index++) {
      const ordered = index % 2 === 0 ? urls : urls.toReversed();
      const client = new ResumingClient({ urls: ordered, token: this.world.token, pattern: PATTERN, random });
      this.clients.push(client);
      if (index % AT_ONCE === AT_ONCE - 1) await this.#subscribed();
    }
    for (const publisher of this.publishers)
      publisher.paceMs = Math.max(publisher.paceMs, this.clients.length / 10);
    await this.#subscribed();
  }

  /** Begins to publish through each entry point. No earlier publisher of this world may have the same `name`. */
  publish(entryPoints: readonly EntryPointName[], name: string): void {
    const { urls, token, redis } = this.world;
    for (const entryPoint of entryPoints) {
      const opened = ENTRY_POINTS[entryPoint].open({ urls, token, redisUrl: redis.url });
      this.publishers.push(new Publisher(opened, `${name}-${entryPoint}`, this.random));
    }
  }

  /** Waits until `count` more events of every publisher, or of each of these, are acknowledged. */
  async flow(count: number, publishers: readonly Publisher[] = this.publishers): Promise<void> {
    const goals = publishers.map(({ accepted }) => accepted.length + count);
    await until(
      'publishing goes on',
      () => publishers.every(({ accepted }, index) => accepted.length >= (goals[index] ?? 0)),
      60_000,
    );
  }

  /** Says that the fault is done, such as a kill, or that its cause is gone. What takes time from now on is recovery. */
  over(): void {
    this.overAt.push(performance.now());
  }

  /** Waits until a publish is refused. */
  async refused(): Promise<void> {
    const before = this.publishers.reduce((sum, { refused }) => sum + refused, 0);
    await until(
      'publishes are refused',
      () => this.publishers.reduce((sum, { refused }) => sum + refused, 0) > before,
    );
  }

  /** Ends publishing, and waits until every client has heard everything. It returns the faults found, ideally none. */
  async settle(): Promise<string[]> {
    await Promise.all(this.publishers.map((publisher) => publisher.stop()));
    const lacking = (client: ResumingClient): boolean => missing(client, this.publishers).length > 0;
    let waiting = this.clients;
    await until('every client has heard everything', () => {
      waiting = waiting.filter(lacking);
      return waiting.length === 0;
    }).catch(() => undefined);
    const ofClients = this.clients.flatMap((client, index) =>
      [
        ...client.complaints,
        ...missing(client, this.publishers),
        ...disorder(client, this.publishers),
        ...(client.heard.length === 0 ? ['heard nothing at all'] : []),
      ].map((wrong) => `client ${index}: ${wrong}`),
    );
    return [...ofClients, ...this.publishers.flatMap(({ complaints }) => complaints)];
  }

  #subscribed(): Promise<void> {
    const isThere = ({ url }: ResumingClient): boolean => url !== undefined;
    return until('all clients are subscribed', () => this.clients.every(isThere), 60_000);
  }

  async leave(): Promise<void> {
    await Promise.all([
      ...this.publishers.map((publisher) => publisher.abort()),
      ...this.clients.map((client) => client.stop()),
    ]);
  }
}
