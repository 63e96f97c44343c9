import type { NewEvent } from './event.ts';
import { ExactNumber } from './exact-number.ts';
import { valueOf } from './json.ts';
import { Pattern, type PatternPart } from './pattern.ts';
import { holds } from './pattern-parts.ts';
import { bound } from './bound.ts';

export { REMOVING_ACTIONS } from './removal.ts';

/**
 * A rule for what is retained of the events of a pattern, beside the log and for longer: either a tail, or the latest
 * event.
 */
export interface RetentionRule {
  /** A pattern `type.action.*`; a rule always holds for every key. */
  readonly pattern: string;
  /**
   * How many of the last events of each type, action and key to keep; {@link TAIL_MAX} when only `ttlMs` is given.
   */
  readonly last?: number | undefined;
  /** A tail expires this many milliseconds after its last event. */
  readonly ttlMs?: number | undefined;
  /**
   * Keeps the newest event of each type and key, of any action, until one of {@link REMOVING_ACTIONS} comes. An event
   * for which {@link onlyNames} holds does not replace another.
   */
  readonly latest?: true | undefined;
  /** Latest values that are never evicted, however many others there are. Their writer bounds them. */
  readonly pinned?: true | undefined;
}

export type Keep =
  | { readonly kind: 'tail'; readonly last: number; readonly ttlMs?: number }
  | { readonly kind: 'latest'; readonly isPinned?: true };

interface Rule {
  readonly type: PatternPart;
  readonly action: PatternPart;
  readonly keep: Keep;
}

type Kind = Pick<NewEvent, 'type' | 'action'>;

export const TAIL_MAX = bound('events of one tail', 10_000, 'entries', 'the oldest are forgotten');

const DAY_MS = 24 * 60 * 60_000;

/**
 * The rules that the five existing systems need, for instance the tails and statuses of Mist and the clusters of
 * Dorgu, and what sinks need.
 */
export const DEFAULT_RETENTION: readonly RetentionRule[] = [
  { pattern: 'container.log.*', last: 100, ttlMs: 7 * DAY_MS },
  { pattern: 'container.status.*', last: 1, ttlMs: 30 * DAY_MS },
  { pattern: 'container.stats.*', last: 1, ttlMs: DAY_MS },
  { pattern: 'deployment.status.*', last: 1, ttlMs: DAY_MS },
  { pattern: 'deployment.log.*', last: TAIL_MAX, ttlMs: DAY_MS },
  { pattern: 'system.log.*', last: 100, ttlMs: 7 * DAY_MS },
  { pattern: 'metrics.sample.*', last: 1, ttlMs: DAY_MS },
  { pattern: 'cluster.*.*', latest: true },
  // How far a sink came, which a sink that is away for longer would not find in the log either.
  { pattern: 'sink.cursor.*', last: 1, ttlMs: 30 * DAY_MS },
];

/** What the hub itself relies on. These rules stand before all others, and no setting changes them. */
export const OWN_RETENTION: readonly RetentionRule[] = [
  { pattern: 'interest.*.*', latest: true, pinned: true },
];

/**
 * Whether an event says nothing about its object except which one it is, as Dorgu's server writes `{"name":"prod"}`.
 * Null and an empty object say as little. validate.lua decides the same for callers of the function.
 */
export function onlyNames({ key, object }: Pick<NewEvent, 'key' | 'object'>): boolean {
  const said = valueOf(object);
  if (typeof said !== 'object' || said instanceof ExactNumber) return false;
  return Object.values(said ?? {}).every((value) => value === key);
}

/** The retention rules in their order; the first rule that matches decides. */
export class Retention {
  static readonly none = new Retention([]);

  readonly rules: readonly Rule[];

  /** @throws ProtocolError `pattern_invalid` */
  constructor(rules: readonly RetentionRule[]) {
    this.rules = rules.map((rule) => {
      const [type, action] = Pattern.parse(rule.pattern).parts ?? [[], []];
      return { type, action, keep: keepOf(rule) };
    });
  }

  /** What is kept of events of this type and action; `undefined` when nothing is. */
  of({ type, action }: Kind): Keep | undefined {
    return this.rules.find((rule) => holds(rule.type, type) && holds(rule.action, action))?.keep;
  }

  /** What a query asks for: what is kept of its type and action, or with `*` as action the latest of its type. */
  requested({ type, action }: Kind): Keep | undefined {
    if (action !== '*') return this.of({ type, action });
    return this.kindOf(type) === 'latest' ? { kind: 'latest' } : undefined;
  }

  /**
   * How the latest events of a type are found: `latest` where such a rule applies, else by its tails; `undefined`
   * when no rule applies.
   */
  kindOf(type: string): Keep['kind'] | undefined {
    const kinds = this.rules.filter((rule) => this.#decides(rule, type)).map(({ keep }) => keep.kind);
    return kinds.includes('latest') ? 'latest' : kinds[0];
  }

  /** Whether the rules before this one leave it any event of the type. */
  #decides({ type: types, action: actions, keep }: Rule, type: string): boolean {
    if (!holds(types, type)) return false;
    if (actions !== '*') return actions.some((action) => this.of({ type, action }) === keep);
    return this.rules.find((rule) => rule.action === '*' && holds(rule.type, type))?.keep === keep;
  }
}

function keepOf({ last = TAIL_MAX, ttlMs, latest, pinned }: RetentionRule): Keep {
  if (latest === true) return { kind: 'latest', ...(pinned && { isPinned: true }) };
  return { kind: 'tail', last, ...(ttlMs !== undefined && { ttlMs }) };
}
