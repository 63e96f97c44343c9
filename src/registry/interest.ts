import { bound } from '../model/bound.ts';
import type { QuotaRates } from './log-quota.ts';

/**
 * The most topics of which interest is told at a time, of all nodes together. With the hold, this also bounds how many
 * events about interest there can be in a time.
 */
export const INTEREST_TOPICS_MAX = bound(
  'topics of which the hub tells that somebody listens to them',
  10_000,
  'entries',
  'a topic more is told once another one has ended',
);

/** What the nodes of a hub have in common about interest. */
export interface InterestLimits {
  readonly holdMs: number;
  readonly maxTopics: number;
  /** The share of the log for interest. Each topic that begins takes room for its end as well. */
  readonly quota: QuotaRates;
}

/** What a node counts about interest. */
export interface InterestStats {
  /** Topics that somebody on this node listens to. */
  readonly topics: number;
  /** How many of them are not told yet, since Redis is away, or since there is no room for them. */
  readonly untold: number;
  /** Events that this node has told since it started. */
  readonly begun: number;
  readonly ended: number;
}

/**
 * The seam by which nodes bring together what their clients listen to. When somebody begins to listen to a topic, and
 * nobody on any node did, `interest.begin.<topic>` is told once. When nobody on any node has listened to it for the
 * time of the hold, `interest.end.<topic>` is told once. Both enter the log. While it is uncertain whether somebody
 * listens, nothing is told.
 */
export interface Interest {
  /** Says whether somebody on this node listens to a topic, written as a pattern `type.action.key`. */
  set(topic: string, isHeard: boolean): void;
  readonly stats: InterestStats;
}

/** The JSON of the object of an event about interest: the parts of the topic, `null` for any value. */
export function interestObject(topic: string): Readonly<Record<'type' | 'action' | 'key', string | null>> {
  const [, type = '', action = '', key = ''] = /^([^.]*)\.([^.]*)\.(.*)$/s.exec(topic) ?? [];
  return { type: valueOf(type), action: valueOf(action), key: valueOf(key) };
}

const ESCAPED: Readonly<Record<string, string>> = { 1: '.', 2: ',', 3: '*' };

function valueOf(part: string): string | null {
  return part === '*' ? null : part.replaceAll(/\\([123])/g, (_, digit: string) => ESCAPED[digit] ?? '');
}
