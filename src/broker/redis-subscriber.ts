import { ChannelReader, type Channel } from './redis-channel-reader.ts';
import { RedisConnection, type ConnectionOptions } from './redis-connection.ts';

/** What hears some channels of a connection that it shares with others. */
export interface Hearer {
  readonly channels: readonly Channel[];
  /** The connection is lost, and what is published meanwhile is not heard. */
  pause(): void;
  /** The connection is back. */
  mend(): void;
  /** The connection leads to a server of a Cluster from which a channel has moved, this one or another. */
  moved(): void;
}

/** The connections on which the shards of a hub are heard: one to each server, whatever shards it has. */
export class Subscribers {
  readonly #all = new Set<Subscriber>();

  /** A connection to the server at this peer. If there is none yet, it is made with these options, which must lead there. */
  to(peer: string, options: ConnectionOptions): Subscriber {
    for (const subscriber of this.#all) if (subscriber.peer === peer) return subscriber;
    const made = new Subscriber(peer, options, () => this.#all.delete(made));
    this.#all.add(made);
    return made;
  }
}

/** A connection on which channels are heard, for as long as anybody hears one. */
export class Subscriber {
  readonly #connection: RedisConnection;
  readonly #channels = new ChannelReader();
  readonly #hearers = new Set<Hearer>();
  readonly #ended: () => void;
  #peer: string;
  #opening: Promise<void> | undefined;

  constructor(peer: string, options: ConnectionOptions, ended: () => void) {
    this.#peer = peer;
    this.#ended = ended;
    this.#connection = new RedisConnection({ ...options, reader: () => this.#channels.open() });
    const { redis } = this.#connection;
    redis.on('ready', () => {
      this.#peer = this.#connection.peer;
      this.#hearers.forEach((hearer) => hearer.mend());
    });
    redis.on('close', () => this.#hearers.forEach((hearer) => hearer.pause()));
    redis.on('moved', () => this.#hearers.forEach((hearer) => hearer.moved()));
  }

  /** The address and port of the server to which it leads, or has led until it was lost. */
  get peer(): string {
    return this.#peer;
  }

  get isReady(): boolean {
    return this.#connection.isReady;
  }

  /** @throws BelfryError `unavailable` */
  async open(hearer: Hearer, withinMs: number): Promise<void> {
    this.#hearers.add(hearer);
    this.#channels.add(hearer.channels);
    await (this.#opening ??= this.#connection.open(withinMs));
  }

  /** Resolves when Redis sends what is published on the channels. @throws BelfryError `unavailable` */
  async subscribe({ channels }: Hearer): Promise<void> {
    await this.#connection.ask((redis) =>
      Promise.all(
        channels.map(({ kind, name }) =>
          kind === 'message' ? redis.subscribe(name) : redis.ssubscribe(name),
        ),
      ),
    );
  }

  /** Redis answers after every message that was published before. @throws BelfryError `unavailable` */
  async ping(): Promise<void> {
    await this.#connection.ask((redis) => redis.ping());
  }

  /** Closes the socket and opens a new one, for all who hear it. */
  renew(): void {
    if (this.isReady) this.#connection.renew();
  }

  /** Hears nothing more. The connection is closed with the last one who leaves it. */
  async leave(hearer: Hearer): Promise<void> {
    this.#hearers.delete(hearer);
    this.#channels.remove(hearer.channels);
    if (this.#hearers.size === 0) {
      this.#ended();
      return this.#connection.close();
    }
    await this.#connection.ask((redis) => this.#unsubscribe(redis, hearer)).catch(() => undefined);
  }

  async #unsubscribe(redis: RedisConnection['redis'], { channels }: Hearer): Promise<void> {
    for (const { kind, name } of channels)
      await (kind === 'message' ? redis.unsubscribe(name) : redis.sunsubscribe(name));
  }
}
