import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import type { NodeDirectory, NodeRecord, OwnReport, SettingHashes } from './node-directory.ts';

export const WARNING_KINDS = ['settings', 'name', 'eviction'] as const;

/** What is wrong with this node beside others, or with their Redis, though events flow. */
export interface NodeWarning {
  readonly kind: (typeof WARNING_KINDS)[number];
  /** What is wrong, and what was expected. */
  readonly message: string;
}

/** Twice in the time in which each node renews its lease, and so its report. */
const LOOK_MS = 2_500;
/** In Redis' own words: it takes nothing when it is full, and forgets nothing. */
const KEEPS_ALL = 'noeviction';

export interface NodeWatchOptions {
  readonly directory: NodeDirectory;
  readonly own: OwnReport;
  readonly clock: Pick<Clock, 'every'>;
  readonly log: Logger;
}

/**
 * Looks what other nodes of the same Redis say of themselves. A node counts once it has renewed its lease: of one that was
 * killed and started again, the lease of before is there for a moment longer.
 */
export class NodeWatch {
  readonly #options: NodeWatchOptions;
  /** By id, when the lease ended at the first look that found the node. */
  readonly #found = new Map<string, number>();
  #warnings: readonly NodeWarning[] = [];
  #stopTimer: (() => void) | undefined;

  constructor(options: NodeWatchOptions) {
    this.#options = options;
  }

  get warnings(): readonly NodeWarning[] {
    return this.#warnings;
  }

  /** Looks at once, and from then on. */
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
      const warnings = [
        ...this.#twins(others),
        ...(await this.#settings(others)),
        ...(await this.#eviction()),
      ];
      this.#tell(warnings);
    } catch (error) {
      // That Redis is away, its connection has said already.
      log.debug({ err: error }, 'the other nodes could not be looked at');
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

  /** A warning for each setting, with the nodes that have it otherwise. */
  async #settings(others: readonly NodeRecord[]): Promise<NodeWarning[]> {
    const { directory, own } = this.#options;
    const byDigest = Map.groupBy(others, (other) => other.digest);
    byDigest.delete(own.digest);
    const namesBy = new Map<string, string[]>();
    for (const nodes of byDigest.values()) {
      const [first] = nodes;
      const theirs = first && (await directory.settingsOf(first.id));
      for (const setting of differences(own.settings, theirs ?? {}))
        namesBy.set(setting, [...(namesBy.get(setting) ?? []), ...nodes.map(({ name }) => name)]);
    }
    return Array.from(namesBy, ([setting, names]) => ({
      kind: 'settings',
      message: `${setting} is another one on ${names.toSorted().join(', ')}. Expected the same on all nodes of one Redis.`,
    }));
  }

  async #eviction(): Promise<NodeWarning[]> {
    const policy = await this.#options.directory.evictionPolicy();
    if (policy === undefined || policy === KEEPS_ALL) return [];
    const message = `Redis forgets keys when it is full (maxmemory-policy ${policy}), and with them events and who is connected. Expected ${KEEPS_ALL}.`;
    return [{ kind: 'eviction', message }];
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

/** What only one of them has is of another version, and no difference. */
function differences(ours: SettingHashes, theirs: SettingHashes): string[] {
  return Object.keys(ours).filter((name) => theirs[name] !== undefined && theirs[name] !== ours[name]);
}
