import type { Broker } from '../broker/broker.ts';
import type { Command, Subscription } from '../dialects/dialect.ts';
import { CLOSE } from '../model/close.ts';
import { asBelfryError, BelfryError, ProtocolError } from '../model/errors.ts';
import type { NewEvent } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import type { Identity } from '../model/principal.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';
import { Replay } from './replay.ts';

/** Commands that may wait behind a slow one of the same connection. */
const MAX_WAITING = 1_000;

export interface CommandOptions {
  readonly hub: Hub;
  readonly broker: Broker;
  readonly authenticate: (token: string) => Promise<Identity>;
  /** Told of frames that are no command, and of faults of the hub itself. */
  readonly report: (connection: Connection, error: BelfryError) => void;
  /** Per connection, over all its subscriptions, comma lists expanded. */
  readonly maxTopics: number;
  readonly maxPerSecond: number;
}

/** What clients ask for, carried out in the order in which each asked, and answered in its dialect. */
export class Commands {
  readonly #options: CommandOptions;
  readonly #pending = new WeakMap<Connection, Pending>();

  constructor(options: CommandOptions) {
    this.#options = options;
  }

  /** A text frame from a client. Never throws. */
  receive(connection: Connection, frame: string): void {
    if (!this.#admit(connection)) return;
    try {
      this.run(connection, connection.dialect.decode(frame));
    } catch (error) {
      this.#refuse(connection, error instanceof ProtocolError ? error.ref : '', error);
    }
  }

  /** A frame that is not text, which no dialect has a use for. */
  receiveBinary(connection: Connection): void {
    if (!this.#admit(connection)) return;
    this.#refuse(
      connection,
      '',
      new ProtocolError('command_invalid', 'Not a command: a binary frame. Expected a text frame.'),
    );
  }

  /** Carries out a command, at once if nothing is before it. */
  run(connection: Connection, command: Command): void {
    const pending = this.#pendingOf(connection);
    if (pending.waiting.length >= MAX_WAITING) return connection.close(CLOSE.rateLimit);
    pending.waiting.push(command);
    if (!pending.busy) this.#work(connection, pending);
  }

  #admit(connection: Connection): boolean {
    if (!connection.isOpen) return false;
    const { hub, maxPerSecond } = this.#options;
    const admitted = this.#pendingOf(connection).admit(hub.clock.elapsed(), maxPerSecond);
    if (admitted) hub.stats.commands++;
    else connection.close(CLOSE.rateLimit);
    return admitted;
  }

