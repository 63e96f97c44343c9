import { rowOf } from './redis-connection-row.ts';
import type { RegistryNode, ChangeWriter } from './redis-change-writer.ts';
import { limitReached, type ConnectionRecord, type RegistryLimits } from './registry.ts';

interface OwnConnection {
  /** The row as it should stand in the registry. */
  row: string;
  /** Present until it is known whether the limits leave room for it. */
  adding: Promise<void> | undefined;
}

interface Removal {
  readonly row: string;
  readonly reason: string;
  readonly batch: number;
}

/** The connection was refused, so there is nothing to remove, and the caller of `add` knows. */
const WAS_REFUSED = (): void => undefined;

/** What the registry should hold of this node. */
export interface Expectation {
  /** How many ids the registry should hold: `most` counts those that are being added, `least` does not. */
  readonly most: number;
  readonly least: number;
  readonly removals: ReadonlyMap<string, Removal>;
  /** Whether the outcome of every change is known. */
  readonly isCertain: boolean;
}

/** The connections of this node, and how the registry in Redis is brought in line with them. */
export class OwnConnections {
  readonly #registry: RegistryNode;
  readonly #writer: ChangeWriter;
  readonly #own = new Map<string, OwnConnection>();
  /** Removals whose outcome is unknown. There are never more than there were connections. */
  readonly #removals = new Map<string, Removal>();
  readonly #doubtful = new Set<string>();

  constructor(registry: RegistryNode, writer: ChangeWriter) {
    this.#registry = registry;
    this.#writer = writer;
  }

  add(record: ConnectionRecord, limits: RegistryLimits): Promise<void> {
    const own: OwnConnection = { row: rowOf(record), adding: undefined };
    this.#own.set(record.Id, own);
    const answer = this.#send('add', record.Id, own.row, maxima(limits));
    own.adding = this.#added(own, answer, record, limits);
    return own.adding;
  }

  async #added(
    own: OwnConnection,
    answer: Promise<number>,
    record: ConnectionRecord,
    limits: RegistryLimits,
  ): Promise<void> {
    try {
      refuse(await answer, record, limits);
      own.adding = undefined;
    } catch (error) {
      // If Redis added it nevertheless, the next comparison with the registry finds one too many.
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
    // If Redis updated it nevertheless, the next comparison with the registry takes that back.
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

  /** Resolves when the removal was done or has failed. */
  async removeAll(reason: string): Promise<void> {
    const all = Array.from(this.#own, ([id, { row }]) => this.#takeOff(id, row, reason));
    this.#writer.flush();
    await Promise.all(all);
  }

  /** Must be called in the same instant as Redis is asked. */
  expect(): Expectation {
    this.#writer.flush();
    const most = this.#own.size;
    const adding = [...this.#own.values()].filter((own) => own.adding !== undefined).length;
    const isCertain = this.#removals.size === 0 && this.#doubtful.size === 0;
    return { most, least: most - adding, removals: new Map(this.#removals), isCertain };
  }

  /** Repeats the removals of batches that Redis did not carry out. */
  resend(removals: ReadonlyMap<string, Removal>, lastDone: number): void {
    for (const [id, { row, reason, batch }] of removals) {
      this.#removals.delete(id);
      if (batch > lastDone) void this.#takeOff(id, row, reason);
    }
  }

  /**
   * Compares the connections of this node in the registry with those that it holds, and corrects the registry.
   * @throws BelfryError `unavailable`; corrections made until then stay
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
