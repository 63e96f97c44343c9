import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import type { NodeDirectory, NodeRecord, OwnReport, SettingHashes } from './node-directory.ts';

export const WARNING_KINDS = ['settings', 'name', 'eviction', 'version', 'clock'] as const;

/** A problem of this node in comparison with others, or of their Redis, that does not stop events. */
export interface NodeWarning {
  readonly kind: (typeof WARNING_KINDS)[number];
  /** What is wrong, and what is expected. */
  readonly message: string;
}

/** Twice as often as each node renews its lease with its report. */
const LOOK_MS = 2_500;
/** The policy of Redis that refuses writes when it is full, and evicts nothing. */
/** Clocks that NTP keeps differ by less. */
const CLOCKS_APART_MS = 1_000;
const KEEPS_ALL = 'noeviction';
/** Every version that knows shards has this setting. */
const SHARDS = 'BELFRY_SHARDS';

export interface NodeWatchOptions {
  readonly directory: NodeDirectory;
  readonly own: OwnReport;
  /** Whether the hub has several shards, of which nodes of earlier versions know nothing. */
  readonly hasShards: () => boolean;
  /** How far apart the clocks of the masters of the hub are. */
  readonly clockSpreadMs: () => number;
  readonly clock: Pick<Clock, 'every'>;
  readonly log: Logger;
}

/**
 * Compares this node with the other nodes on the same Redis, and warns of different settings, equal names, a wrong
 * eviction policy, versions that do damage, and clocks that differ. Another node counts only after it has renewed its lease: the old lease of a node that was killed
 * and started again remains for a moment.
 */
export class NodeWatch {
  readonly #options: NodeWatchOptions;
  /** For each node the end of its lease at the first check that found it. */
  readonly #found = new Map<string, number>();
  #warnings: readonly NodeWarning[] = [];
  #othersAreReady = false;
  #stopTimer: (() => void) | undefined;

  constructor(options: NodeWatchOptions) {
    this.#options = options;
  }

  get warnings(): readonly NodeWarning[] {
    return this.#warnings;
  }

  /** Whether another node was ready at the last check, so that clients of this node would find a better one. */
  get othersAreReady(): boolean {
    return this.#othersAreReady;
  }

  /** Checks now, and from then on regularly. */
  start(): void {
    this.#stopTimer = this.#options.clock.every(LOOK_MS, () => void this.#look());
    void this.#look();
  }

  stop(): void {
    this.#stopTimer?.();
  }

  async #look(): Promise<void> {
    const { directory, log } = this.#options;
    try {
      const others = this.#alive(await directory.nodes());
      this.#othersAreReady = others.some(({ ready }) => ready);
      const warnings = [
        ...this.#twins(others),
        ...(await this.#settings(others)),
        ...(await this.#eviction()),
        ...this.#clocks(),
      ];
      this.#tell(warnings);
    } catch (error) {
      // The connection has logged already that Redis is away.
      log.debug({ err: error }, 'the other nodes could not be checked');
    }
  }

  #alive(nodes: readonly NodeRecord[]): readonly NodeRecord[] {
    const { id: own } = this.#options.directory;
    const present = new Set(nodes.map(({ id }) => id));
    for (const id of this.#found.keys()) if (!present.has(id)) this.#found.delete(id);
    return nodes.filter(({ id, leaseEndsAt }) => {
      if (id === own) return false;
      const first = this.#found.get(id);
      if (first === undefined) this.#found.set(id, leaseEndsAt);
      return first !== undefined && leaseEndsAt > first;
    });
  }

  *#twins(others: readonly NodeRecord[]): Iterable<NodeWarning> {
    const { name } = this.#options.own.report();
    const twins = others.filter((other) => other.name === name).length;
    if (twins === 0) return;
    const message = `${nodesNamed(twins)} "${name}" as well. Expected another BELFRY_NODE for each.`;
    yield { kind: 'name', message };
  }

  /** Warns of each differing setting, with the nodes on which it differs, and of nodes that know no shards. */
  async #settings(others: readonly NodeRecord[]): Promise<NodeWarning[]> {
    const { directory, own, hasShards } = this.#options;
    const older: string[] = [];
    const byDigest = Map.groupBy(others, (other) => other.digest);
    byDigest.delete(own.digest);
    const namesBy = new Map<string, string[]>();
    for (const nodes of byDigest.values()) {
      const [first] = nodes;
      const theirs = first && (await directory.settingsOf(first.id));
      if (hasShards() && theirs !== undefined && !Object.hasOwn(theirs, SHARDS))
        older.push(...nodes.map(({ name }) => name));
      for (const setting of differences(own.settings, theirs ?? {}))
        namesBy.set(setting, [...(namesBy.get(setting) ?? []), ...nodes.map(({ name }) => name)]);
    }
    return [
      ...(older.length === 0 ? [] : [{ kind: 'version' as const, message: knowNoShards(older) }]),
      ...Array.from(namesBy, ([setting, names]) => ({
        kind: 'settings' as const,
        message: `${setting} is different on ${names.toSorted().join(', ')}. Expected the same on all nodes of one Redis.`,
      })),
    ];
  }

  async #eviction(): Promise<NodeWarning[]> {
    const { evictionPolicy: policy } = await this.#options.directory.redisFacts();
    if (policy === undefined || policy === KEEPS_ALL) return [];
    const message = `Redis forgets keys when it is full (maxmemory-policy ${policy}), and with them events and connections. Expected ${KEEPS_ALL}.`;
    return [{ kind: 'eviction', message }];
  }

  *#clocks(): Iterable<NodeWarning> {
    const spreadMs = this.#options.clockSpreadMs();
    if (spreadMs <= CLOCKS_APART_MS) return;
    // The figure is in the metrics. Here it would be another warning each time.
    const message =
      'The clocks of the masters of Redis differ by more than a second, so a time as since or until means another moment in each shard. Expected masters whose clocks NTP keeps.';
    yield { kind: 'clock', message };
  }

  #tell(warnings: readonly NodeWarning[]): void {
    const before = new Set(this.#warnings.map(({ message }) => message));
    const now = new Set(warnings.map(({ message }) => message));
    for (const { kind, message } of warnings)
      if (!before.has(message)) this.#options.log.warn({ kind }, message);
    for (const message of before) if (!now.has(message)) this.#options.log.info(`no more: ${message}`);
    this.#warnings = warnings;
  }
}

function nodesNamed(count: number): string {
  return count === 1 ? 'Another node is named' : `${count} other nodes are named`;
}

function knowNoShards(nodes: readonly string[]): string {
  return (
    `${nodes.toSorted().join(', ')} runs a version without shards: what it publishes, or takes from the ingress, gets into shard 0, where clients of single types do not hear it. ` +
    'Expected the version of the other nodes: stop it at once.'
  );
}

/** A setting that only one node knows belongs to another version, and is no difference. */
function differences(ours: SettingHashes, theirs: SettingHashes): string[] {
  return Object.keys(ours).filter((name) => theirs[name] !== undefined && theirs[name] !== ours[name]);
}
