import type { Cursor } from '../model/cursor.ts';
import type { BrokerStats, Deliver } from './broker.ts';
import type { Channel } from './redis-channel-reader.ts';
import type { ConnectionOptions, RedisConnection } from './redis-connection.ts';
import { DeliveryProbe } from './redis-delivery-probe.ts';
import { EventDecoder, type EventDecoderOptions } from './redis-event-decoder.ts';
import { lastOf } from './redis-log-entry.ts';
import { LogFollower } from './redis-log-follower.ts';
import { LogReader } from './redis-log-reader.ts';
import type { RedisKeys } from './redis-keys.ts';
import type { Hearer, Subscriber, Subscribers } from './redis-subscriber.ts';

export interface ShardListenerOptions extends EventDecoderOptions {
  readonly keys: RedisKeys;
  readonly subscribers: Subscribers;
  /** How the connection that hears the channel is made, where none leads to the server yet. */
  readonly connection: ConnectionOptions;
  readonly commands: RedisConnection;
  readonly reads: RedisConnection;
  readonly deliver: Deliver;
  readonly connectTimeoutMs: number;
  /** Where it begins; at the end of the log if absent. */
  readonly from?: Cursor | undefined;
  /** Called when the hub was divided anew; only in shard 0. */
  readonly divided?: (() => void) | undefined;
  readonly log: ConnectionOptions['log'];
}

/**
 * Hears what is published in one shard, from one moment on until it is closed. Its connection may be interrupted: then it reads
 * what it missed from the log.
 */
export class ShardListener implements Hearer {
  readonly channels: readonly Channel[];
  readonly #options: ShardListenerOptions;
  #subscriber: Subscriber;
  readonly #follower: LogFollower;
  readonly #probe: DeliveryProbe;
  #state: 'opening' | 'open' | 'closed' = 'opening';

  constructor(options: ShardListenerOptions) {
    const { keys, commands, reads, clock, deliver, log, subscribers, connection, from, divided } = options;
    const { shard } = keys;
    const reader = new EventDecoder(options);
    const pages = new LogReader(reads, keys);
    const follower = new LogFollower({ shard, log: pages, reader, deliver, clock, logger: log, from });
    const kind = shard === 0 ? 'message' : 'smessage';
    const channel: Channel = { kind, name: keys.channel, hear: (message) => follower.hear(message) };
    const live: Channel = { kind, name: keys.live, hear: (message) => follower.hearLive(message) };
    const anew: Channel = { kind, name: keys.divided, hear: () => (divided?.(), true) };
    this.channels = shard === 0 ? [channel, live, anew] : [channel];
    this.#options = options;
    this.#follower = follower;
    this.#subscriber = subscribers.to(commands.peer, connection);
    this.#probe = new DeliveryProbe(commands, () => this.#subscriber.ping(), keys, clock);
  }

  /** @throws BelfryError `unavailable` */
  async open(withinMs: number): Promise<void> {
    try {
      await this.#subscriber.open(this, withinMs);
      await this.#listen();
    } finally {
      if (this.#state === 'opening') this.#state = 'open';
    }
  }

  pause(): void {
    this.#follower.pause();
  }

  /** A position in the log of the shard; every event after it is delivered, or has been. */
  get position(): Cursor {
    return this.#follower.position;
  }

  /** Whether it hears the shard, as far as it knows. */
  get isHealthy(): boolean {
    const { state } = this.#follower;
    return this.#probe.holds && this.isConnected && (state === 'following' || state === 'reading');
  }

  get isConnected(): boolean {
    return this.#subscriber.isReady;
  }

  get probeMs(): number {
    return this.#probe.ms;
  }

  get gaps(): Pick<BrokerStats, 'gapsDetected' | 'gapsRepaired'> {
    return this.#follower.gaps;
  }

  /** @throws BelfryError `unavailable`, when what is published in the shard does not reach this node */
  probe(): Promise<void> {
    return this.#probe.run(this.#follower);
  }

  /**
   * Listens again after a connection is back. A failure while a connection is away is not logged, since its return calls
   * this again.
   */
  mend(): void {
    if (this.#state === 'open') void this.#mend();
  }

  /** Asks where the shard is now: if it has moved, the commands find its new master, and then lead this there too. */
  moved(): void {
    const { commands, keys } = this.#options;
    lastOf(commands, keys).then(
      () => this.mend(),
      () => undefined,
    );
  }

  async #mend(): Promise<void> {
    const { commands } = this.#options;
    if (commands.isReady && this.#leadsElsewhere(commands.peer)) return this.leadTo(commands.peer);
    try {
      await this.#listen();
    } catch (error) {
      if (this.#hasConnections) this.#options.log.warn({ err: error }, 'cannot follow the log; trying again');
    }
  }

  /** Checks whether it still hears the shard, and mends what it can. Never rejects. */
  async watch(): Promise<void> {
    if (this.#follower.state === 'paused') return this.#mend();
    try {
      await this.probe();
    } catch (error) {
      // A follower that is reading the log already would gain nothing from a new subscription.
      if (!this.#hasConnections || this.#follower.state !== 'following') return;
      this.#options.log.warn(
        { err: error },
        'events do not reach this node through Redis; subscribing again',
      );
      this.#subscriber.renew();
    }
  }

  /**
   * Hears the shard from this server. A master that became a replica keeps its subscribers and hears of new events with a delay,
   * so a pong from it would prove nothing.
   */
  leadTo(peer: string): void {
    if (!this.#leadsElsewhere(peer)) return;
    const { subscribers, connection, connectTimeoutMs } = this.#options;
    const left = this.#subscriber;
    this.#state = 'opening';
    this.#subscriber = subscribers.to(peer, connection);
    this.pause();
    void left.leave(this);
    // It goes on trying after that time, and is mended once it is ready.
    this.open(connectTimeoutMs).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    await this.#subscriber.leave(this);
  }

  #leadsElsewhere(peer: string): boolean {
    return this.#state === 'open' && this.#subscriber.peer !== peer;
  }

  get #hasConnections(): boolean {
    const { commands, reads } = this.#options;
    return commands.isReady && reads.isReady && this.isConnected;
  }

  /** Subscribes to the channel, and reads from the log what was published before the subscription began. */
  async #listen(): Promise<void> {
    await this.#subscriber.subscribe(this);
    await this.#follower.catchUp();
  }
}
