import type { HubEvent } from '@belfry/client';
import type { Connection } from './connection.ts';

/** A stretch of time, in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  /** `undefined` while it goes on. */
  readonly to: number | undefined;
}

/** What was true of a principal. What the log does not tell is `unknown`. */
export interface PresenceSpan extends Span {
  readonly state: 'online' | 'offline' | 'unknown';
}

/** How long a connection lived. */
export interface ConnectionSpan extends Span {
  readonly connection: Connection;
}

interface Seen {
  readonly online: boolean;
  readonly since: string | null;
}

/**
 * The presence of a principal from a time on, by its events `presence.*` in their order. What was before the first of them is its
 * opposite, as far back as it says itself. Without any, what is known now has been so since then.
 */
export function presenceSpans(
  events: readonly HubEvent[],
  now: Seen | undefined,
  from: number,
): readonly PresenceSpan[] {
  const changes = events
    .filter(({ type }) => type === 'presence')
    .map(({ action, time }) => ({
      at: Date.parse(time),
      state: action === 'online' ? ('online' as const) : ('offline' as const),
    }))
    .filter(({ at }) => at >= from);
  const spans: PresenceSpan[] = [];
  const [first] = changes;
  if (first === undefined) {
    if (now === undefined) return [{ from, to: undefined, state: 'unknown' }];
    const state = now.online ? 'online' : 'offline';
    const since = now.since === null ? -Infinity : Date.parse(now.since);
    if (since <= from) return [{ from, to: undefined, state }];
    return [
      { from, to: since, state: 'unknown' },
      { from: since, to: undefined, state },
    ];
  }
  if (first.at > from)
    spans.push({ from, to: first.at, state: first.state === 'online' ? 'offline' : 'online' });
  for (const [index, { at, state }] of changes.entries())
    spans.push({ from: at, to: changes[index + 1]?.at, state });
  return spans;
}

/** The connections of a principal, by its events `connections.*` and by those that are open now, the oldest first. */
export function connectionSpans(
  events: readonly HubEvent[],
  open: readonly Connection[],
): readonly ConnectionSpan[] {
  const spans = new Map<string, ConnectionSpan>();
  for (const { type, action, time, object } of events) {
    if (type !== 'connections') continue;
    const connection = object as Connection;
    const to = action === 'delete' ? Date.parse(time) : undefined;
    spans.set(connection.Id, { from: Date.parse(connection.CreateTime), to, connection });
  }
  for (const connection of open) {
    const known = spans.get(connection.Id);
    if (known?.to === undefined)
      spans.set(connection.Id, { from: Date.parse(connection.CreateTime), to: undefined, connection });
  }
  return [...spans.values()].toSorted((a, b) => a.from - b.from);
}

/** The connections that were open at a time. */
export function openAt(spans: readonly ConnectionSpan[], at: number): readonly ConnectionSpan[] {
  return spans.filter(({ from, to }) => from <= at && (to === undefined || to > at));
}

/** Where a span lies in a window of time, in parts of its width. Absent outside of it. */
export function placeOf(
  span: Span,
  begin: number,
  end: number,
): { readonly left: number; readonly width: number } | undefined {
  const from = Math.max(span.from, begin);
  const to = Math.min(span.to ?? end, end);
  if (to < from || to < begin || from > end) return undefined;
  return { left: (from - begin) / (end - begin), width: (to - from) / (end - begin) };
}

/** Round times in a window, at most so many, for the marks under a timeline. */
export function ticksOf(begin: number, end: number, most: number): readonly number[] {
  const STEPS_MIN = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720];
  const step = (STEPS_MIN.find((minutes) => (end - begin) / (minutes * 60_000) <= most) ?? 1_440) * 60_000;
  // Full hours of the viewer's zone, which may be half an hour off.
  const zone = new Date(begin).getTimezoneOffset() * 60_000;
  const first = Math.ceil((begin - zone) / step) * step + zone;
  return Array.from(
    { length: Math.max(0, Math.floor((end - first) / step) + 1) },
    (_, index) => first + index * step,
  );
}
