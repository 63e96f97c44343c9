import { HubError } from '../../src/clients/sdk/errors.ts';
import type { SourcePosition } from '../../src/sources/source.ts';

export interface ScriptedEvent {
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly object: unknown;
  readonly metadata: { readonly source: SourcePosition & { readonly name: string; readonly unit: string } };
}

/** What happens to a publish: whether it is taken, and what the publisher hears of it. */
export type Fate = 'taken' | 'taken, answer lost' | 'lost' | 'unavailable';

/** Takes lists of events as a hub does: all or none, and once under each key. A test decides what happens to each publish. */
export class ScriptedHub {
  readonly log: ScriptedEvent[] = [];
  /** The fates of the next publishes; after them each is taken. */
  readonly fates: Fate[] = [];
  readonly keys: string[] = [];
  readonly #known = new Map<string, string>();
  /** Events with this key are refused. */
  readonly forbiddenKey = 'forbidden';

  readonly publish = async (body: string, key: string): Promise<string[]> => {
    this.keys.push(key);
    const fate = this.fates.shift() ?? 'taken';
    await new Promise((resolve) => setImmediate(resolve));
    if (fate === 'unavailable') throw new HubError('unavailable', 'Redis is away.');
    if (fate === 'lost') throw new HubError('lost', 'No answer came.');
    const events = JSON.parse(body) as ScriptedEvent[];
    if (events.some((event) => event.key === this.forbiddenKey)) throw new HubError('forbidden', 'No grant.');
    const before = this.#known.get(key);
    if (before !== undefined && before !== body) throw new HubError('idempotency_key_reused', 'Used before.');
    if (before === undefined) this.log.push(...events);
    this.#known.set(key, body);
    if (fate === 'taken, answer lost') throw new HubError('lost', 'No answer came.');
    return events.map((_, i) => String(i));
  };

  /** As if the five minutes were over for which a hub knows a key. */
  forgetKeys(): void {
    this.#known.clear();
  }

  readonly last = (unit: string): Promise<SourcePosition | undefined> => {
    const found = this.log.findLast(({ metadata }) => metadata.source.unit === unit);
    return Promise.resolve(found && { at: found.metadata.source.at, n: found.metadata.source.n });
  };

  /** The objects of the log, in its order. */
  get objects(): unknown[] {
    return this.log.map(({ object }) => object);
  }
}
