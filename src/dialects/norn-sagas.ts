import { compareCursors, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { isJsonObject, valueOf } from '../model/json.ts';
import { bound } from '../model/bound.ts';

const TYPES: ReadonlySet<string> = new Set(['deploy', 'preflight']);
const FUNCTION = 'function';

/** `rollback` is of version 1: said once, about something that is done. */
const ENDS: ReadonlySet<string> = new Set(['completed', 'failed', 'rollback']);

/** The one action that goes on with a saga and never begins one. */
const PROGRESS = 'progress';

/** How long a saga, once it has ended, is still told whole to who does not come from a page. */
const ENDED_MS = bound(
  'time for which an ended deploy is sent whole to a command that dials late',
  3_000,
  'ms',
  'later ones hear of it no more',
);
/** How far back what goes on is told. */
const REPLAY_MS = bound(
  'time by which a running deploy is told to a new norn socket',
  30_000,
  'ms',
  'what is older is left out',
);
/** How far back ends are told to a page; and looked for, or a straggler of a deploy that is over would pass for a new one. */
export const LOOK_BACK_MS = 2 * REPLAY_MS;

/**
 * What a new socket is told once more of the given events, which are those of the last {@link LOOK_BACK_MS} in order:
 * what goes on, and
 * - a page: all ends, and what goes on since the first of them. One that lost its connection while it showed a deploy
 *   would show it for ever; one that shows none passes over the ends; and one that is told an end would take it for that
 *   of the deploy that came after, if it were not told of that one too.
 * - any other client: what ended a moment ago, whole. Norn's CLI posts first and dials then, and waits for the end of its
 *   saga. That of version 1 dials first and knows no sagas: an old end would pass for that of its own deploy, so what
 *   names no saga is not told, and nothing that ended earlier.
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

/** What somebody at a terminal may wait for. */
function isWaitedFor({ type }: HubEvent): boolean {
  return TYPES.has(type) || type === FUNCTION;
}

function isEnd({ type, action }: HubEvent): boolean {
  return TYPES.has(type) && (action === 'completed' || action === 'failed');
}

/** All of the sagas that ended since a position in the log, and the progress until then of their apps that names none. */
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
 * Of the given events, in order, those since a position in the log that belong to a deploy or preflight which none of the
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

/** What a client waits for: a deploy or preflight, or the one run of a function. */
function sagaOf({ type, object }: HubEvent): string | undefined {
  const said = valueOf(object);
  if (!isJsonObject(said)) return undefined;
  const saga = type === FUNCTION ? (said['execId'] ?? said['executionId']) : said['sagaId'];
  return typeof saga === 'string' && saga !== '' ? saga : undefined;
}

function appOf({ type, key }: HubEvent): string {
  return `${type} ${key}`;
}
