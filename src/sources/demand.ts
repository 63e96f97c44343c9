import type { Session } from '../clients/cli/session.ts';
import { HubError } from '../clients/sdk/errors.ts';
import type { HubEvent } from '../clients/sdk/item.ts';
import { readPattern } from '../clients/sdk/match.ts';
import type { Values } from '../clients/sdk/values.ts';
import { delayMs } from '../clients/sdk/backoff.ts';
import { partsMatch, type PatternParts } from '../model/pattern-parts.ts';
import { isPassing } from './hub-fault.ts';
import type { Demand, SourceContext, Wanted } from './source.ts';

/** The type of the events by which the hub tells what somebody listens to. Their key is the topic, written as a pattern. */
const INTEREST = 'interest';
const PART = 'interest';

type Topic = Parameters<Demand['watch']>[0];
type Follower = Parameters<Demand['follow']>[1];

interface Interest {
  readonly parts: PatternParts;
  readonly since: Date;
}

interface Watch {
  readonly topic: Topic;
  readonly told: Wanted;
  /** Which interests match the topic, by their keys. */
  readonly by: Set<string>;
}

interface Following {
  readonly kind: Omit<Topic, 'key'>;
  readonly told: Follower;
}

export interface InterestDemandOptions extends Pick<SourceContext, 'clock' | 'health' | 'note' | 'signal'> {
  readonly session: { readonly hub: Pick<Session['hub'], 'list'> };
  readonly random: () => number;
}

/** What the hub says that somebody listens to. It is asked only once something is watched. */
export class InterestDemand implements Demand {
  readonly #options: InterestDemandOptions;
  /** By their keys: topics as they are written in patterns. */
  readonly #interests = new Map<string, Interest>();
  readonly #watches = new Map<string, Set<Watch>>();
  readonly #followings = new Set<Following>();
  #isListening = false;

  constructor(options: InterestDemandOptions) {
    this.#options = options;
  }

  /** How many topics somebody listens to, of those that are watched. */
  get wanted(): number {
    let wanted = 0;
    for (const watches of this.#watches.values()) for (const { by } of watches) if (by.size > 0) wanted++;
    return wanted;
  }

  watch(topic: Topic, told: Wanted): () => void {
    void this.#listen();
    const name = nameOf(topic);
    const watch: Watch = { topic, told, by: new Set() };
    const watches = this.#watches.get(name) ?? new Set();
    this.#watches.set(name, watches.add(watch));
    for (const [key, interest] of this.#interests)
      if (partsMatch(interest.parts, topic)) begin(watch, key, interest);
    return () => {
      watches.delete(watch);
      if (watches.size === 0) this.#watches.delete(name);
    };
  }

  follow(kind: Omit<Topic, 'key'>, told: Follower): () => void {
    void this.#listen();
    const following: Following = { kind, told };
    this.#followings.add(following);
    for (const { parts, since } of this.#interests.values())
      for (const key of keysOf(parts, kind)) told.begin(key, since);
    return () => void this.#followings.delete(following);
  }

  async #listen(): Promise<void> {
    if (this.#isListening) return;
    this.#isListening = true;
    const { session, signal, clock, random, health, note } = this.#options;
    health.behind(PART, 'The hub has not said yet what somebody listens to.');
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        for await (const values of session.hub.list(INTEREST, { signal })) {
          attempt = 0;
          this.#changed(values);
          health.caughtUp(PART);
        }
      } catch (error) {
        if (signal.aborted) return;
        const why = `The hub does not say what somebody listens to: ${(error as Error).message.replace(/[^.]$/, '$&.')}`;
        health.behind(PART, why);
        if (!isPassing(error))
          return note(`${why} Nothing is published but with --always.${permission(error)}`);
        await new Promise<void>((resolve) => {
          const cancel = clock.after(delayMs('backoff', attempt, random), resolve);
          signal.addEventListener('abort', () => (cancel(), resolve()), { once: true });
        });
      }
    }
  }

  #changed({ values, change }: Values): void {
    if (change !== undefined) {
      if (values.has(change.key)) this.#begin(change);
      else this.#end(change.key);
      return;
    }
    for (const event of values.values()) this.#begin(event);
    for (const key of this.#interests.keys()) if (!values.has(key)) this.#end(key);
  }

  #begin({ key, action, time }: HubEvent): void {
    if (action !== 'begin') return this.#end(key);
    if (this.#interests.has(key)) return;
    const interest: Interest = { parts: readPattern(key).parts, since: new Date(time) };
    this.#interests.set(key, interest);
    for (const watch of this.#matching(interest.parts)) begin(watch, key, interest);
    for (const { kind, told } of this.#followings)
      for (const each of keysOf(interest.parts, kind)) told.begin(each, interest.since);
  }

  #end(key: string): void {
    const interest = this.#interests.get(key);
    if (interest === undefined) return;
    this.#interests.delete(key);
    for (const { by, told } of this.#matching(interest.parts))
      if (by.delete(key) && by.size === 0) told.end();
    for (const { kind, told } of this.#followings)
      for (const each of keysOf(interest.parts, kind)) told.end(each);
  }

  /** An interest in one topic is looked up; one with a wildcard is compared with all that is watched. */
  #matching(parts: PatternParts): readonly Watch[] {
    const [[type, ...types], [action, ...actions], [key, ...keys]] = parts;
    const isOne = !parts.includes('*') && types.length + actions.length + keys.length === 0;
    if (isOne) return [...(this.#watches.get(nameOf({ type, action, key } as Topic)) ?? [])];
    return [...this.#watches.values()]
      .flatMap((watches) => [...watches])
      .filter(({ topic }) => partsMatch(parts, topic));
  }
}

/** Everything counts as wanted, whoever listens, and since ever: what was missed while the source was away is wanted too. */
export class AlwaysWanted implements Demand {
  watch(_topic: Topic, told: Wanted): () => void {
    told.begin(new Date(0));
    return () => undefined;
  }

  follow(): () => void {
    return () => undefined;
  }
}

function begin({ told, by }: Watch, key: string, { since }: Interest): void {
  by.add(key);
  if (by.size === 1) told.begin(since);
}

function nameOf({ type, action, key }: Topic): string {
  return JSON.stringify([type, action, key]);
}

/** The keys that an interest names of one kind of topic; none where it has a wildcard for them. */
function keysOf(
  [types, actions, keys]: PatternParts,
  { type, action }: Omit<Topic, 'key'>,
): readonly string[] {
  if (keys === '*' || !partsMatch([types, actions, '*'], { type, action, key: '' })) return [];
  return keys;
}

function permission(error: unknown): string {
  if (error instanceof HubError && error.code === 'not_found')
    return ' Expected a hub that tells "interest" events.';
  return ' Expected a token that permits to receive interest.*.*.';
}
