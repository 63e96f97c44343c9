import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { isJsonObject } from '../model/json.ts';

const TYPES: ReadonlySet<string> = new Set(['deploy', 'preflight']);

/** `rollback` is of version 1: said once, about something that is done. */
const ENDS: ReadonlySet<string> = new Set(['completed', 'failed', 'rollback']);

/** The one action that goes on with a saga and never begins one. */
const PROGRESS = 'progress';

/**
 * Of the given events, in order, those since a place in the log that belong to a deploy or preflight which none of the
 * others ends. An event names its saga, or else (`deploy.progress` of allocations, and all that version 1 says) belongs
 * to whatever its app was at: it goes with the next end of that app, whichever saga names it, and a progress after an
 * end is that end's straggler.
 */
export function unfinished(events: readonly HubEvent[], since: Cursor): HubEvent[] {
  const told = events.filter(({ type }) => TYPES.has(type));
  const works = new Map(told.map((event) => [appOf(event), new Work()]));
  for (const event of told) works.get(appOf(event))?.add(event);
  return told.filter(
    (event) => works.get(appOf(event))?.holds(event) && compareCursors(event.id ?? START, since) >= 0,
  );
}

/** What one app is at: its deploys, or its preflights. */
class Work {
  readonly #ended = new Set<string>();
  /** Names no saga, and has not been ended. */
  #nameless = new Set<HubEvent>();
  #over = false;

  add(event: HubEvent): void {
    const saga = sagaOf(event);
    if (ENDS.has(event.action)) {
      if (saga !== undefined) this.#ended.add(saga);
      this.#nameless = new Set();
      this.#over = true;
    } else if (saga !== undefined) {
      if (!this.#ended.has(saga)) this.#over = false;
    } else if (event.action !== PROGRESS || !this.#over) {
      this.#nameless.add(event);
      this.#over = false;
    }
  }

  holds(event: HubEvent): boolean {
    const saga = sagaOf(event);
    return saga === undefined ? this.#nameless.has(event) : !this.#ended.has(saga);
  }
}

function sagaOf({ object }: HubEvent): string | undefined {
  const saga = isJsonObject(object) ? object['sagaId'] : undefined;
  return typeof saga === 'string' && saga !== '' ? saga : undefined;
}

function appOf({ type, key }: HubEvent): string {
  return `${type} ${key}`;
}
