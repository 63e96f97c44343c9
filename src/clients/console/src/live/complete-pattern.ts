import { escapeValue } from '../../../../model/exact-pattern.ts';

/** A type and an action that the hub has heard. */
export interface KnownTopic {
  readonly type: string;
  readonly action: string;
  readonly perSecond: number;
  readonly events: number;
}

export interface Completion {
  /** The whole text, with the part completed. */
  readonly text: string;
  /** The part as it is shown. */
  readonly label: string;
  readonly detail: string;
}

const SHOWN_MAX = 50;

/** How the pattern that somebody types may go on: the type, then the action, then a key that was seen. */
export function completePattern(
  text: string,
  topics: readonly KnownTopic[],
  keysOf: (types: readonly string[], actions: readonly string[]) => Iterable<string>,
): Completion[] {
  const [type = '', action, ...key] = text.split('.');
  if (action === undefined)
    return complete(
      text,
      type,
      sumBy(topics, (topic) => topic.type),
      true,
    );
  const types = valuesOf(type);
  const ofType = topics.filter((topic) => isOneOf(types, topic.type));
  if (key.length === 0)
    return complete(
      text,
      action,
      sumBy(ofType, (topic) => topic.action),
      true,
    );
  const keys = [...new Set(keysOf(types, valuesOf(action)))].toSorted((a, b) => (a < b ? -1 : 1));
  return complete(text, key.join('.'), new Map(keys.map((value) => [value, 'seen here'])), false);
}

/** What Enter makes of a text: parts that are absent are any. */
export function wholePattern(text: string): string {
  const parts = text.trim().split('.');
  if (parts.length > 2) return text.trim();
  return [...parts, '*', '*']
    .slice(0, 3)
    .map((part) => (part === '' ? '*' : part))
    .join('.');
}

function complete(
  text: string,
  part: string,
  values: ReadonlyMap<string, string>,
  hasMore: boolean,
): Completion[] {
  const comma = part.lastIndexOf(',') + 1;
  const typed = part.slice(comma).toLowerCase();
  const before = text.slice(0, text.length - (part.length - comma));
  const found = [...values].filter(([value]) => escapeValue(value).toLowerCase().includes(typed));
  const ranked = found.toSorted(([a], [b]) => rank(a, typed) - rank(b, typed)).slice(0, SHOWN_MAX);
  const any: [string, string][] = part === '' || part === '*' ? [['*', 'any']] : [];
  const end = hasMore ? '.' : '';
  return [...any, ...ranked].map(([value, detail]) => ({
    text: `${before}${value === '*' && detail === 'any' ? '*' : escapeValue(value)}${end}`,
    label: value,
    detail,
  }));
}

/** What begins with the typed text comes before what only has it somewhere. */
function rank(value: string, typed: string): number {
  return value.toLowerCase().startsWith(typed) ? 0 : 1;
}

function valuesOf(part: string): string[] {
  return part.split(',').map((value) => value.trim());
}

function isOneOf(values: readonly string[], value: string): boolean {
  return values.includes('*') || values.includes(escapeValue(value));
}

/** The values of a part, those with most events first. */
function sumBy(topics: readonly KnownTopic[], part: (topic: KnownTopic) => string): Map<string, string> {
  const sums = new Map<string, { perSecond: number; events: number }>();
  for (const topic of topics) {
    const sum = sums.get(part(topic)) ?? { perSecond: 0, events: 0 };
    sums.set(part(topic), {
      perSecond: sum.perSecond + topic.perSecond,
      events: sum.events + topic.events,
    });
  }
  const ordered = [...sums].toSorted(([, a], [, b]) => b.events - a.events);
  return new Map(ordered.map(([value, { perSecond }]) => [value, rateText(perSecond)]));
}

function rateText(perSecond: number): string {
  if (perSecond === 0) return 'quiet';
  return perSecond < 1 ? `${(perSecond * 60).toFixed(1)}/min` : `${perSecond.toFixed(0)}/s`;
}
