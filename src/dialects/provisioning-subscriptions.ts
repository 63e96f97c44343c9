/** What a client of the Provisioning Platform queries to hear: event types, filters, and from when on. */
import { bound } from '../model/bound.ts';
import { cursorAt, type Cursor } from '../model/cursor.ts';
import { ProtocolError } from '../model/errors.ts';
import type { HubEvent } from '../model/event.ts';
import { parseFilters, type Filter } from '../model/filter.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { momentOf } from '../model/time.ts';
import type { Command, Session, OpenRequest, ReplayRequest, Subscription } from './dialect.ts';
import {
  ALL_EVENT_TYPES,
  eventTypeOf,
  LOG_ENTRY,
  METRIC_UPDATE,
  patternOf,
  TASK_STATUS_CHANGED,
} from './provisioning-event-types.ts';

/**
 * Who names no event type hears all of them, until it names one. The names of these subscriptions begin with a space,
 * as those of no other do.
 */
const UNNAMED: readonly Subscription[] = ALL_EVENT_TYPES.map((eventType) => ({
  name: unnamed(eventType),
  pattern: patternOf(eventType),
  filters: [],
  onForbidden: 'kept',
}));
const UNNAMED_NAMES = UNNAMED.map(({ name }) => name);

function unnamed(eventType: string): string {
  return ` ${eventType}`;
}

const REPLAY: ReplayRequest = {
  lastMs: bound(
    'time by which a provisioning page that comes back is told what changed',
    60_000,
    'ms',
    'it hears of what is older no more',
  ),
  select: newestStates,
};

/** What has a state that the platform's dashboard shows until it hears of another. */
const WITH_STATE: ReadonlySet<string> = new Set(['task', 'batch', 'workflow']);

/**
 * What is heard from the opening on. The platform's class connects anew and asks for nothing that it missed: its page
 * would show as running for ever what ended meanwhile. So a page (only a browser names an origin) that is signed in and
 * hears everything is told the newest state of each task, batch operation and workflow that changed lately.
 */
export function openingSubscriptions(
  { path, query, origin = '' }: Pick<OpenRequest, 'path' | 'query' | 'origin'>,
  isSignedIn: boolean,
): Pick<Session, 'subscriptions' | 'replay'> {
  const subscriptions = subscriptionsOf(path, query, isSignedIn ? 'alone' : 'kept');
  const missesStates = isSignedIn && origin !== '' && subscriptions === UNNAMED;
  return missesStates ? { subscriptions, replay: REPLAY } : { subscriptions };
}

function newestStates(events: readonly HubEvent[]): HubEvent[] {
  const states = events.filter(({ type }) => WITH_STATE.has(type));
  return [...new Map(states.map((event) => [`${event.type} ${event.key}`, event])).values()];
}

/** Event types as they were asked for, in a list or with commas between. */
export function eventTypesIn(events: string | readonly string[]): string[] {
  const asked = typeof events === 'string' ? events.split(',') : events;
  const names = asked.map((name) => eventTypeOf(name.trim())).filter((name) => name !== '');
  return [...new Set(names)];
}

/**
 * What `subscribe` comes to. `since` among the filters is from when on the log is replayed.
 * @throws ProtocolError `filter_invalid`
 */
export function subscribeCommand(eventTypes: readonly string[], filters: JsonObject): Command {
  const { since, ...fields } = filters;
  const filtersOf = filtersOn(fields);
  return {
    kind: 'subscribe',
    ref: 'subscribe',
    subscriptions: eventTypes.map((eventType) => named(eventType, filtersOf(eventType), 'alone')),
    replaces: UNNAMED_NAMES,
    ...(since !== undefined && { replay: { since: positionBefore(since), ofTime: true } }),
  };
}

/** What `unsubscribe` comes to: an event type ends, whether it was named before or not. */
export function unsubscribeCommand(eventTypes: readonly string[]): Command {
  return { kind: 'unsubscribe', ref: 'unsubscribe', names: [...eventTypes, ...eventTypes.map(unnamed)] };
}

/**
 * What the URL of a handshake asks for; `/metrics` and `/logs` are about one event type each.
 * @throws ProtocolError `filter_invalid`
 */
export function subscriptionsOf(
  path: string,
  query: URLSearchParams,
  onForbidden: NonNullable<Subscription['onForbidden']>,
): readonly Subscription[] {
  if (path === '/metrics') return [named(METRIC_UPDATE, [], onForbidden)];
  if (path === '/logs') return [named(LOG_ENTRY, logFilters(query), onForbidden)];
  const eventTypes = eventTypesIn(query.getAll('events').join());
  if (eventTypes.length === 0) return UNNAMED;
  return eventTypes.map((eventType) => named(eventType, [], onForbidden));
}

function named(
  eventType: string,
  filters: readonly Filter[],
  onForbidden: NonNullable<Subscription['onForbidden']>,
): Subscription {
  return { name: eventType, pattern: patternOf(eventType), filters, onForbidden };
}

/**
 * The filters on each event type, made once for all of them. A field is one of the data or else of the metadata; by
 * `task_name` a task is found that calls it `name`.
 */
function filtersOn(fields: JsonObject): (eventType: string) => readonly Filter[] {
  const onAll = parseFilters(fields, (path) => [
    ['object', ...path],
    ['metadata', ...path],
  ]);
  const onTasks = onAll.map((filter) => {
    const [path = [], ...others] = filter.paths;
    const isName = path.length === 2 && path[1] === 'task_name';
    return isName ? { ...filter, paths: [path, ['object', 'name'], ...others] } : filter;
  });
  return (eventType) => (eventType === TASK_STATUS_CHANGED ? onTasks : onAll);
}

/** `?level=ERROR,WARN&component=api&search=time out`; the text is looked for in the message. */
function logFilters(query: URLSearchParams): readonly Filter[] {
  const fields = ['level', 'component'].map((name) => [name, valuesIn(query, name)] as const);
  const filters = filtersOn(Object.fromEntries(fields.filter(([, values]) => values.length > 0)))(LOG_ENTRY);
  const search = query.get('search') ?? '';
  if (search === '') return filters;
  const text = `message contains ${JSON.stringify(search)}`;
  return [...filters, { text, paths: [['object', 'message']], contains: search }];
}

function valuesIn(query: URLSearchParams, name: string): string[] {
  const values = query.getAll(name).flatMap((value) => value.split(','));
  return values.map((value) => value.trim()).filter((value) => value !== '');
}

/** Before the first event that the log can have taken in at this time. */
function positionBefore(time: Json): Cursor {
  const ms = typeof time === 'string' ? momentOf(time) : undefined;
  if (ms === undefined) {
    throw new ProtocolError(
      'filter_invalid',
      'The filters are not usable: since is no time. Expected one as RFC 3339 has it: 2025-09-26T10:00:00Z.',
    );
  }
  return cursorAt(ms);
}
