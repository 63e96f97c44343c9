import type { Result } from 'ioredis';
import { bound } from '../model/bound.ts';
import { claimEntries, releaseEntries } from './redis-ingress-claim.ts';
import { isRefusal, type RedisConnection } from './redis-connection.ts';
import {
  IngressDecoder,
  MAX_DEAD_LETTER_BYTES,
  type IngressDecoderOptions,
  type RawContent,
  type Outcome,
} from './redis-ingress-decoder.ts';
import { INGRESS_GROUP, type RedisKeys } from './redis-keys.ts';
import { StreamRepair, type StreamRepairOptions } from './redis-stream-repair.ts';

/** Both bounds limit what a node holds at once; a single entry may be larger than the second. */
const STAY = 'the others stay in the ingress';
const MAX_HELD = bound('ingress entries that a node holds at once', 100, 'entries', STAY);
const MAX_HELD_BYTES = bound('bytes of ingress entries that a node holds', 4_194_304, 'bytes', STAY);
const MAX_BLOCK_MS = 2_000;
const FIRST_WAIT_MS = 2;
const MAX_WAIT_MS = 200;
const MAX_RETRY_MS = 2_000;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** ingress-take.lua */
    belfryTakeBuffer(keyCount: 1, ...keysAndArguments: (string | number)[]): Result<RawEntry[], Context>;
    /** ingress-settle.lua */
    belfrySettle(keyCount: 4, ...keysAndArguments: (string | Buffer)[]): Result<(0 | 1)[], Context>;
  }
}

type RawEntry = [id: Buffer, content: RawContent];

export interface IngressConsumerOptions extends IngressDecoderOptions, StreamRepairOptions {
  /** The name of this node, under which Redis records which entries it holds. */
  readonly node: string;
  /** Entries that another node has held for this long are claimed. */
  readonly claimAfterMs?: number | undefined;
}

/**
 * Consumes the durable ingress: what a service appends to the stream `{<prefix>}:ingress` enters the log exactly
 * once, in the order of the ingress, or goes to the dead letters with the reason. What a node holds when it ends,
 * another node claims. No method rejects: the consumer goes on until it is stopped.
 *
 * No timer looks for the entries of a crashed node: the consumer claims whenever no new entry comes, and whenever one
 * has to wait.
 */
export class IngressConsumer {
  readonly streams: StreamRepair;
  readonly #connection: RedisConnection;
  readonly #keys: RedisKeys;
  readonly #options: IngressConsumerOptions;
  readonly #reader: IngressDecoder;
  readonly #claimAfterMs: number;
  readonly #blockMs: number;
  /** Entries that were taken and not settled yet, oldest first. */
  #held: Outcome[] = [];
  /** Whether Redis may have assigned entries to this node that the node does not hold. */
  #lostSight = true;
  #waitMs = FIRST_WAIT_MS;
  #moved = 0;
  #isStopped = false;
  #running: Promise<void> | undefined;
  #wake: () => void = () => undefined;

  /** The connection must be for the consumer alone, which blocks, and must know the scripts of the ingress. */
  constructor(
    connection: RedisConnection,
    keys: RedisKeys,
    options: IngressConsumerOptions,
    timeoutMs: number,
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#options = options;
    this.#reader = new IngressDecoder(options);
    this.streams = new StreamRepair(connection, keys, options);
    this.#claimAfterMs = options.claimAfterMs ?? 15_000;
    // A blocking read must end before its command counts as failed.
    this.#blockMs = Math.min(MAX_BLOCK_MS, Math.floor(timeoutMs / 2));
    connection.redis.on('ready', () => this.#wake());
  }

  /** How many events this node has moved from the ingress into the log. */
  get moved(): number {
    return this.#moved;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Stops without waiting for new entries, and releases what it holds. */
  async stop(commands: RedisConnection): Promise<void> {
    this.#isStopped = true;
    this.#connection.cut();
    this.#wake();
    if (this.#running === undefined) return;
    await this.#running;
    this.#running = undefined;
    try {
      await releaseEntries(commands, this.#keys.ingress, this.#options.node, this.#claimAfterMs);
    } catch (error) {
      this.#options.log.debug(
        { err: error },
        'could not leave the ingress; what the node held is claimed later',
      );
    }
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#isStopped) {
      try {
        await this.#begin();
        while (!this.#isStopped) {
          await this.#turn();
          failures = 0;
        }
      } catch (error) {
        failures++;
        this.#complain(error, failures);
        await this.#pause(Math.min(MAX_RETRY_MS, 50 * 2 ** failures));
      }
    }
  }

  /**
   * Starts from what Redis knows: a Redis that was emptied has neither ingress nor group, and an answer may have been
   * lost.
   */
  async #begin(): Promise<void> {
    this.#loseSight();
    await this.streams.check();
  }

  #loseSight(): void {
    this.#held = [];
    this.#lostSight = true;
  }

