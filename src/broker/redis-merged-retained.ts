import type { HubEvent } from '../model/event.ts';
import type { Layout } from '../model/shards.ts';
import type { LatestQuery, Permits, Retained } from './broker.ts';

/** The latest events of all shards, in the order of their keys. A key lies in one shard. */
export class MergedRetained implements Retained {
  readonly #layout: () => Layout;
  readonly #of: (shard: number) => Retained;

  constructor(layout: () => Layout, of: (shard: number) => Retained) {
    this.#layout = layout;
    this.#of = of;
  }

  keeps(type: string): boolean {
    return this.#of(0).keeps(type);
  }

  async latest(
    type: string,
    query: LatestQuery = {},
  ): Promise<{ readonly events: HubEvent[]; readonly total: number }> {
    const shards = this.#layout().shardsOfType(type);
    const [first = 0] = shards;
    if (shards.length === 1) return this.#of(first).latest(type, query);
    const { offset = 0, limit = Infinity, ...which } = query;
    const parts = await Promise.all(
      shards.map((shard) => this.#of(shard).latest(type, { ...which, limit: offset + limit })),
    );
    const events = parts.flatMap((part) => part.events).toSorted((a, b) => (a.key < b.key ? -1 : 1));
    return {
      events: events.slice(offset, offset + limit),
      total: parts.reduce((sum, { total }) => sum + total, 0),
    };
  }

  latestOf(type: string, key: string, permits?: Permits): Promise<HubEvent | undefined> {
    return this.#of(this.#layout().shardOf(type, key)).latestOf(type, key, permits);
  }
}
