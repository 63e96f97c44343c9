import { cursorAt } from '../../model/cursor.ts';
import { isPosition, order } from './positions.ts';
import { partsOverlap } from '../../model/pattern-parts.ts';
import type { SlowPolicyName } from '../../model/slow-policies/index.ts';
import type { Filters, ReadPattern } from './match.ts';

/** The part of a listener that a plan needs. */
export interface Member {
  readonly patterns: readonly ReadPattern[];
  readonly filters: Filters | undefined;
  readonly slow: SlowPolicyName;
  /**
   * Whether the hub sends it events: not yet asked to, asked, or does. One that is `behind` wants no more until its
   * reader has taken what waits.
   */
  state: 'new' | 'asked' | 'joined' | 'behind';
  /** The position up to which it was given everything. */
  position: string | undefined;
  /** Where it begins, while it has no position: a cursor or a time. */
  readonly start: string | undefined;
}

/** The request to the hub for several listeners together. */
interface Terms {
  readonly filters: Filters | undefined;
  readonly slow: SlowPolicyName;
  readonly since: string | undefined;
}

/** One command `subscribe`, and the listeners that begin with its answer. */
export interface Group<M> extends Terms {
  readonly patterns: string[];
  readonly members: M[];
}

export interface Plan<M> {
  readonly unsubscribe: readonly string[];
  readonly subscribe: readonly Group<M>[];
  /** What the hub sends afterwards: each pattern, with its filters and its policy as one text. */
  readonly wire: ReadonlyMap<string, string>;
}

/**
 * The commands that the hub needs, given what `wire` says it sends already. After them every listener gets its events
 * in order, and none twice. The hub does not say for which subscription it sends an event, and sends no event twice.
 * So listeners whose patterns overlap share one command. If their filters differ, each listener applies its own. If
 * one of them begins in the past, all of them begin again after the earliest position.
 */
export function planOf<M extends Member>(
  listeners: readonly M[],
  wire: ReadonlyMap<string, string>,
): Plan<M> {
  const wanted = new Map<string, string>();
  const dropped = new Set(wire.keys());
  const groups = new Map<string, Group<M>>();
  for (const component of componentsOf(listeners)) {
    const newcomers = component.filter(({ state }) => state === 'new');
    // Listeners that begin now must know their position before listeners that begin in the past bring older events.
    const isLive = component.some((member) => fromOf(member) === undefined);
    const begins = newcomers.filter((member) => !isLive || fromOf(member) === undefined);
    const isAnew = !isLive && begins.length > 0;
    const members = isAnew ? component : begins;
    const common = commonOf(component);
    const spec = JSON.stringify(common);
    const terms = { ...common, since: isAnew ? earliestOf(component.map(fromOf)) : undefined };
    const asked = new Set(textsOf(members));
    for (const text of textsOf(component.filter((each) => each.state !== 'new' || begins.includes(each)))) {
      wanted.set(text, spec);
      if (!isAnew) dropped.delete(text);
      if (wire.get(text) === spec && !asked.has(text)) continue;
      groupOf(groups, terms, spec).patterns.push(text);
    }
    if (members.length > 0) groupOf(groups, terms, spec).members.push(...members);
  }
  return { unsubscribe: [...dropped], subscribe: [...groups.values()], wire: wanted };
}

/** The position from which a listener goes on or begins. */
export function fromOf({ position, start }: Member): string | undefined {
  return position ?? start;
}

/** A position by which beginnings can be compared. A beginning may also be a time. */
export function orderOf(from: string): string {
  return isPosition(from) ? from : cursorAt(Date.parse(from));
}

/** The beginning before which none of these begins. */
export function earliestOf(starts: readonly (string | undefined)[]): string | undefined {
  const known = starts.filter((from) => from !== undefined);
  if (known.length < 2) return known[0];
  const positions = known.map(orderOf);
  const earliest = positions.reduce(order.earlierOf);
  // A time is given back as it came, since the hub tells it from a position.
  return known[positions.indexOf(earliest)] ?? earliest;
}

function textsOf(members: readonly Member[]): string[] {
  return [...new Set(members.flatMap(({ patterns }) => patterns.map(({ text }) => text)))];
}

function groupOf<M>(groups: Map<string, Group<M>>, terms: Terms, spec: string): Group<M> {
  const key = `${spec}${terms.since}`;
  const found = groups.get(key) ?? { ...terms, patterns: [], members: [] };
  groups.set(key, found);
  return found;
}

/**
 * The filters and the policy of the hub that fit all of these listeners: the common ones, or ones that leave nothing
 * out.
 */
function commonOf(component: readonly Member[]): Pick<Terms, 'filters' | 'slow'> {
  const [{ filters, slow }] = component as [Member];
  const text = JSON.stringify(filters);
  return {
    filters: component.every((other) => JSON.stringify(other.filters) === text) ? filters : undefined,
    slow: component.every((other) => other.slow === slow) ? slow : 'close',
  };
}

/** Groups of listeners, in which the patterns of each overlap with those of another. */
function componentsOf<M extends Member>(listeners: readonly M[]): M[][] {
  let components: M[][] = [];
  for (const listener of listeners) {
    const touching = components.filter((component) => component.some((other) => overlap(listener, other)));
    components = components.filter((component) => !touching.includes(component));
    components.push([...touching.flat(), listener]);
  }
  return components;
}

function overlap(a: Member, b: Member): boolean {
  return a.patterns.some(({ parts }) => b.patterns.some((other) => partsOverlap(parts, other.parts)));
}
