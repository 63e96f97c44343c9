import type { Subscription } from '../dialects/dialect.ts';
import type { HubEvent } from '../model/event.ts';
import type { Pattern, PatternPart } from '../model/pattern.ts';
import type { Cohort } from './cohort.ts';

/** Stands for the wildcard `*`, and differs from the value `*` that a pattern can name as `\3`. */
const ANY = Symbol('*');
type Value = string | typeof ANY;

/**
 * Each cohort that names a topic, and how many of its patterns do. A cohort that names it alone, and once, stands here by
 * itself: where each client waits for a topic of its own, the maps would be the largest part of the router.
 */
type Cohorts = Cohort | Map<Cohort, number>;
type Keys = Map<Value, Cohorts>;
type Actions = Map<Value, Keys>;

/**
 * Finds the cohorts that an event concerns. It looks up the eight generalisations of its type, action and key, so the
 * cost does not depend on how many topics there are. Comma lists are expanded when a cohort is added.
 */
export class Router {
  readonly #types = new Map<Value, Actions>();
  readonly #found: Cohort[] = [];
  #turn = 0;

  add(cohort: Cohort, subscriptions: readonly Subscription[] = cohort.subscriptions): void {
    for (const { pattern } of subscriptions)
      eachTopic(pattern, (type, action, key) => this.#addTopic(cohort, type, action, key));
  }

  /** Removes subscriptions that were added for a cohort. By default these are all of them. */
  remove(cohort: Cohort, subscriptions: readonly Subscription[] = cohort.subscriptions): void {
    for (const { pattern } of subscriptions)
      eachTopic(pattern, (type, action, key) => this.#removeTopic(cohort, type, action, key));
  }

  /** Returns each cohort once, however many of its patterns match. The list is valid until the next call. */
  match(event: HubEvent): readonly Cohort[] {
    this.#turn++;
    this.#found.length = 0;
    this.#matchType(event.type, event);
    this.#matchType(ANY, event);
    return this.#found;
  }

  #matchType(type: Value, event: HubEvent): void {
    const actions = this.#types.get(type);
    if (actions === undefined) return;
    this.#matchAction(actions.get(event.action), event.key);
    this.#matchAction(actions.get(ANY), event.key);
  }

  #matchAction(keys: Keys | undefined, key: string): void {
    if (keys === undefined) return;
    this.#collect(keys.get(key));
    this.#collect(keys.get(ANY));
  }

  #collect(cohorts: Cohorts | undefined): void {
    if (cohorts === undefined) return;
    if (cohorts instanceof Map) for (const cohort of cohorts.keys()) this.#find(cohort);
    else this.#find(cohorts);
  }

  #find(cohort: Cohort): void {
    if (cohort.matchedIn === this.#turn || cohort.members.size === 0) return;
    cohort.matchedIn = this.#turn;
    this.#found.push(cohort);
  }

  #addTopic(cohort: Cohort, type: Value, action: Value, key: Value): void {
    const keys = entry(entry(this.#types, type, newMap<Keys>), action, newMap<Cohorts>);
    keys.set(key, withOne(keys.get(key), cohort));
  }

  #removeTopic(cohort: Cohort, type: Value, action: Value, key: Value): void {
    const actions = this.#types.get(type);
    const keys = actions?.get(action);
    const cohorts = withoutOne(keys?.get(key), cohort);
    if (cohorts === undefined) keys?.delete(key);
    else keys?.set(key, cohorts);
    if (keys?.size === 0) actions?.delete(action);
    if (actions?.size === 0) this.#types.delete(type);
  }
}

function eachTopic({ parts }: Pattern, run: (type: Value, action: Value, key: Value) => void): void {
  if (parts === undefined) return;
  const keys = valuesOf(parts[2]);
  for (const type of valuesOf(parts[0]))
    for (const action of valuesOf(parts[1])) for (const key of keys) run(type, action, key);
}

const ANY_VALUE: readonly Value[] = [ANY];

function valuesOf(part: PatternPart): readonly Value[] {
  return part === '*' ? ANY_VALUE : part;
}

function withOne(cohorts: Cohorts | undefined, cohort: Cohort): Cohorts {
  if (cohorts === undefined) return cohort;
  const all = cohorts instanceof Map ? cohorts : new Map([[cohorts, 1]]);
  return all.set(cohort, (all.get(cohort) ?? 0) + 1);
}

function withoutOne(cohorts: Cohorts | undefined, cohort: Cohort): Cohorts | undefined {
  if (!(cohorts instanceof Map)) return cohorts === cohort ? undefined : cohorts;
  const left = (cohorts.get(cohort) ?? 1) - 1;
  if (left === 0) cohorts.delete(cohort);
  else cohorts.set(cohort, left);
  return cohorts.size === 0 ? undefined : cohorts;
}

function entry<Key, Entry>(map: Map<Key, Entry>, key: Key, make: () => Entry): Entry {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = make()));
  return found;
}

function newMap<Entry>(): Map<Value, Entry> {
  return new Map();
}
