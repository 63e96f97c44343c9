import type { HubEvent } from '../model/event.ts';
import { passes, type Filter } from '../model/filter.ts';
import type { Cohort } from './cohort.ts';
import type { Cohorts } from './cohorts.ts';
import type { Connection } from './connection.ts';
import { EncodedEvent } from './encoded-event.ts';
import { asked, contentSteps, grantOf, matchingOf, NO_FILTER, queueOf, subscribedBy } from './explain.ts';
import type { Step } from './explain.ts';
import { Stats } from './stats.ts';
import type { ActiveSubscription } from './subscriptions.ts';

/** A connection that would hear an event. */
export interface Hearer {
  readonly connection: string;
  /** Its `ip:port`. */
  readonly address: string;
  readonly principal: string;
  readonly dialect: string;
  /** `queued` while the client is slow; `depends_on_event` where only the topic is known and rules look at the rest. */
  readonly outcome: 'sent' | 'queued' | 'depends_on_event';
  readonly why: readonly Step[];
}

export interface Hearers {
  /** How many would hear it. */
  readonly total: number;
  /** Some of them. */
  readonly hearers: readonly Hearer[];
}

/** The type, action and key of an event, of which nothing else is known. */
export type Topic = Pick<HubEvent, 'type' | 'action' | 'key'>;

export interface AttachedHere {
  readonly connections: Iterable<Connection>;
  readonly cohorts: Pick<Cohorts, 'match'>;
}

/** Who on this node would hear an event, if it came now. At most `limit` of them are named. */
export function hearersOf(here: AttachedHere, event: HubEvent, limit: number): Hearers {
  const encoded = new EncodedEvent(event, new Stats());
  return admitted(here, event, limit, function* (connection, matching) {
    yield* contentSteps(connection, encoded, matching);
  });
}

/** The same for an event of which only the topic is known. Filters on anything else count as if they held. */
export function hearersOfTopic(here: AttachedHere, topic: Topic, limit: number): Hearers {
  const event: HubEvent = { ...topic, time: '', object: null, size: 0 };
  const encoded = new EncodedEvent(event, new Stats());
  return admitted(here, event, limit, function* ({ encoding }, matching) {
    const open = matching.flatMap(({ subscription: { filters } }) => conditionsOf(filters, event) ?? []);
    const isFree = open.some((conditions) => conditions.length === 0);
    const conditions = open.map((each) => each.join(' and ')).join(', or ');
    yield { ...asked('filter', open.length > 0, isFree ? NO_FILTER : conditions), isOpen: !isFree };
    const isSupported = encoded.text(encoding) !== undefined;
    const support = isSupported ? 'supports it' : 'may have no form for it, which depends on the object';
    yield { ...asked('dialect', true, `${encoding.name} ${support}`), isOpen: !isSupported };
  });
}

/** A rule, and whether only the rest of the event decides it. */
type OpenStep = Step & { readonly isOpen?: boolean };
type ContentRules = (connection: Connection, matching: readonly ActiveSubscription[]) => Iterable<OpenStep>;

/** The members of a cohort pass or fail every rule together, so it is asked of one of them. */
function admitted(
  { connections, cohorts }: AttachedHere,
  event: HubEvent,
  limit: number,
  rules: ContentRules,
): Hearers {
  const isAdmitted = new Map<Cohort, boolean | undefined>();
  for (const cohort of cohorts.match(event)) isAdmitted.set(cohort, undefined);
  const hearers: Hearer[] = [];
  let total = 0;
  for (const connection of connections) {
    const { cohort } = connection;
    if (cohort === undefined || !isAdmitted.has(cohort)) continue;
    let isHeard = isAdmitted.get(cohort);
    if (isHeard === undefined || (isHeard && hearers.length < limit)) {
      const steps = stepsOf(connection, event, rules);
      isHeard = steps.every(({ passed }) => passed);
      isAdmitted.set(cohort, isHeard);
      if (isHeard && hearers.length < limit) hearers.push(hearerOf(connection, steps));
    }
    if (isHeard) total++;
  }
  return { total, hearers };
}

function stepsOf(connection: Connection, event: HubEvent, rules: ContentRules): OpenStep[] {
  const matching = matchingOf(connection, event);
  const steps: OpenStep[] = [subscribedBy(connection, matching), grantOf(connection, event)];
  return steps.every(({ passed }) => passed) ? [...steps, ...rules(connection, matching)] : steps;
}

function hearerOf(connection: Connection, steps: readonly OpenStep[]): Hearer {
  const { id, remoteAddr, identity, dialect, isSlow } = connection;
  const isOpen = steps.some((step) => step.isOpen === true);
  const certain = isSlow ? 'queued' : 'sent';
  return {
    connection: id,
    address: remoteAddr,
    principal: identity.principal,
    dialect: dialect.name,
    outcome: isOpen ? 'depends_on_event' : certain,
    why: [...steps.map(({ rule, passed, detail }) => asked(rule, passed, detail)), queueOf(connection)],
  };
}

const TOPIC_FIELDS: ReadonlySet<string> = new Set(['type', 'action', 'key']);

function isDecided({ paths }: Filter): boolean {
  return paths.every(([root = '']) => TOPIC_FIELDS.has(root));
}

/** The filters that the topic does not decide, as texts; `undefined` when it decides against one. */
function conditionsOf(filters: readonly Filter[], event: HubEvent): string[][] | undefined {
  if (filters.some((filter) => isDecided(filter) && !passes(filter, event))) return undefined;
  return [filters.filter((filter) => !isDecided(filter)).map(({ text }) => text)];
}
