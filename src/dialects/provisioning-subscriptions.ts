/**
 * What a client of the Provisioning Platform subscribes to: event types, filters, and the position from which they
 * begin.
 */
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
 * A client that names no event type receives all of them until it names one. The names of these subscriptions begin
 * with a space, and no other names do.
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
    'age of the changes that are sent to a provisioning page when it reconnects',
    60_000,
    'ms',
    'older changes are not sent',
  ),
  select: newestStates,
};

/** Things that have a state which the platform's dashboard shows until it receives another state. */
const WITH_STATE: ReadonlySet<string> = new Set(['task', 'batch', 'workflow']);

/**
 * The subscriptions that begin with the connection. The platform's client class reconnects and does not ask for what
 * it missed: its page would for ever show work as running that has ended meanwhile. So a page that is signed in and
 * receives everything is sent the newest state of each task, batch operation and workflow that changed lately. A
 * client that names an origin is a page, since only browsers do.
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

/** The event types that a client asked for, in a list or separated by commas. */
export function eventTypesIn(events: string | readonly string[]): string[] {
  const asked = typeof events === 'string' ? events.split(',') : events;
  const names = asked.map((name) => eventTypeOf(name.trim())).filter((name) => name !== '');
  return [...new Set(names)];
}

/**
 * The meaning of `subscribe`. A `since` among the filters is the time from which the log is replayed.
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

/** The meaning of `unsubscribe`: the event types end, whether the client had named them or not. */
export function unsubscribeCommand(eventTypes: readonly string[]): Command {
  return { kind: 'unsubscribe', ref: 'unsubscribe', names: [...eventTypes, ...eventTypes.map(unnamed)] };
}

/**
 * The subscriptions that the URL of a handshake asks for. `/metrics` and `/logs` are about one event type each.
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
 * The filters of each event type, made once for all of them. A field is looked for in the data and in the metadata.
 * `task_name` also finds a task that calls this field `name`.
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

/** `?level=ERROR,WARN&component=api&search=time out`. The text of `search` is looked for in the message. */
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

/** The position before the first event that the log can have stored at this time. */
function positionBefore(time: Json): Cursor {
  const ms = typeof time === 'string' ? momentOf(time) : undefined;
  if (ms === undefined) {
    throw new ProtocolError(
      'filter_invalid',
      'The filters are not usable: since is not a time. Expected the format of RFC 3339, as in 2025-09-26T10:00:00Z.',
    );
  }
  return cursorAt(ms);
}
