import { bound } from './bound.ts';
import { RESERVED_TYPES } from './event.ts';
import { escapeValue, Pattern, type PatternPart, type PatternParts } from './pattern.ts';
import type { Grants } from './principal.ts';

const TOPIC_LENGTH_MAX = bound(
  'a topic of which the hub tells that somebody listens to it',
  500,
  'characters',
  'it is not told',
);

/** Says of which topics the hub tells that somebody listens to them. */
export interface InterestRule {
  /** A pattern `type.action.key`. */
  readonly pattern: string;
  /**
   * Whether a subscription that names no single topic of the rule counts. It is then told as a pattern. Otherwise such
   * subscriptions are ignored, so that somebody who looks at everything does not demand everything.
   */
  readonly wildcards?: boolean;
}

/** For how long interest is held after the last listener has gone, so that a page that is loaded again ends nothing. */
export const INTEREST_HOLD_MS = 30_000;

/** What a source need not read while nobody looks: the logs and samples that Mist's sockets show. */
export const DEFAULT_INTEREST: readonly InterestRule[] = [
  { pattern: 'container.log,stats.*' },
  { pattern: 'metrics.sample.*' },
  { pattern: 'system.log.*' },
];

interface Rule {
  readonly parts: PatternParts;
  readonly countsWildcards: boolean;
}

const NONE: readonly string[] = [];

/** The rules for interest: which topics of a subscription are told. */
export class InterestRules {
  static readonly none = new InterestRules([]);

  readonly #rules: readonly Rule[];
  /** The types that the rules name; `undefined` when a rule is for every type. */
  readonly #types: ReadonlySet<string> | undefined;

  /** @throws ProtocolError `pattern_invalid` */
  constructor(rules: readonly InterestRule[]) {
    this.#rules = rules.flatMap(({ pattern, wildcards = false }) => {
      const { parts } = Pattern.parse(pattern);
      return parts === undefined ? [] : [{ parts, countsWildcards: wildcards }];
    });
    const types = new Set(this.#rules.flatMap(({ parts: [type] }) => type));
    this.#types = types.has('*') ? undefined : types;
  }

  /**
   * The topics that somebody with these grants listens to by this pattern, each once, as patterns of one topic:
   * `container.log.42`. The keys of wildcards that count are `*`.
   */
  topicsOf({ parts }: Pick<Pattern, 'parts'>, grants: Pick<Grants, 'patterns'>): readonly string[] {
    if (parts === undefined || !this.#mayConcern(parts[0])) return NONE;
    const topics = new Set<string>();
    for (const rule of this.#rules) {
      const asked = commonParts(rule.parts, parts);
      if (asked === undefined || (asked.includes('*') && !rule.countsWildcards)) continue;
      for (const grant of grants.patterns) {
        const heard = grant.parts && commonParts(asked, grant.parts);
        if (heard !== undefined) addTopics(heard, topics);
      }
    }
    return topics.size === 0 ? NONE : [...topics];
  }

  /** Nearly all subscriptions name a type that no rule names, and end here. */
  #mayConcern(type: PatternPart): boolean {
    const types = this.#types;
    return types === undefined || type === '*' || type.some((value) => types.has(value));
  }
}

/** What both patterns match; `undefined` when that is nothing. */
function commonParts(a: PatternParts, b: PatternParts): PatternParts | undefined {
  const [type, action, key] = [common(a[0], b[0]), common(a[1], b[1]), common(a[2], b[2])];
  return type.length === 0 || action.length === 0 || key.length === 0 ? undefined : [type, action, key];
}

function common(a: PatternPart, b: PatternPart): PatternPart {
  if (a === '*') return b;
  return b === '*' ? a : a.filter((value) => b.includes(value));
}

function addTopics([types, actions, keys]: PatternParts, topics: Set<string>): void {
  for (const type of types) {
    // The hub's own events need nobody who publishes them.
    if (types !== '*' && RESERVED_TYPES.includes(type)) continue;
    for (const action of actions)
      for (const key of keys) {
        const topic = `${partOf(types, type)}.${partOf(actions, action)}.${keyOf(keys, key)}`;
        if (topic.length <= TOPIC_LENGTH_MAX) topics.add(topic);
      }
  }
}

function partOf(part: PatternPart, value: string): string {
  return part === '*' ? '*' : escapeValue(value);
}

/** In the last part of a pattern a dot needs no escaping. */
function keyOf(part: PatternPart, value: string): string {
  return part === '*' ? '*' : value.replaceAll(',', '\\2').replaceAll('*', '\\3');
}
