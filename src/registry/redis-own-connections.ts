import { rowOf } from './redis-connection-row.ts';
import type { RegistryNode, ChangeWriter } from './redis-change-writer.ts';
import { limitReached, type ConnectionRecord, type RegistryLimits } from './registry.ts';

interface OwnConnection {
  /** As it stands in the registry. */
  row: string;
  /** Until it is known whether there is room for it. */
  adding: Promise<void> | undefined;
}

interface Removal {
  readonly row: string;
  readonly reason: string;
  readonly batch: number;
}

/** There is nothing to take off then, and whoever wanted to add it knows. */
const WAS_REFUSED = (): void => undefined;

/** What the registry should say of this node. */
export interface Expectation {
  /** How many ids, those included of which it is not known yet; and without them. */
  readonly most: number;
  readonly least: number;
  readonly removals: ReadonlyMap<string, Removal>;
  /** Whether it is known of every change whether Redis did it. */
  readonly isCertain: boolean;
}

/** The connections of this node, and what brings the registry to say the same of them. */
export class OwnConnections {
  readonly #registry: RegistryNode;
  readonly #writer: ChangeWriter;
  readonly #own = new Map<string, OwnConnection>();
  /** Those of which nobody knows whether Redis did it. There are never more than there were connections. */
  readonly #removals = new Map<string, Removal>();
  readonly #doubtful = new Set<string>();

  constructor(registry: RegistryNode, writer: ChangeWriter) {
    this.#registry = registry;
    this.#writer = writer;
  }

  async add(record: ConnectionRecord, limits: RegistryLimits): Promise<void> {
    const own: OwnConnection = { row: rowOf(record), adding: undefined };
    this.#own.set(record.Id, own);
    own.adding = this.#send('add', record.Id, own.row, maxima(limits)).then((answer) =>
      refuse(answer, record, limits),
    );
    try {
      await own.adding;
      own.adding = undefined;
    } catch (error) {
      // If it was done all the same, the next look at the registry finds one too many.
      this.#own.delete(record.Id);
      throw error;
    }
  }

  async update(record: ConnectionRecord, limits: RegistryLimits): Promise<void> {
    const own = this.#own.get(record.Id);
    await own?.adding;
    if (own === undefined || this.#own.get(record.Id) !== own) return;
    const row = rowOf(record);
    const answer = this.#send('update', record.Id, row, maxima(limits));
    // If it was done all the same, the next look at the registry takes it back.
    answer.catch(() => this.#doubtful.add(record.Id));
    refuse(await answer, record, limits);
    own.row = row;
  }

  remove(id: string, reason: string): void {
    const own = this.#own.get(id);
    if (own === undefined) return;
    if (own.adding === undefined) void this.#takeOff(id, own.row, reason);
    else void own.adding.then(() => this.remove(id, reason), WAS_REFUSED);
  }

  /** Resolves when that was done, or could not be. */
  async removeAll(reason: string): Promise<void> {
    const all = Array.from(this.#own, ([id, { row }]) => this.#takeOff(id, row, reason));
    this.#writer.flush();
    await Promise.all(all);
  }

  /** To be asked in the same instant as Redis is. */
  expect(): Expectation {
    this.#writer.flush();
    const most = this.#own.size;
    const adding = [...this.#own.values()].filter((own) => own.adding !== undefined).length;
    const isCertain = this.#removals.size === 0 && this.#doubtful.size === 0;
    return { most, least: most - adding, removals: new Map(this.#removals), isCertain };
  }

  /** What was removed with a batch that Redis did not do is removed again. */
  resend(removals: ReadonlyMap<string, Removal>, lastDone: number): void {
    for (const [id, { row, reason, batch }] of removals) {
      this.#removals.delete(id);
      if (batch > lastDone) void this.#takeOff(id, row, reason);
    }
  }

  /**
   * Compares what the registry has of this node with what this node has, and mends it.
   * @throws BelfryError `unavailable`; what was mended so far stays so
   */
  async reconcile(): Promise<void> {
    this.#writer.flush();
    const before = Array.from(this.#own, ([id, { adding }]) => ({ id, isAdded: adding === undefined }));
    const known = new Set([...before.map(({ id }) => id), ...this.#removals.keys()]);
    const { connection, keys, node } = this.#registry;
    const inRegistry = new Set(await connection.ask((redis) => redis.smembers(keys.heldBy(node))));
    const missing = before.filter(({ id, isAdded }) => isAdded && !inRegistry.has(id)).map(({ id }) => id);
    const tooMany = [...inRegistry].filter((id) => !known.has(id));
    await Promise.all([
      ...tooMany.map((id) => this.#send('remove', id, '', [JSON.stringify('not established'), ''])),
      ...missing.map((id) => this.#again('restore', id)),
      ...[...this.#doubtful].map((id) => this.#again('update', id)),
    ]);
  }

  async #again(verb: 'restore' | 'update', id: string): Promise<void> {
    const row = this.#own.get(id)?.row;
    if (row !== undefined) await this.#send(verb, id, row);
    if (verb === 'update') this.#doubtful.delete(id);
  }

  async #takeOff(id: string, row: string, reason: string): Promise<void> {
    this.#own.delete(id);
    this.#doubtful.delete(id);
    const more = [JSON.stringify(reason), ''] as const;
    const { batch, answer } = this.#writer.write({ verb: 'remove', id, row, more });
    await answer.catch(() => this.#removals.set(id, { row, reason, batch }));
  }

  #send(
    verb: 'add' | 'update' | 'remove' | 'restore',
    id: string,
    row: string,
    more: readonly [string, string] = ['', ''],
  ): Promise<number> {
    return this.#writer.write({ verb, id, row, more }).answer;
  }
}

function maxima({ perPrincipal, perAddress }: RegistryLimits): [string, string] {
  return [`${perPrincipal ?? ''}`, `${perAddress ?? ''}`];
}

/** @throws BelfryError `limit_reached`, if that is the answer of connection-change.lua */
function refuse(answer: number, { Principal }: ConnectionRecord, limits: RegistryLimits): void {
  if (answer === 1) throw limitReached('per_principal', Principal, limits.perPrincipal ?? 0);
  if (answer === 2) throw limitReached('per_address', 'this address', limits.perAddress ?? 0);
}
