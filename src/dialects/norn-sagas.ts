import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { isJsonObject, valueOf } from '../model/json.ts';
import { bound } from '../model/bound.ts';

const TYPES: ReadonlySet<string> = new Set(['deploy', 'preflight']);
const FUNCTION = 'function';

/** The actions that end a saga. `rollback` is of version 1 and is sent once, when the rollback is done. */
const ENDS: ReadonlySet<string> = new Set(['completed', 'failed', 'rollback']);

/** This action continues a saga and never begins one. */
const PROGRESS = 'progress';

/** How long after its end a whole saga is still sent to a client that is not a page. */
const ENDED_MS = bound(
  'time for which an ended deploy is still sent to a norn command that connects late',
  3_000,
  'ms',
  'a command that connects later is not sent it',
);
/** How far back the hub looks for sagas that are still running. */
const REPLAY_MS = bound(
  'age of the events of a running deploy that are sent to a new norn socket',
  30_000,
  'ms',
  'older events are left out',
);
/**
 * How far back the hub looks for the ends of sagas. A page is sent these ends. Without them, a late event of a
 * finished deploy would look like a new deploy.
 */
export const LOOK_BACK_MS = 2 * REPLAY_MS;

/**
 * The events that are sent once more to a new socket. They are chosen from the given events, which are those of the
 * last {@link LOOK_BACK_MS} in order. Every client is sent what is still running, and in addition:
 * - A page is sent all ends, and everything since the first of them that is still running. A page that lost its
 *   connection during a deploy would otherwise show that deploy for ever. A page that shows no deploy ignores the
 *   ends. A page that is sent an old end could take it for the end of a later deploy, so it is also sent the events of
 *   that later deploy.
 * - Any other client is sent the whole of each saga that ended a moment ago. Norn's CLI first posts, then connects,
 *   and waits for the end of its saga. The CLI of version 1 connects first and does not know sagas: it would take an
 *   old end for the end of its own deploy. So ended events that name no saga are not sent, nor is any saga that ended
 *   earlier.
 */
export function missedBy(isPage: boolean, events: readonly HubEvent[], now: number): HubEvent[] {
  const over = isPage ? events.filter(isEnd) : endedSince(events.filter(isWaitedFor), `${now - ENDED_MS}-0`);
  const since = `${now - REPLAY_MS}-0`;
  const goingOn = new Set(unfinished(events, isPage ? earlier(since, over[0]?.id) : since));
  const ended = new Set(over);
  return events.filter((event) => goingOn.has(event) || ended.has(event));
}

function earlier(one: Cursor, other: Cursor = one): Cursor {
  return compareCursors(one, other) < 0 ? one : other;
}

/** Whether somebody at a terminal may wait for this event. */
function isWaitedFor({ type }: HubEvent): boolean {
  return TYPES.has(type) || type === FUNCTION;
}

function isEnd({ type, action }: HubEvent): boolean {
  return TYPES.has(type) && (action === 'completed' || action === 'failed');
}

/**
 * All events of the sagas that ended since a position in the log, and the progress of their apps before that which
 * names no saga.
 */
function endedSince(events: readonly HubEvent[], since: Cursor): HubEvent[] {
  return [...Map.groupBy(events, appOf).values()].flatMap((ofApp) => {
    const sagas = new Set<string>();
    const along: HubEvent[] = [];
    let nameless: HubEvent[] = [];
    for (const event of ofApp) {
      const saga = sagaOf(event);
      if (saga === undefined && event.action === PROGRESS) nameless.push(event);
      if (!ENDS.has(event.action)) continue;
      if (saga !== undefined && compareCursors(event.id ?? START, since) >= 0) {
        sagas.add(saga);
        along.push(...nameless);
      }
      nameless = [];
    }
    return sagas.size === 0 ? [] : [...along, ...ofApp.filter((event) => sagas.has(sagaOf(event) ?? ''))];
  });
}

/**
 * The events, in order, since a position in the log that belong to a deploy or preflight whose end is not among the
 * given events. Some events name no saga: `deploy.progress` of allocations, and everything of version 1. Such an event
 * belongs to whatever its app was doing. It ends with the next end of that app, whichever saga that end names. A
 * progress event after an end belongs to what has ended.
 */
export function unfinished(events: readonly HubEvent[], since: Cursor): HubEvent[] {
  const told = events.filter(({ type }) => TYPES.has(type));
  const works = new Map(told.map((event) => [appOf(event), new Work()]));
  for (const event of told) works.get(appOf(event))?.add(event);
  return told.filter(
    (event) => works.get(appOf(event))?.holds(event) && compareCursors(event.id ?? START, since) >= 0,
  );
}

/** The deploys of one app, or its preflights. */
class Work {
  readonly #ended = new Set<string>();
  /** Events that name no saga and whose work has not ended. */
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

/** What a client waits for: a deploy, a preflight, or one run of a function. */
function sagaOf({ type, object }: HubEvent): string | undefined {
  const said = valueOf(object);
  if (!isJsonObject(said)) return undefined;
  const saga = type === FUNCTION ? (said['execId'] ?? said['executionId']) : said['sagaId'];
  return typeof saga === 'string' && saga !== '' ? saga : undefined;
}

function appOf({ type, key }: HubEvent): string {
  return `${type} ${key}`;
}
