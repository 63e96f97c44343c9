/** What was published from this tab. It is kept in the tab, so that it is there after a reload, and ends with it. */
import { useSyncExternalStore } from 'react';

export interface Sent {
  /** The idempotency key. */
  readonly key: string;
  /** When, as RFC 3339. */
  readonly at: string;
  readonly dialect: string;
  /** The events as they were published; absent where they were too long to be kept. */
  readonly text?: string;
  /** What the events are called. */
  readonly titles: readonly string[];
  readonly ids: readonly string[];
}

const NAME = 'belfry-sent';
/** How many publishes are kept, and how many characters and titles of each. */
const KEPT = 50;
const KEPT_CHARACTERS = 20_000;
const KEPT_TITLES = 20;

const listeners = new Set<() => void>();
let sent: readonly Sent[] | undefined;

/** What was published, the newest first. */
export function useSent(): readonly Sent[] {
  return useSyncExternalStore((tell) => {
    listeners.add(tell);
    return () => void listeners.delete(tell);
  }, current);
}

/** Keeps a publish. */
export function keepSent({ text, titles, ...about }: Sent): void {
  const entry: Sent = {
    ...about,
    titles: titles.slice(0, KEPT_TITLES),
    ...(text !== undefined && text.length <= KEPT_CHARACTERS && { text }),
  };
  change([entry, ...current()].slice(0, KEPT));
}

export function forgetSent(): void {
  change([]);
}

function current(): readonly Sent[] {
  return (sent ??= stored());
}

function stored(): readonly Sent[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(NAME) ?? '[]');
    return Array.isArray(found) ? (found as Sent[]) : [];
  } catch {
    return [];
  }
}

function change(next: readonly Sent[]): void {
  sent = next;
  try {
    sessionStorage.setItem(NAME, JSON.stringify(next));
  } catch {
    // The storage of the tab is full, or is turned off. The list is there until the page is loaded again.
  }
  for (const tell of listeners) tell();
}
