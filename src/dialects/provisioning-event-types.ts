/**
 * The event types of the Provisioning Platform, with the topic of each in the hub and the roles that may receive it.
 */
import type { HubEvent, NewEvent } from '../model/event.ts';
import { keyOf, type NamedTopic } from '../model/format.ts';
import { isJsonObject, valueOf, type Value } from '../model/json.ts';
import { Pattern } from '../model/pattern.ts';
import { Grants, type Identity } from '../model/principal.ts';
import { bound } from '../model/bound.ts';

interface EventType {
  readonly name: string;
  /** The type in the hub. It is also the short name by which clients may ask for the event type. */
  readonly type: string;
  readonly action: string;
  /** The field of the data that names what the event is about. */
  readonly keyField?: string;
  /** The roles that may receive the event type. If absent, everybody with a token may. */
  readonly roles?: readonly string[];
}

export const TASK_STATUS_CHANGED = 'TaskStatusChanged';
export const LOG_ENTRY = 'LogEntry';
export const METRIC_UPDATE = 'MetricUpdate';

const CORE: readonly EventType[] = [
  { name: TASK_STATUS_CHANGED, type: 'task', action: 'status_changed', keyField: 'task_id' },
  { name: 'BatchOperationUpdate', type: 'batch', action: 'update', keyField: 'batch_id' },
  { name: 'SystemHealthUpdate', type: 'system', action: 'health_update', roles: ['admin'] },
  { name: 'WorkflowProgressUpdate', type: 'workflow', action: 'progress_update', keyField: 'workflow_id' },
  { name: LOG_ENTRY, type: 'log', action: 'entry', keyField: 'component', roles: ['admin', 'developer'] },
  { name: METRIC_UPDATE, type: 'metric', action: 'update', keyField: 'metric_name' },
];

/**
 * The hub's type for event types that an application defines. The name of such an event type is the action, unchanged.
 */
export const CUSTOM = 'custom';

const BY_NAME: ReadonlyMap<string, EventType> = new Map(CORE.map((core) => [core.name, core]));
const BY_TYPE: ReadonlyMap<string, EventType> = new Map(CORE.map((core) => [core.type, core]));

/** Means every event type that an application defines. */
const ALL_CUSTOM = '';

/** All event types to which a client can subscribe. */
export const ALL_EVENT_TYPES: readonly string[] = [...BY_NAME.keys(), ALL_CUSTOM];

/** The event type that a client asks for: `task` is short for `TaskStatusChanged`. */
export function eventTypeOf(asked: string): string {
  return BY_TYPE.get(asked)?.name ?? asked;
}

/** The patterns of core types are made once, so that thousands of subscriptions share them. */
const PATTERNS: ReadonlyMap<string, Pattern> = new Map([
  ...CORE.map(({ name, type, action }) => [name, Pattern.of(type, action)] as const),
  [ALL_CUSTOM, Pattern.of(CUSTOM)],
]);

/** The pattern of one of {@link ALL_EVENT_TYPES}, or of one event type that an application defines. */
export function patternOf(eventType: string): Pattern {
  return PATTERNS.get(eventType) ?? Pattern.of(CUSTOM, eventType);
}

/** The type and action in the hub of each event type of the platform, and the path of its key. */
export const NAMED_TOPICS: Readonly<Record<string, NamedTopic>> = Object.fromEntries(
  CORE.map(({ name, type, action, keyField }) => [
    name,
    { type, action, ...(keyField !== undefined && { key: `data.${keyField}` }) },
  ]),
);

/** The topic in the hub of an event with this event type and data. */
export function topicOf(eventType: string, written: Value): Pick<NewEvent, 'type' | 'action' | 'key'> {
  const core = BY_NAME.get(eventType);
  if (core === undefined) return { type: CUSTOM, action: eventType, key: '' };
  const { type, action, keyField } = core;
  if (keyField === undefined) return { type, action, key: '' };
  const data = valueOf(written);
  return { type, action, key: isJsonObject(data) ? keyOf(data[keyField]) : '' };
}

/** The event type of an event, or `undefined` if the platform has none for it. */
export function eventTypeFor({ type, action }: Pick<HubEvent, 'type' | 'action'>): string | undefined {
  // With the name of a core type, a client would take the event for one of that type.
  if (type === CUSTOM) return BY_NAME.has(action) ? undefined : action;
  const core = BY_TYPE.get(type);
  return core?.action === action ? core.name : undefined;
}

/** This many sets of grants are kept and shared. Each further set is made for one connection. */
const GRANTS_MAX = bound(
  'sets of grants that provisioning sockets share',
  1_000,
  'entries',
  'more are made for each connection',
);
const shared = new Map<string, Grants>();

/**
 * The identity with what the platform permits its roles to receive. If grants of the identity concern an event type,
 * only these grants count for that type. An identity whose token names patterns has only those patterns.
 */
export function withDefaultGrants(identity: Identity): Identity {
  const { subscribe, roles, limited = false } = identity;
  if (limited) return identity;
  const defaults = ALL_EVENT_TYPES.filter((name) => mayHear(roles, name)).map(patternOf);
  const added = defaults.filter((pattern) => !subscribe.overlap(pattern));
  if (added.length === 0) return identity;
  const grants = new Grants([...subscribe.patterns, ...added]);
  const known = shared.get(grants.text);
  if (known === undefined && shared.size < GRANTS_MAX) shared.set(grants.text, grants);
  return { ...identity, subscribe: known ?? grants };
}

function mayHear(roles: readonly string[], eventType: string): boolean {
  return BY_NAME.get(eventType)?.roles?.some((role) => roles.includes(role)) ?? true;
}