  #work(connection: Connection, pending: Pending): void {
    for (let command = pending.waiting.shift(); command !== undefined; command = pending.waiting.shift()) {
      if (!connection.isOpen) return;
      const done = this.#execute(connection, command);
      if (done === undefined) continue;
      pending.busy = true;
      void done.finally(() => {
        pending.busy = false;
        this.#work(connection, pending);
      });
      return;
    }
  }

  /** A promise when it takes longer than this turn; it never rejects. */
  #execute(connection: Connection, command: Command): Promise<void> | undefined {
    try {
      return this.#start(connection, command)?.catch((error: unknown) =>
        this.#refuse(connection, command.ref, error, command),
      );
    } catch (error) {
      this.#refuse(connection, command.ref, error, command);
      return undefined;
    }
  }

  #start(connection: Connection, command: Command): Promise<void> | undefined {
    switch (command.kind) {
      case 'subscribe':
        return this.#subscribe(connection, command);
      case 'unsubscribe':
        this.#options.hub.change(connection, () => {
          for (const name of command.names) connection.subscriptions.delete(name);
          this.#reply(connection, command, { patterns: command.names });
        });
        return undefined;
      case 'publish':
        return this.#publish(connection, command.ref, command.events);
      case 'auth':
        return this.#authenticate(connection, command.ref, command.token);
      case 'ping':
        this.#reply(connection, command, {});
        return undefined;
    }
  }

  #subscribe(connection: Connection, command: Command & { kind: 'subscribe' }): Promise<void> | undefined {
    const { subscriptions, since } = command;
    this.#checkSubscriptions(connection, subscriptions);
    const { hub } = this.#options;
    const reply = { patterns: subscriptions.map(({ name }) => name), cursor: since ?? hub.position };
    const join = (): void => {
      for (const subscription of subscriptions) connection.hear(subscription, since ?? hub.position);
    };
    if (since === undefined) {
      hub.change(connection, () => {
        this.#reply(connection, command, reply);
        join();
      });
      return undefined;
    }
    this.#reply(connection, command, reply);
    return new Replay(hub, connection, subscriptions, since).run(() => hub.change(connection, join));
  }

  #checkSubscriptions(connection: Connection, added: readonly Subscription[]): void {
    for (const { pattern } of added) {
      if (connection.identity.subscribe.overlap(pattern)) continue;
      const { principal } = connection.identity;
      throw new BelfryError(
        'forbidden',
        `${principal} holds no grant to hear "${pattern.text}". Expected a pattern within its grants.`,
      );
    }
    const names = new Set(added.map(({ name }) => name));
    const kept = [...connection.subscriptions.values()].filter(
      ({ subscription }) => !names.has(subscription.name),
    );
    const topics = [...kept.map(({ subscription }) => subscription), ...added].reduce(
      (sum, { pattern }) => sum + pattern.size,
      0,
    );
    if (topics <= this.#options.maxTopics) return;
    throw new BelfryError(
      'pattern_invalid',
      `The subscriptions expand to ${topics} topics. Expected at most ${this.#options.maxTopics} a connection.`,
    );
  }

  async #publish(connection: Connection, ref: string, events: readonly NewEvent[]): Promise<void> {
    const { broker, hub } = this.#options;
    const ids = await broker.publish(ownEvents(connection.identity, events));
    hub.tell(connection, 'publish', ref, { ids });
  }

  async #authenticate(connection: Connection, ref: string, token: string): Promise<void> {
    const { hub, authenticate } = this.#options;
    const identity = await authenticate(token);
    if (!connection.isOpen) return;
    hub.identify(connection, identity);
    const { principal, expiresAt } = identity;
    hub.tell(connection, 'auth', ref, {
      principal,
      expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
    });
  }

  #reply(connection: Connection, { kind, ref }: Command, object: Json): void {
    this.#options.hub.tell(connection, kind, ref, object);
  }

  #refuse(connection: Connection, ref: string, thrown: unknown, command?: Command): void {
    const error = asBelfryError(thrown);
    this.#options.report(connection, error);
    const { code, message, see } = error;
    const { hub } = this.#options;
    hub.tell(connection, 'error', ref, { command: command?.kind ?? null, code, message, see });
  }

  #pendingOf(connection: Connection): Pending {
    let pending = this.#pending.get(connection);
    if (pending === undefined) this.#pending.set(connection, (pending = new Pending()));
    return pending;
  }
}

/** The events as published by this principal. @throws BelfryError `forbidden` unless it may publish all of them */
export function ownEvents({ principal, publish }: Identity, events: readonly NewEvent[]): NewEvent[] {
  return events.map((event) => {
    if (publish.permit(event)) return { ...event, principal };
    const { type, action, key } = event;
    throw new BelfryError(
      'forbidden',
      `${principal} holds no grant to publish "${type}.${action}.${key}". Expected an event within its grants.`,
    );
  });
}

/** The commands of one connection: those that wait, and how many more it may send this second. */
class Pending {
  readonly waiting: Command[] = [];
  busy = false;
  #second = 0;
  #count = 0;

  admit(elapsedMs: number, maxPerSecond: number): boolean {
    const second = Math.floor(elapsedMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
    }
    return ++this.#count <= maxPerSecond;
  }
}