  async #turn(): Promise<void> {
    if (this.streams.dueInMs <= 0 && (await this.streams.check())) this.#loseSight();
    if (this.#held.length === 0) this.#held = await this.#take();
    if (this.#held.length === 0) return void (await this.#claim());
    const settled = await this.#settle();
    if (settled > 0) this.#waitMs = FIRST_WAIT_MS;
    else if (!(await this.#claim())) await this.#wait();
  }

  /**
   * Takes entries that this node holds already, else new ones; where there are none, it waits a while for the next
   * one.
   */
  async #take(): Promise<Outcome[]> {
    let entries: RawEntry[] = [];
    if (this.#lostSight) entries = await this.#takeFrom('0');
    if (entries.length === 0) {
      this.#lostSight = false;
      entries = await this.#takeFrom('>');
    }
    if (entries.length === 0) entries = await this.#takeNext();
    return entries.map(([raw, content]) => {
      const id = raw.toString('latin1');
      this.streams.saw(id);
      return this.#reader.classify(id, content);
    });
  }

  #takeFrom(from: '0' | '>'): Promise<RawEntry[]> {
    const { ingress } = this.#keys;
    return this.#connection.ask((redis) =>
      redis.belfryTakeBuffer(
        1,
        ingress,
        this.#options.node,
        from,
        MAX_HELD,
        MAX_HELD_BYTES,
        Math.max(MAX_DEAD_LETTER_BYTES, this.#options.maxEventBytes),
      ),
    );
  }

  async #takeNext(): Promise<RawEntry[]> {
    const { node } = this.#options;
    const blockMs = Math.max(1, Math.min(this.#blockMs, Math.ceil(this.streams.dueInMs)));
    const streams = ['STREAMS', this.#keys.ingress, '>'] as const;
    const found = await this.#connection.ask((redis) =>
      redis.xreadgroupBuffer('GROUP', INGRESS_GROUP, node, 'COUNT', 1, 'BLOCK', blockMs, ...streams),
    );
    const [stream] = (found ?? []) as [name: Buffer, entries: RawEntry[]][];
    return stream?.[1] ?? [];
  }

  /** @returns how many of the held entries are settled, by this node or another */
  async #settle(): Promise<number> {
    const { log, ingress, deadLetters, settled: count } = this.#keys;
    const entries = this.#held.flatMap(({ id, becomes }) => [id, ...becomes]);
    const outcomes = await this.#connection.ask((redis) =>
      redis.belfrySettle(4, log, ingress, deadLetters, count, this.#options.node, ...entries),
    );
    const settled = this.#held.splice(0, outcomes.length);
    for (const [i, { id, becomes, reason }] of settled.entries()) {
      if (outcomes[i] !== 1) continue;
      if (reason !== undefined) this.#options.report('ingress', reason);
      else if (becomes[0] === 'event') this.#moved++;
      else this.streams.missed(id);
    }
    return settled.length;
  }

  /** Claims entries of other nodes. After a claim the node reads everything that it holds from the beginning. */
  async #claim(): Promise<boolean> {
    const { node, log } = this.#options;
    const { ingress } = this.#keys;
    const claimed = await claimEntries(this.#connection, ingress, node, this.#claimAfterMs, MAX_HELD);
    if (claimed === 0) return false;
    log.info({ count: claimed }, 'claimed entries of the ingress that were held for too long');
    this.#loseSight();
    return true;
  }

  /** Waits until another node may have settled the entries before ours. */
  async #wait(): Promise<void> {
    await this.#pause(this.#waitMs);
    this.#waitMs = Math.min(MAX_WAIT_MS, this.#waitMs * 2);
  }

  #pause(ms: number): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(ms, resolve);
    this.#wake = () => {
      cancel();
      resolve();
    };
    return promise;
  }

  /** Logs only the first of several failures in a row. The connection logs its own loss. */
  #complain(error: unknown, failures: number): void {
    if (failures > 1 || !this.#connection.isReady || isRefusal(error, 'NOGROUP')) return;
    this.#options.log.warn({ err: error }, 'cannot take from the ingress; trying again');
  }
}
