import type { Session } from '../clients/cli/session.ts';
import { readPattern } from '../clients/sdk/match.ts';
import type { HubEvent } from '../clients/sdk/item.ts';
import { HubError } from '../clients/sdk/errors.ts';
import { bound } from '../model/bound.ts';
import type { HubGate } from './hub-gate.ts';
import { isPassing } from './hub-fault.ts';
import type { SourcePosition } from './source.ts';

const CHARACTERS = bound(
  'names and patterns of units for which a source searches the log at once',
  6_000,
  'characters',
  'the next units are searched for after them',
);
/** The clocks of Redis and of this host may differ by so much. */
const SKEW_MS = bound(
  'difference between the clocks of Redis and of the host of a source',
  60_000,
  'ms',
  'a source may miss where it stopped, if what it watches began after that, and publish lines twice',
);

interface Search {
  readonly unit: string;
  readonly patterns: readonly string[];
  /** No event of the unit is older, in milliseconds since 1970. */
  readonly notBefore: number;
  readonly found: (position: SourcePosition | undefined) => void;
  readonly failed: (error: unknown) => void;
}

/** `metadata.source` of an event, which anybody may have written. */
interface Written {
  readonly name?: string;
  readonly unit?: string;
  readonly at?: unknown;
  readonly n?: unknown;
}

interface Page {
  readonly events: readonly HubEvent[];
  /** Absent where the log has nothing before the page. */
  readonly earlier?: string;
}

export interface CheckpointsOptions {
  readonly name: string;
  readonly session: Pick<Session, 'ask'>;
  readonly gate: Pick<HubGate, 'pass'>;
  readonly signal: AbortSignal;
}

/**
 * Where the units of a source stopped: the positions that their last events in the hub carry. The hub is asked for what it
 * retains of the topic of a unit, and otherwise for its log, from the end backwards. All units that ask at one time
 * share one walk through the log.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  #searches: Search[] = [];
  #isSearching = false;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /** The position of the last event of a unit that the hub has. It waits while the hub is away. @throws HubError */
  async last(
    unit: string,
    patterns: readonly string[],
    notBefore?: Date,
  ): Promise<SourcePosition | undefined> {
    const retained = await this.#retained(unit, patterns);
    if (retained !== undefined) return retained;
    return new Promise((found, failed) => {
      this.#searches.push({ unit, patterns, notBefore: notBefore?.getTime() ?? 0, found, failed });
      void this.#search();
    });
  }

  async #search(): Promise<void> {
    if (this.#isSearching) return;
    this.#isSearching = true;
    // Units that begin together are searched for together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#searches.length > 0) {
      const together = this.#together();
      try {
        await this.#walk(together);
      } catch (error) {
        for (const { failed } of together.values()) failed(error);
      }
    }
    this.#isSearching = false;
  }

  /** As many of the searches as one request can name, by the unit. */
  #together(): Map<string, Search> {
    const together = new Map<string, Search>();
    let characters = 0;
    for (let next = this.#searches[0]; next !== undefined; next = this.#searches[0]) {
      characters += encodeURIComponent(next.unit + next.patterns.join()).length + 'pattern='.length;
      if (together.has(next.unit) || (together.size > 0 && characters > CHARACTERS)) break;
      together.set(next.unit, next);
      this.#searches.shift();
    }
    return together;
  }

  /** Each page names the units that are not found yet, so the log is read at most once, however much one unit published. */
  async #walk(open: Map<string, Search>): Promise<void> {
    for (let until: string | undefined; open.size > 0;) {
      const page: Page = await this.#page(open, until);
      for (const event of page.events.toReversed()) {
        const source = this.#sourceOf(event);
        const search = open.get(source?.unit ?? '');
        if (search === undefined) continue;
        open.delete(search.unit);
        search.found(source && positionOf(source));
      }
      until = page.earlier;
      const reachedMs = until === undefined ? -Infinity : Number(until.split('-')[0]) + SKEW_MS;
      for (const { unit, notBefore, found } of open.values()) {
        if (reachedMs >= notBefore) continue;
        open.delete(unit);
        found(undefined);
      }
    }
  }

  async #page(open: ReadonlyMap<string, Search>, until: string | undefined): Promise<Page> {
    const query = new URLSearchParams({ limit: String(Math.min(open.size, 1_000)) });
    const patterns = new Set(Array.from(open.values(), (search) => search.patterns).flat());
    for (const pattern of patterns) query.append('pattern', pattern);
    const { name } = this.#options;
    query.set(
      'filters',
      JSON.stringify({ 'metadata.source.name': name, 'metadata.source.unit': [...open.keys()] }),
    );
    if (until !== undefined) query.set('until', until);
    return (await (await this.#ask(`api/v3/events?${query.toString()}`)).json()) as Page;
  }

  /** The last event of the one topic of a unit, where the hub retains it. */
  async #retained(unit: string, patterns: readonly string[]): Promise<SourcePosition | undefined> {
    const topic = onlyTopic(patterns);
    if (topic === undefined) return undefined;
    const [type, action, key] = topic.map(encodeURIComponent);
    try {
      const response = await this.#ask(`api/v3/${type}/${key}?as=events&action=${action}`);
      const source = this.#sourceOf((await response.json()) as HubEvent);
      return source?.unit === unit ? positionOf(source) : undefined;
    } catch (error) {
      if (error instanceof HubError && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  /** Asks again while the hub cannot answer. */
  async #ask(path: string): Promise<Response> {
    const { gate, session, signal } = this.#options;
    for (;;) {
      try {
        return await gate.pass(() => session.ask(path, { signal }));
      } catch (error) {
        if (signal.aborted || !isPassing(error)) throw error;
      }
    }
  }

  /** What this source wrote about itself into an event. */
  #sourceOf({ metadata }: HubEvent): Written | undefined {
    const { source } = (metadata ?? {}) as { readonly source?: Written };
    return source?.name === this.#options.name ? source : undefined;
  }
}

function positionOf({ at, n }: Written): SourcePosition | undefined {
  return typeof at === 'string' ? { at, n: Number(n) } : undefined;
}

/** The topic of patterns that name exactly one. */
function onlyTopic(patterns: readonly string[]): [string, string, string] | undefined {
  const [pattern] = patterns;
  if (pattern === undefined || patterns.length > 1) return undefined;
  const parts = readPattern(pattern).parts.map((part) =>
    part === '*' || part.length > 1 ? undefined : part[0],
  );
  return parts.every((part) => part !== undefined) ? (parts as [string, string, string]) : undefined;
}
