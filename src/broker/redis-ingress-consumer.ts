import { MAX_TAKEN, type RawEntry } from './redis-ingress-batch.ts';
import { claimEntries, releaseEntries } from './redis-ingress-claim.ts';
import { WRONG_SHARD } from './redis-publish-batch.ts';
import { isRefusal, type RedisConnection } from './redis-connection.ts';
import { IngressDecoder, type IngressDecoderOptions, type Outcome } from './redis-ingress-decoder.ts';
import { IngressPipeline } from './redis-ingress-pipeline.ts';
import { moveAll, type Moving, type Waiting } from './redis-ingress-move.ts';
import { WaitingEntries } from './redis-ingress-waiting.ts';
import type { RedisKeys } from './redis-keys.ts';
import { StreamRepair, type StreamRepairOptions } from './redis-stream-repair.ts';

const MAX_BLOCK_MS = 2_000;
const FIRST_WAIT_MS = 2;
const MAX_WAIT_MS = 200;
const MAX_RETRY_MS = 2_000;

export interface IngressConsumerOptions extends IngressDecoderOptions, StreamRepairOptions {
  /** The name of this node, under which Redis records which entries it holds. */
  readonly node: string;
  /** Entries that another node has held for this long are claimed. */
  readonly claimAfterMs?: number | undefined;
  readonly commandTimeoutMs: number;
  /** How events are moved to their shards, where the hub has several now. */
  readonly moving?: () => Moving | undefined;
  /** A connection for what is short. It must know the scripts of the ingress where the hub has several shards. */
  readonly commands: RedisConnection;
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
  readonly #waiting: WaitingEntries;
  #pipeline: IngressPipeline;
  #waitMs = FIRST_WAIT_MS;
  #moved = 0;
  #isStopped = false;
  #running: Promise<void> | undefined;
  #wake: () => void = () => undefined;

  /** The connection must be for the consumer alone, which blocks, and must know the scripts of the ingress. */
  constructor(connection: RedisConnection, keys: RedisKeys, options: IngressConsumerOptions) {
    this.#connection = connection;
    this.#keys = keys;
    this.#options = options;
    this.#reader = new IngressDecoder(options);
    this.streams = new StreamRepair(connection, keys, options);
    this.#claimAfterMs = options.claimAfterMs ?? 15_000;
    this.#pipeline = this.#newPipeline();
    const { moving = () => undefined } = options;
    this.#waiting = new WaitingEntries({
      ...options,
      keys,
      connection: options.commands,
      claimAfterMs: this.#claimAfterMs,
      moving,
      decoded: (entries) => this.#decoded(entries),
      settled: (outcome) => this.#count(outcome),
    });
    // A blocking read must end before its command counts as failed.
    this.#blockMs = Math.min(MAX_BLOCK_MS, Math.floor(options.commandTimeoutMs / 2));
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
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#connection.cut();
    this.#wake();
    if (this.#running === undefined) return;
    await this.#running;
    this.#running = undefined;
    await this.#waiting.stop();
    try {
      await releaseEntries(
        this.#options.commands,
        this.#keys.ingress,
        this.#options.node,
        this.#claimAfterMs,
      );
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
    this.#pipeline = this.#newPipeline();
    await this.streams.check();
  }

  #newPipeline(): IngressPipeline {
    const moving = this.#options.moving?.();
    return new IngressPipeline({
      connection: this.#connection,
      keys: this.#keys,
      node: this.#options.node,
      maxEventBytes: this.#options.maxEventBytes,
      decoded: (entries) => this.#decoded(entries),
      claimAfterMs: this.#claimAfterMs,
      move: moving && ((entries, waiting) => this.#move(entries, moving, waiting)),
      settled: (outcome) => this.#count(outcome),
    });
  }

  async #move(...[entries, moving, before]: Parameters<typeof moveAll>): Promise<Waiting> {
    const waits = await moveAll(entries, moving, before);
    if (waits.size > 0) this.#waiting.check();
    const shards = [...new Set(waits.values())].filter((shard) => !before.has(shard));
    if (shards.length > 0)
      this.#options.log.warn(
        { shards },
        'these shards do not take entries of the ingress; the entries wait, and all others go on',
      );
    return waits;
  }

  async #turn(): Promise<void> {
    if (this.streams.dueInMs <= 0) {
      if (await this.streams.check()) this.#pipeline = this.#newPipeline();
      // A node that has ended may have left entries that wait.
      this.#waiting.check();
    }
    const pipeline = this.#pipeline;
    if (pipeline.isEmpty)
      await pipeline.fill(Math.max(1, Math.min(this.#blockMs, Math.ceil(this.streams.dueInMs))));
    if (pipeline.isEmpty) return void (await this.#claim());
    if (await pipeline.advance()) this.#waitMs = FIRST_WAIT_MS;
    else if (!(await this.#claim())) await this.#wait();
  }

  #decoded(entries: readonly RawEntry[]): Outcome[] {
    return entries.map(([raw, content]) => {
      const id = raw.toString('latin1');
      this.streams.saw(id);
      return this.#reader.classify(id, content);
    });
  }

  #count({ id, becomes: [what], reason }: Outcome): void {
    if (reason !== undefined) this.#options.report('ingress', reason);
    else if (what === 'event') this.#moved++;
    else this.streams.missed(id);
  }

  /** Claims entries of other nodes. After a claim the node reads everything that it holds from the beginning. */
  async #claim(): Promise<boolean> {
    const { node, log } = this.#options;
    const { ingress } = this.#keys;
    const claimed = await claimEntries(this.#connection, ingress, node, this.#claimAfterMs, MAX_TAKEN);
    if (claimed === 0) return false;
    log.info({ count: claimed }, 'claimed entries of the ingress that were held for too long');
    this.#pipeline = this.#newPipeline();
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
    // The hub is being divided anew. What is in the ingress waits there.
    if (isRefusal(error, WRONG_SHARD)) return;
    this.#options.log.warn({ err: error }, 'cannot take from the ingress; trying again');
  }
}
