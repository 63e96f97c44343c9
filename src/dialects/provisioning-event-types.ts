/** The event types of the Provisioning Platform: what each is in the hub, and who may hear it. */
import type { HubEvent, NewEvent } from '../model/event.ts';
import { keyOf, type NamedTopic } from '../model/format.ts';
import { isJsonObject, valueOf, type Value } from '../model/json.ts';
import { Pattern } from '../model/pattern.ts';
import { Grants, type Identity } from '../model/principal.ts';
import { bound } from '../model/bound.ts';

interface EventType {
  readonly name: string;
  /** In the hub, and the word by which clients ask for it in short. */
  readonly type: string;
  readonly action: string;
  /** The field of its data that says which one it is about. */
  readonly keyField?: string;
  /** Who may hear it; everybody with a token where absent. */
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

/** An event type of an application's own is the action of this type, to the letter. */
export const CUSTOM = 'custom';

const BY_NAME: ReadonlyMap<string, EventType> = new Map(CORE.map((core) => [core.name, core]));
const BY_TYPE: ReadonlyMap<string, EventType> = new Map(CORE.map((core) => [core.type, core]));

/** Stands for every event type of an application's own. */
const ALL_CUSTOM = '';

/** What there is to hear. */
export const ALL_EVENT_TYPES: readonly string[] = [...BY_NAME.keys(), ALL_CUSTOM];

/** The event type that a client asks for: `task` is short for `TaskStatusChanged`. */
export function eventTypeOf(asked: string): string {
  return BY_TYPE.get(asked)?.name ?? asked;
}

/** Core patterns are made once, so that thousands of subscriptions hold one. */
const PATTERNS: ReadonlyMap<string, Pattern> = new Map([
  ...CORE.map(({ name, type, action }) => [name, Pattern.of(type, action)] as const),
  [ALL_CUSTOM, Pattern.of(CUSTOM)],
]);

/** The events of one of {@link ALL_EVENT_TYPES}, or of one type of an application's own. */
export function patternOf(eventType: string): Pattern {
  return PATTERNS.get(eventType) ?? Pattern.of(CUSTOM, eventType);
}

/** What events of each event type of the platform's own are in the hub, and where their key stands. */
export const NAMED_TOPICS: Readonly<Record<string, NamedTopic>> = Object.fromEntries(
  CORE.map(({ name, type, action, keyField }) => [
    name,
    { type, action, ...(keyField !== undefined && { key: `data.${keyField}` }) },
  ]),
);

/** What an event of this event type with such data is in the hub. */
export function topicOf(eventType: string, written: Value): Pick<NewEvent, 'type' | 'action' | 'key'> {
  const core = BY_NAME.get(eventType);
  if (core === undefined) return { type: CUSTOM, action: eventType, key: '' };
  const { type, action, keyField } = core;
  if (keyField === undefined) return { type, action, key: '' };
  const data = valueOf(written);
  return { type, action, key: isJsonObject(data) ? keyOf(data[keyField]) : '' };
}

/** `undefined` for an event that the platform has no event type for. */
export function eventTypeFor({ type, action }: Pick<HubEvent, 'type' | 'action'>): string | undefined {
  // Under the name of a core type it would come back as another event, and pass for one.
  if (type === CUSTOM) return BY_NAME.has(action) ? undefined : action;
  const core = BY_TYPE.get(type);
  return core?.action === action ? core.name : undefined;
}

/** Sets of grants that are kept to be shared; more are made afresh. */
const GRANTS_MAX = bound(
  'sets of grants that provisioning sockets share',
  1_000,
  'entries',
  'more are made afresh for each',
);
const shared = new Map<string, Grants>();

/**
 * With what the platform lets its roles hear. Where grants of its own concern an event type, these alone count for that
 * type; a token that names patterns has these alone.
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
