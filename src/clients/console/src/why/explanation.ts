/** One rule on the way of an event to a connection, and what it decided, as `GET /api/v3/explain` answers. */
export interface Step {
  readonly rule: 'reached' | 'subscribed' | 'grant' | 'filter' | 'dialect' | 'queue';
  readonly passed: boolean;
  readonly detail: string;
}

export type Outcome =
  'sent' | 'queued' | 'not_reached' | 'not_subscribed' | 'not_permitted' | 'filtered' | 'unsupported';

/** Why a connection heard an event, or did not. */
export interface Explanation {
  readonly event: string;
  readonly topic: string;
  readonly connection: string;
  readonly node: string;
  readonly outcome: Outcome;
  /** The rules in their order, up to the one that stopped the event. */
  readonly why: readonly Step[];
}

/** A connection that would hear an event. */
export interface Hearer {
  readonly connection: string;
  readonly address: string;
  readonly principal: string;
  readonly dialect: string;
  readonly node: string;
  readonly outcome: 'sent' | 'queued' | 'depends_on_event';
  readonly why: readonly Step[];
}

/** Who would hear an event, on all nodes. */
export interface WhoHears {
  readonly topic: string;
  readonly total: number;
  readonly connections: readonly Hearer[];
  /** The nodes that did not answer. */
  readonly silent: readonly string[];
}

/** An event of the log, as far as the screen looks at it. */
export interface LoggedEvent {
  readonly id: string;
  readonly time: string;
  readonly type: string;
  readonly action: string;
  readonly key: string;
  readonly principal?: string;
  readonly object: unknown;
}

export function topicOf({ type, action, key }: Pick<LoggedEvent, 'type' | 'action' | 'key'>): string {
  return `${type}.${action}.${key}`;
}
