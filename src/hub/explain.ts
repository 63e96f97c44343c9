import { compareCursors, cursorBefore, shardOfCursor, START, type Cursor } from '../model/cursor.ts';
import type { HubEvent } from '../model/event.ts';
import { cursorAfter, isAfter } from '../model/position.ts';
import type { Connection } from './connection.ts';
import { EncodedEvent } from './encoded-event.ts';
import type { EventLog } from './event-log.ts';
import { Stats } from './stats.ts';
import { matches } from './subscription.ts';
import type { ActiveSubscription } from './subscriptions.ts';

/** One rule on the way of an event to a connection, and what it decided. */
export interface Step {
  readonly rule: 'reached' | 'subscribed' | 'grant' | 'filter' | 'dialect' | 'queue';
  readonly passed: boolean;
  readonly detail: string;
}

export interface Explanation {
  readonly outcome:
    'sent' | 'queued' | 'not_reached' | 'not_subscribed' | 'not_permitted' | 'filtered' | 'unsupported';
  /** The rules in the order in which the hub asks them, up to the one that stopped the event. */
  readonly why: readonly Step[];
}

const STOPPED_BY = {
  reached: 'not_reached',
  subscribed: 'not_subscribed',
  grant: 'not_permitted',
  filter: 'filtered',
  dialect: 'unsupported',
  queue: 'queued',
} as const satisfies Record<Step['rule'], Explanation['outcome']>;

/** The event with this id, or `undefined` if the log does not have it. Rejects with BelfryError `unavailable`. */
export async function eventAt(
  { history }: Pick<EventLog, 'history'>,
  id: Cursor,
): Promise<HubEvent | undefined> {
  for await (const event of history.after(cursorBefore(id))) return event.id === id ? event : undefined;
  return undefined;
}

/** Which rule stops or passes an event for a connection, as its subscriptions and grants are now. */
export function explain(
  log: Pick<EventLog, 'position'>,
  connection: Connection,
  event: HubEvent,
): Explanation {
  const why: Step[] = [];
  for (const step of steps(log, connection, event)) {
    why.push(step);
    if (!step.passed) return { outcome: STOPPED_BY[step.rule], why };
  }
  return { outcome: 'sent', why };
}

/**
 * The rules in the order of {@link Cohort.offer}. A rule is checked only if all rules before it passed, so this is a
 * generator.
 */
function* steps(
  { position }: Pick<EventLog, 'position'>,
  connection: Connection,
  event: HubEvent,
): Generator<Step> {
  const id = event.id ?? START;
  const shard = shardOfCursor(id);
  const upTo = cursorAfter(position, shard);
  yield asked('reached', !isAfter(id, position), `this node has delivered the log up to ${upTo}`);
  const matching = matchingOf(connection, event);
  yield subscribedBy(connection, matching);
  const begun = matching.filter(({ from }) => isAfter(id, from));
  const from = matching.map((heard) => cursorAfter(heard.from, shard)).toSorted(compareCursors)[0] ?? '';
  yield asked('subscribed', begun.length > 0, `from ${from} on`);
  yield grantOf(connection, event);
  yield* contentSteps(connection, new EncodedEvent(event, new Stats()), begun);
  yield queueOf(connection);
}

/** The subscriptions of a connection whose pattern matches. */
export function matchingOf({ subscriptions }: Connection, event: HubEvent): ActiveSubscription[] {
  return [...subscriptions.values()].filter(({ subscription }) => subscription.pattern.matches(event));
}

export function subscribedBy(connection: Connection, matching: readonly ActiveSubscription[]): Step {
  const names = matching.map(({ subscription }) => subscription.name);
  const isSubscribed = names.length > 0;
  return asked(
    'subscribed',
    isSubscribed,
    isSubscribed ? `by ${names.join(' and ')}` : namesOf(connection.subscriptions),
  );
}

export function grantOf({ identity }: Connection, event: HubEvent): Step {
  const { principal, subscribe } = identity;
  return asked('grant', subscribe.permit(event), `${principal} may hear ${subscribe.text}`);
}

/** The rules that look into the event: filters, and what the dialect supports. */
export function* contentSteps(
  { encoding, view }: Connection,
  encoded: EncodedEvent,
  matching: readonly ActiveSubscription[],
): Generator<Step> {
  const seen = encoded.seenBy(view);
  const isAdmitted = matching.some(({ subscription }) => matches(subscription, seen.event));
  const filters = matching.flatMap(({ subscription }) => subscription.filters.map(({ text }) => text));
  yield asked('filter', isAdmitted, filters.length > 0 ? filters.join(' and ') : NO_FILTER);
  const isSupported = seen.text(encoding) !== undefined;
  yield asked(
    'dialect',
    isSupported,
    `${encoding.name} ${isSupported ? 'supports it' : 'does not support it'}`,
  );
}

export function queueOf({ isSlow }: Connection): Step {
  const consumer = isSlow
    ? 'the client is slow: the event may still wait in its queue, or may have been left out'
    : 'the client keeps up';
  return asked('queue', !isSlow, consumer);
}

export const NO_FILTER = 'there is no filter';

export function asked(rule: Step['rule'], passed: boolean, detail: string): Step {
  return { rule, passed, detail };
}

function namesOf(subscriptions: Connection['subscriptions']): string {
  const names = [...subscriptions.keys()].slice(0, 20);
  return names.length === 0 ? 'the connection has no subscription' : `none of ${names.join(' and ')}`;
}
