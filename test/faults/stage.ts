import { EVERYTHING, listenersOf, rolesOf, type Role, type Size } from './cast.ts';
import { ResumingClient, type ClientOptions } from './client.ts';
import { disorder, missing } from './checker.ts';
import { ENTRY_POINTS, type EntryPointName } from './entry-points.ts';
import { Publisher } from './publisher.ts';
import { until } from './wait.ts';
import type { World } from './world.ts';

/** A crowd connects at first in groups of so many clients. After a fault it may return all at once. */
const AT_ONCE = 250;

/** A world in use: clients hear events and publishers number them, while a fault strikes. */
export class Stage {
  readonly world: World;
  readonly random: () => number;
  readonly clients: ResumingClient[] = [];
  readonly publishers: Publisher[] = [];
  /** When the fault was done or its cause was taken away, each time. */
  readonly overAt: number[] = [];

  readonly #size: Size;
  readonly #roles: readonly Role[];

  /** No earlier publisher of this world may have the same `name`. */
  constructor(
    world: World,
    size: Size,
    entryPoints: readonly EntryPointName[],
    name: string,
    random: () => number,
  ) {
    this.world = world;
    this.random = random;
    this.#size = size;
    this.#roles = rolesOf(size, entryPoints, name);
  }

  /** Adds the clients, half of them at each node, and begins to publish once all of them are subscribed. */
  async begin(): Promise<void> {
    await this.#connect(listenersOf(this.#size, this.#roles, this.random), this.world.urls);
    for (const { entryPoint, part } of this.#roles) {
      const opened = ENTRY_POINTS[entryPoint].open(this.world.entry);
      this.publishers.push(new Publisher(opened, part, this.#size.paceMs, this.random));
    }
  }

  /** Adds clients that hear everything, and waits until all are subscribed. Publishers slow down as clients are added. */
  async crowd(count: number, urls: readonly string[]): Promise<void> {
    for (const publisher of this.publishers) publisher.paceMs = Math.max(publisher.paceMs, count / 10);
    await this.#connect(
      Array.from({ length: count }, () => ({ pattern: EVERYTHING })),
      urls,
    );
  }

  async #connect(
    listeners: readonly Pick<ClientOptions, 'pattern' | 'wants' | 'open'>[],
    urls: readonly string[],
  ): Promise<void> {
    const { random, clients } = this;
    const { token } = this.world;
    for (const [index, listener] of listeners.entries()) {
      const ordered = index % 2 === 0 ? urls : urls.toReversed();
      clients.push(new ResumingClient({ ...listener, urls: ordered, token, random }));
      if (index % AT_ONCE === AT_ONCE - 1) await this.#subscribed();
    }
    await this.#subscribed();
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

  /** Waits until what these publishers have published so far is heard by every client that is connected and wants it. */
  async hears(publishers: readonly Publisher[]): Promise<void> {
    const known = publishers.map(({ accepted, unsure, entryPoint }) => ({
      accepted: [...accepted],
      unsure,
      entryPoint,
    }));
    await until(
      'every client that is connected has heard it',
      () => this.clients.every((client) => client.url === undefined || missing(client, known).length === 0),
      60_000,
    );
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
        ...(client.heard.length === 0 && this.#isFor(client) ? ['heard nothing at all'] : []),
      ].map((wrong) => `client ${index}: ${wrong}`),
    );
    return [...ofClients, ...this.publishers.flatMap(({ complaints }) => complaints)];
  }

  /** Whether any event was accepted that the client wants. */
  #isFor({ wants }: ResumingClient): boolean {
    return this.publishers.some(({ accepted }) => accepted.some(({ type, key }) => wants(type, key)));
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
