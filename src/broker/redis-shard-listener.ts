import type { Cursor } from '../model/cursor.ts';
import type { BrokerStats, Deliver } from './broker.ts';
import { ChannelReader, type Hear } from './redis-channel-reader.ts';
import { RedisConnection, type ConnectionOptions } from './redis-connection.ts';
import { DeliveryProbe } from './redis-delivery-probe.ts';
import { EventDecoder, type EventDecoderOptions } from './redis-event-decoder.ts';
import { LogFollower } from './redis-log-follower.ts';
import { LogReader } from './redis-log-reader.ts';
import type { RedisKeys } from './redis-keys.ts';

export interface ShardListenerOptions extends EventDecoderOptions {
  readonly keys: RedisKeys;
  /** How the connection that hears the channel is made. */
  readonly connection: ConnectionOptions;
  readonly commands: RedisConnection;
  readonly reads: RedisConnection;
  readonly deliver: Deliver;
  readonly log: ConnectionOptions['log'];
}

/**
 * Hears what is published in one shard, from one moment on until it is closed. It has a connection of its own, which may
 * be interrupted: then it reads what it missed from the log.
 */
export class ShardListener {
  readonly #options: ShardListenerOptions;
  readonly #subscriber: RedisConnection;
  readonly #follower: LogFollower;
  readonly #probe: DeliveryProbe;
  #isOpen = false;

  constructor(options: ShardListenerOptions) {
    const { keys, commands, reads, clock, deliver, log } = options;
    const reader = new EventDecoder(options);
    const pages = new LogReader(reads, keys);
    const follower = new LogFollower({ shard: keys.shard, log: pages, reader, deliver, clock, logger: log });
    const hear: Record<string, Hear> = { [keys.channel]: (message) => follower.hear(message) };
    if (keys.shard === 0) hear[keys.live] = (message) => follower.hearLive(message);
    const channels = new ChannelReader(hear, keys.shard === 0 ? 'message' : 'smessage');
    this.#options = options;
    this.#follower = follower;
    this.#subscriber = new RedisConnection({ ...options.connection, reader: () => channels.open() });
    this.#probe = new DeliveryProbe(commands, this.#subscriber, keys, clock);
  }

  /** @throws BelfryError `unavailable` */
  async open(withinMs: number): Promise<void> {
    const { redis } = this.#subscriber;
    redis.on('close', () => this.#follower.pause());
    await this.#subscriber.open(withinMs);
    await this.#listen();
    this.#isOpen = true;
    redis.on('ready', () => void this.mend());
    // On a Cluster the slot of the shard has moved, and its channel with it.
    redis.on('moved', () => this.#subscriber.renew());
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
  async mend(): Promise<void> {
    if (!this.#isOpen) return;
    try {
      await this.#listen();
    } catch (error) {
      if (this.#hasConnections) this.#options.log.warn({ err: error }, 'cannot follow the log; trying again');
    }
  }

  /** Checks whether it still hears the shard, and mends what it can. Never rejects. */
  async watch(): Promise<void> {
    if (this.#follower.state === 'paused') return this.mend();
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
   * Connects anew unless the connection leads to this server. A master that became a replica keeps its subscribers and hears
   * of new events with a delay, so a pong from it would prove nothing.
   */
  leadTo(peer: string): void {
    if (this.isConnected && this.#subscriber.peer !== peer) this.#subscriber.renew();
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#subscriber.close();
  }

  get #hasConnections(): boolean {
    const { commands, reads } = this.#options;
    return commands.isReady && reads.isReady && this.isConnected;
  }

  /** Subscribes to the channel, and reads from the log what was published before the subscription began. */
  async #listen(): Promise<void> {
    const { shard, channel, live } = this.#options.keys;
    await this.#subscriber.ask((redis) =>
      shard === 0 ? redis.subscribe(channel, live) : redis.ssubscribe(channel),
    );
    await this.#follower.catchUp();
  }
}
