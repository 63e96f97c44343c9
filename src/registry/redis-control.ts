import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import { asBelfryError } from '../model/errors.ts';
import { controlCommandText, parseControlCommand, type Control, type ControlCommand } from './control.ts';
import {
  memberOf,
  revocationOf,
  REVOCATIONS_MAX,
  Revocations,
  tooManyRevocations,
  type Revocable,
  type Revocation,
} from './revocations.ts';
import { bound } from '../model/bound.ts';

/** How often a node compares its revocations with those in Redis. */
const COMPARE_MS = 5_000;

/** How many revocations one command carries. */
const KEPT_AT_ONCE = bound(
  'revocations of one command to Redis',
  1_000,
  'entries',
  'the rest goes with the next',
);

/** What the control needs of a connection to Redis. */
export interface ControlConnection {
  readonly redis: Pick<Redis, 'on'>;
  readonly isReady: boolean;
  /** @throws BelfryError `unavailable` */
  ask<T>(run: (redis: Redis) => Promise<T>): Promise<T>;
}

export interface RedisControlOptions {
  readonly prefix: string;
  /** The connection for commands. */
  readonly commands: ControlConnection;
  /** The connection that only subscribes to the channel. */
  readonly subscriber: ControlConnection;
  readonly clock: Clock;
  /** Called for messages that are not control commands. */
  readonly report: (source: string, reason: string) => void;
  readonly log: Logger;
}

/**
 * Control commands over the channel `<prefix>:control`, on which every user of the Redis with that right may send
 * them. Revocations are also stored in the sorted set `{<prefix>}:revoked` by the time they end. The sender and every
 * receiver store them. Each node reads them when it starts, when it was cut off, and when it holds another number of
 * them than Redis.
 */
export class RedisControl implements Control {
  readonly #options: RedisControlOptions;
  readonly #channel: string;
  readonly #key: string;
  readonly #revocations = new Revocations();
  #handle: (command: ControlCommand) => void = () => {};
  #stop = (): void => {};

  constructor(options: RedisControlOptions) {
    this.#options = options;
    this.#channel = `${options.prefix}:control`;
    this.#key = `{${options.prefix}}:revoked`;
  }

  /** Both connections must be open already. @throws BelfryError `unavailable` */
  async start(handle: (command: ControlCommand) => void): Promise<void> {
    const { subscriber, commands, clock } = this.#options;
    this.#handle = handle;
    // Surveys come by the same connection, on channels of their own.
    const own = Buffer.from(this.#channel);
    subscriber.redis.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      if (channel.equals(own)) this.#hear(message);
    });
    subscriber.redis.on('ready', () => void this.#try(() => this.#listen()));
    commands.redis.on('ready', () => void this.#try(() => this.#exchange()));
    this.#stop = clock.every(COMPARE_MS, () => void this.#try(() => this.#compare()));
    await this.#listen();
  }

  async send(command: ControlCommand): Promise<void> {
    if (command.kind === 'revoke') {
      const kept = await this.#options.commands.ask((redis) => redis.zcard(this.#key));
      if (kept >= REVOCATIONS_MAX) throw tooManyRevocations();
      await this.#keep([[memberOf(command), command.until]]);
      this.#take(command);
    }
    await this.#options.commands.ask((redis) => redis.publish(this.#channel, controlCommandText(command)));
  }

  isRevoked(identity: Revocable): boolean {
    return this.#revocations.has(identity, this.#options.clock.now());
  }

  async stop(): Promise<void> {
    this.#stop();
    this.#handle = () => {};
  }

  /** Subscribes to the channel, and reads the revocations that it may have missed. */
  async #listen(): Promise<void> {
    await this.#options.subscriber.ask((redis) => redis.subscribe(this.#channel));
    await this.#exchange();
  }

  #hear(message: Buffer): void {
    try {
      const command = parseControlCommand(message);
      if (command.kind === 'close') return this.#handle(command);
      if (this.#revocations.isFull) throw tooManyRevocations();
      this.#take(command);
      void this.#try(() => this.#keep([[memberOf(command), command.until]]));
    } catch (error) {
      this.#options.report('control', asBelfryError(error).code);
    }
  }

  #take(revocation: Revocation): void {
    const isNews = this.#revocations.add(revocation, this.#options.clock.now());
    if (isNews) this.#handle({ kind: 'revoke', ...revocation });
  }

  /**
   * Every received revocation is also stored, so equal numbers mean equal sets; when they differ, the sets are
   * exchanged.
   */
  async #compare(): Promise<void> {
    const { clock, commands } = this.#options;
    const now = clock.now();
    const held = this.#revocations.all(now).length;
    const kept = await commands.ask((redis) => redis.zcount(this.#key, `(${now}`, '+inf'));
    if (kept !== held) await this.#exchange();
  }

  /** Stores the revocations of this node in Redis, and takes over those that it finds there. */
  async #exchange(): Promise<void> {
    const { clock, commands } = this.#options;
    const now = clock.now();
    await this.#keep(this.#revocations.all(now));
    const found = await commands.ask((redis) =>
      redis.zrange(this.#key, `(${now}`, '+inf', 'BYSCORE', 'WITHSCORES'),
    );
    for (let i = 0; i + 1 < found.length; i += 2)
      this.#take(revocationOf(found[i] ?? '', Number(found[i + 1])));
  }

  async #keep(revocations: readonly (readonly [member: string, until: number])[]): Promise<void> {
    const { commands } = this.#options;
    // The clock of Redis decides: a node whose clock is ahead would otherwise delete revocations that still hold on
    // other nodes.
    const [seconds, micros] = await commands.ask((redis) => redis.time());
    const now = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    await commands.ask((redis) => redis.zremrangebyscore(this.#key, '-inf', now));
    for (let at = 0; at < revocations.length; at += KEPT_AT_ONCE) {
      const pairs = revocations.slice(at, at + KEPT_AT_ONCE).flatMap(([member, until]) => [until, member]);
      await commands.ask((redis) => redis.zadd(this.#key, 'GT', ...pairs));
    }
  }

  /** Logs a failure. What Redis did not do now is done at the next comparison. */
  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const { subscriber, commands, log } = this.#options;
      if (subscriber.isReady && commands.isReady)
        log.warn({ err: error }, 'cannot listen for control commands; trying again');
    }
  }
}
